"""An installation with one project and its catalog, over real SQLite."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from penstock.features.access import Principal, Role
from penstock.features.catalog.assembly import Catalog, open_references
from penstock.features.context import Context
from penstock.features.identity.assembly import Identity
from penstock.features.identity.audit_log import AuditEvent
from penstock.infra.egress.client import Egress
from penstock.infra.registry import Registry
from penstock.infra.sql import Database
from penstock.kernel.time import SystemClock
from penstock.plugins.providers.vendors import VENDORS
from penstock.spi.chat import ChatProvider
from tests.stores import migrated_sqlite

MASTER_KEY = bytes(range(32))
SECRET = "sk-canary-0123456789-wxyz"


@dataclass
class World:
    """A fresh installation with its first project."""

    home: Path
    database: Database
    identity: Identity
    catalog: Catalog
    project_id: str
    admin: Principal  # of the project
    root: Principal  # of the instance

    def events(self) -> list[AuditEvent]:
        """The audit events of catalog, routes, limits and guardrails, oldest first."""
        found = self.identity.audit_reader.list_page(self.project_id, None, 100)
        own = ("provider.", "price.", "route.", "limit.", "guardrail.")
        return [event for event in reversed(found) if event.action.startswith(own)]

    def stored_bytes(self) -> bytes:
        """Everything that the store has on disk."""
        return b"".join(path.read_bytes() for path in self.home.glob("penstock.db*"))


def open_world(
    home: Path,
    changed: Callable[[], None] = lambda: None,
    variables: Mapping[str, str] | None = None,
    url: str = "",
) -> World:
    """The installation in `home`, made if it is empty."""
    database = Database(url or migrated_sqlite(home / "penstock.db"))
    clock = SystemClock()
    identity = Identity(
        home,
        database,
        MASTER_KEY,
        clock=clock,
        random_bytes=os.urandom,
        changed=changed,
        password_cost=2,
    )
    identity.bootstrap.ensure()
    project_id = identity.access_sections()[0].project_id
    kinds: Registry[ChatProvider] = Registry("penstock.providers")
    context = Context(database, identity.audit_log, clock, os.urandom)
    egress = Egress()
    references = open_references(
        context,
        egress,
        lambda name: (variables or {}).get(name, ""),
        home=home,
        master_key=MASTER_KEY,
        changed=changed,
    )
    catalog = Catalog(context, kinds, VENDORS, egress, master_key=MASTER_KEY, references=references)
    admin = Principal("user", "usr_1", "ann@example.org", {project_id: Role.ADMIN})
    root = Principal("user", "usr_2", "root@example.org", {}, instance_admin=True)
    return World(home, database, identity, catalog, project_id, admin, root)
