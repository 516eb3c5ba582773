"""Creates the first project, admin and keys, and resets the admin's credentials.

`HOME/bootstrap.json` (0600) stores these credentials for the command line; it may be deleted.
"""

from pathlib import Path
from typing import Final

import msgspec

from penstock.features.access import Principal, Role
from penstock.features.context import Context
from penstock.features.identity.model import Member, Project, User
from penstock.features.identity.passwords import Passwords
from penstock.features.identity.service.keys import KeyService, NewKey
from penstock.features.identity.store import projects, sessions, users
from penstock.infra.crypto import write_private
from penstock.infra.home import Home
from penstock.infra.sql import Database, Transaction
from penstock.kernel.errors import SetupError
from penstock.rules.snapshot.access import ProjectPolicy

PROJECT_NAME: Final = "default"
ADMIN_EMAIL: Final = "admin@localhost"
SYSTEM: Final = Principal("system", "bootstrap", "bootstrap", {}, instance_admin=True)
RESET: Final = Principal("system", "admin_reset", "penstock admin reset", {}, instance_admin=True)


class BootstrapFile(msgspec.Struct, frozen=True):
    """The content of `bootstrap.json`. `gateway_key` may only call models; `api_key` has the
    permissions of an instance admin, for the command line."""

    admin_email: str
    admin_password: str
    gateway_key: str
    api_key: str


class _Kept(msgspec.Struct, frozen=True):
    """The part of the file that a reset keeps."""

    gateway_key: str


def has_started(database: Database) -> bool:
    """Returns whether the first project and admin exist in this database."""
    with database.read() as connection:
        return users.first_instance_admin(connection) is not None


class Bootstrap:
    """Creates the first project, admin and keys in an empty database."""

    def __init__(
        self, context: Context, keys: KeyService, passwords: Passwords, home: Path
    ) -> None:
        self._context = context
        self._keys = keys
        self._passwords = passwords
        self._file = Home(home).bootstrap

    def ensure(self) -> bool:
        """Creates project, admin and keys unless an instance admin exists. Returns whether it
        created them."""
        if has_started(self._context.database):
            return False
        password = self._passwords.generate()
        password_hash = self._passwords.hash(password)
        with self._context.database.write() as tx:
            project = self._add_project(tx)
            self._add_admin(tx, project, password_hash)
            self._issue_keys(tx, SYSTEM, project, ADMIN_EMAIL, password)
        return True

    def reset_admin(self) -> BootstrapFile:
        """Sets a new password and `api_key` for the first admin. Ends the admin's sessions and
        revokes the keys of instance admins; all other keys stay, including the `gateway_key`.

        Raises `SetupError` before the first start.
        """
        password = self._passwords.generate()
        password_hash = self._passwords.hash(password)
        with self._context.database.write() as tx:
            admin = users.first_instance_admin(tx.connection)
            project = next(iter(projects.list_all(tx.connection)), None)
            if admin is None or project is None:
                raise SetupError("There is no admin yet.", hint="Start with `penstock up`.")
            users.set_password(tx.connection, admin.id, password_hash)
            sessions.remove_all_of(tx.connection, admin.id)
            self._context.audit_log.append(tx, RESET, "", "user.reset_password", admin.id)
            self._keys.revoke_instance_keys_in(tx, RESET)
            return self._issue_keys(tx, RESET, project, admin.email, password)

    def _add_project(self, tx: Transaction) -> Project:
        project = Project(
            self._context.new_id("prj"), PROJECT_NAME, ProjectPolicy(), self._context.now_ms()
        )
        projects.add(tx.connection, project)
        self._context.audit_log.append(
            tx, SYSTEM, project.id, "project.create", project.id, after=project.audit_fields()
        )
        return project

    def _add_admin(self, tx: Transaction, project: Project, password_hash: str) -> None:
        now_ms = self._context.now_ms()
        user = User(
            self._context.new_id("usr"), ADMIN_EMAIL, instance_admin=True, created_ms=now_ms
        )
        member = Member(project.id, user.id, user.email, Role.OWNER, now_ms)
        users.add_user(tx.connection, user, password_hash)
        users.add_member(tx.connection, member)
        audit_log = self._context.audit_log
        audit_log.append(tx, SYSTEM, "", "user.create", user.id, after={"email": user.email})
        audit_log.append(tx, SYSTEM, project.id, "member.add", user.id, after=member.audit_fields())

    def _issue_keys(
        self, tx: Transaction, actor: Principal, project: Project, email: str, password: str
    ) -> BootstrapFile:
        """Creates the keys and writes the file before the commit: otherwise a crash could leave
        stored keys whose secrets are lost."""
        wanted = NewKey("bootstrap", Role.ADMIN, instance_admin=True)
        new = self._keys.create_in(tx, actor, project.id, wanted)
        gateway_key = self._kept_gateway_key()
        if not gateway_key:
            first = NewKey("first application")
            gateway_key = self._keys.create_in(tx, actor, project.id, first).secret
        content = BootstrapFile(email, password, gateway_key, new.secret)
        write_private(self._file, msgspec.json.format(msgspec.json.encode(content)) + b"\n")
        return content

    def _kept_gateway_key(self) -> str:
        """Returns the key in the file; empty without a file or in a file of an older version."""
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=_Kept).gateway_key
        except (FileNotFoundError, msgspec.DecodeError):
            return ""
