"""What the catalog needs from other parts, as protocols."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from penstock.features.identity.model import Principal
from penstock.infra.sql import Database, Transaction
from penstock.kernel.ids import new_id
from penstock.kernel.time import Clock
from penstock.spi.chat import ChatProvider


class AuditLogPort(Protocol):
    """Appends audit events in the caller's transaction."""

    def append(
        self,
        tx: Transaction,
        actor: Principal,
        project_id: str,
        action: str,
        subject: str,
        *,
        before: Mapping[str, object] | None = None,
        after: Mapping[str, object] | None = None,
    ) -> object: ...


class Kinds(Protocol):
    """The provider plugins, by kind."""

    def get(self, kind: str) -> ChatProvider: ...

    def names(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Context:
    """The effects that services need, as one argument. `random_bytes(n)` returns n bytes."""

    database: Database
    audit_log: AuditLogPort
    clock: Clock
    random_bytes: Callable[[int], bytes]

    def now_ms(self) -> int:
        """Returns the time in Unix milliseconds."""
        return self.clock.now_ns() // 1_000_000

    def new_id(self, prefix: str) -> str:
        """Returns a new id with the current time."""
        return new_id(prefix, self.now_ms(), self.random_bytes(10))
