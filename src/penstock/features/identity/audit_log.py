"""Writes the audit log: every mutation appends one event to its project's hash chain, in the same
transaction. Project `""` is the chain of the instance. `audit_reader` verifies the chains.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import msgspec
from sqlalchemy import Connection, RowMapping, insert, select, update

from penstock.features.access import Principal
from penstock.features.identity.store.tables import AUDIT_EVENTS, AUDIT_HEADS
from penstock.infra.crypto import keyed_digest
from penstock.infra.sql import Transaction
from penstock.kernel.digests import canonical_json, content_hash
from penstock.kernel.ids import new_id
from penstock.kernel.time import Clock, rfc3339

GENESIS: Final = "0" * 64  # `previous` of the first event of a chain


class AuditEvent(msgspec.Struct, frozen=True):
    """One change: actor, action, subject, time, and the state before and after (JSON or `None`).

    `previous` is the hash of the preceding event, `hash` covers all fields above it, `seal` is a
    keyed digest of the hash, which cannot be forged without the master key.
    """

    project_id: str
    sequence: int
    id: str
    at: str
    actor_kind: str
    actor_id: str
    actor_label: str
    action: str
    subject: str
    before: Any
    after: Any
    previous: str
    hash: str = ""
    seal: str = ""

    def computed_hash(self) -> str:
        """Returns the SHA-256 of the canonical JSON of all fields except `hash` and `seal`."""
        fields = msgspec.structs.asdict(self)
        del fields["hash"], fields["seal"]
        return content_hash(fields)


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The last event of a chain; sequence 0 if the chain is empty."""

    sequence: int = 0
    hash: str = GENESIS


class AuditCheckpoint(Protocol):
    """Keeps the last event of each chain outside the database."""

    def advance(self, project_id: str, head: ChainHead) -> None:
        """Stores the new head of a project's chain. Ignores a head older than the stored one."""
        ...


class AuditLog:
    """Appends events. `seal_key` is derived from the master key; `changed` runs after each commit
    that wrote an event, in the thread that wrote it."""

    def __init__(
        self,
        clock: Clock,
        random_bytes: Callable[[int], bytes],
        seal_key: bytes,
        checkpoint: AuditCheckpoint,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._clock = clock
        self._random_bytes = random_bytes
        self._seal_key = seal_key
        self._checkpoint = checkpoint
        self._changed = changed

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
    ) -> AuditEvent:
        """Writes an event in the caller's transaction. `action` is `noun.verb`, `subject` an id or
        name. `before` and `after` must not contain secrets or digests."""
        previous = _lock_head(tx.connection, project_id)
        now_ns = self._clock.now_ns()
        event = AuditEvent(
            project_id=project_id,
            sequence=previous.sequence + 1,
            id=new_id("evt", now_ns, self._random_bytes(10)),
            at=rfc3339(now_ns),
            actor_kind=actor.kind,
            actor_id=actor.id,
            actor_label=actor.label,
            action=action,
            subject=subject,
            before=None if before is None else dict(before),
            after=None if after is None else dict(after),
            previous=previous.hash,
        )
        digest = event.computed_hash()
        event = msgspec.structs.replace(
            event, hash=digest, seal=keyed_digest(self._seal_key, digest)
        )
        self._store(tx, event)
        return event

    def _store(self, tx: Transaction, event: AuditEvent) -> None:
        head = ChainHead(event.sequence, event.hash)
        tx.connection.execute(insert(AUDIT_EVENTS).values(to_row(event)))
        tx.connection.execute(
            update(AUDIT_HEADS)
            .where(AUDIT_HEADS.c.project_id == event.project_id)
            .values(sequence=head.sequence, hash=head.hash)
        )
        tx.after_commit(lambda: self._checkpoint.advance(event.project_id, head))
        tx.after_commit(self._changed)


def to_row(event: AuditEvent) -> dict[str, Any]:
    """Returns the event as a row. The states become canonical JSON text, so that hashes match."""
    return msgspec.structs.asdict(event) | {
        "before": canonical_json(event.before).decode(),
        "after": canonical_json(event.after).decode(),
    }


def from_row(row: RowMapping) -> AuditEvent:
    """The inverse of `to_row`. Raises `msgspec.DecodeError` if a state is not valid JSON."""
    fields: dict[str, Any] = {name: row[name] for name in AuditEvent.__struct_fields__}
    fields["before"] = msgspec.json.decode(row["before"])
    fields["after"] = msgspec.json.decode(row["after"])
    return AuditEvent(**fields)


def _lock_head(connection: Connection, project_id: str) -> ChainHead:
    """Returns the head of the chain and locks it until the end of the transaction: other writers
    wait."""
    row = connection.execute(
        select(AUDIT_HEADS.c.sequence, AUDIT_HEADS.c.hash)
        .where(AUDIT_HEADS.c.project_id == project_id)
        .with_for_update()
    ).one_or_none()
    if row is not None:
        return ChainHead(row.sequence, row.hash)
    none = ChainHead()
    connection.execute(
        insert(AUDIT_HEADS).values(project_id=project_id, sequence=none.sequence, hash=none.hash)
    )
    return none
