"""The objects that all services use: database, audit log, clock, random source."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from penstock.features.access import Principal
from penstock.infra.sql import Database, Transaction
from penstock.kernel.ids import new_id
from penstock.kernel.time import Clock


class AuditPort(Protocol):
    """Appends audit events."""

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
    ) -> object:
        """Writes an event in the caller's transaction. `project_id` is empty for the instance."""
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """The effects that services need, as one argument. `random_bytes(n)` returns n bytes."""

    database: Database
    audit_log: AuditPort
    clock: Clock
    random_bytes: Callable[[int], bytes]

    def now_ms(self) -> int:
        """Returns the time in Unix milliseconds."""
        return self.clock.now_ns() // 1_000_000

    def new_id(self, prefix: str) -> str:
        """Returns a new id with the current time."""
        return new_id(prefix, self.clock.now_ns(), self.random_bytes(10))
