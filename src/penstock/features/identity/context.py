"""The context of the use cases: database, audit log, clock, random source."""

from collections.abc import Callable
from dataclasses import dataclass

from penstock.features.identity.audit_log import AuditLog
from penstock.infra.sql import Database
from penstock.kernel.ids import new_id
from penstock.kernel.time import Clock


@dataclass(frozen=True, slots=True)
class Context:
    """The effects that services need, as one argument. `random_bytes(n)` returns n bytes."""

    database: Database
    audit_log: AuditLog
    clock: Clock
    random_bytes: Callable[[int], bytes]

    def now_ms(self) -> int:
        """Returns the time in Unix milliseconds."""
        return self.clock.now_ns() // 1_000_000

    def new_id(self, prefix: str) -> str:
        """Returns a new id with the current time."""
        return new_id(prefix, self.now_ms(), self.random_bytes(10))
