"""Reads and verifies audit chains. Finds events that were edited, removed, reordered or forged, and
chains that were cut off. `audit_log` writes them."""

import hmac
from collections.abc import Collection, Generator, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol

import msgspec
from sqlalchemy import Connection, RowMapping, select, union

from penstock.features.identity.audit_log import GENESIS, AuditEvent, ChainHead, from_row
from penstock.features.identity.store.tables import AUDIT_EVENTS, AUDIT_HEADS
from penstock.infra.crypto import keyed_digest
from penstock.infra.sql import Database


@dataclass(frozen=True, slots=True)
class ChainFault:
    """The first event of a chain that differs from what was written, and the reason."""

    sequence: int
    event_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class ChainReport:
    """The result of verifying one project's chain; `breach` is `None` if the chain is intact."""

    project_id: str
    event_count: int
    head: str
    breach: ChainFault | None


class CheckpointReader(Protocol):
    """Read access to the checkpoint."""

    def read(self) -> Mapping[str, ChainHead] | None:
        """Returns the heads by project, or `None` if the checkpoint is missing or forged."""
        ...


class AuditReader:
    """Lists, exports and verifies chains, against their hashes, seals and the checkpoint."""

    def __init__(self, database: Database, seal_key: bytes, noted: CheckpointReader) -> None:
        self._database = database
        self._seal_key = seal_key
        self._noted = noted

    def list_page(
        self, project_id: str, before_sequence: int | None, limit: int
    ) -> list[AuditEvent]:
        """Returns events of a project older than `before_sequence`, newest first."""
        query = select(AUDIT_EVENTS).where(AUDIT_EVENTS.c.project_id == project_id)
        if before_sequence is not None:
            query = query.where(AUDIT_EVENTS.c.sequence < before_sequence)
        query = query.order_by(AUDIT_EVENTS.c.sequence.desc()).limit(limit)
        with self._database.read() as connection:
            return [from_row(row) for row in connection.execute(query).mappings()]

    def after(
        self, connection: Connection, project_id: str, sequence: int, limit: int
    ) -> list[AuditEvent]:
        """Returns events of a project after `sequence`, oldest first, in the caller's view."""
        query = (
            select(AUDIT_EVENTS)
            .where(AUDIT_EVENTS.c.project_id == project_id, AUDIT_EVENTS.c.sequence > sequence)
            .order_by(AUDIT_EVENTS.c.sequence)
            .limit(limit)
        )
        return [from_row(row) for row in connection.execute(query).mappings()]

    def pick(
        self, connection: Connection, project_id: str, sequences: Collection[int]
    ) -> list[AuditEvent]:
        """Returns the events of a project with these numbers, oldest first."""
        query = (
            select(AUDIT_EVENTS)
            .where(AUDIT_EVENTS.c.project_id == project_id, AUDIT_EVENTS.c.sequence.in_(sequences))
            .order_by(AUDIT_EVENTS.c.sequence)
        )
        return [from_row(row) for row in connection.execute(query).mappings()]

    def newest(
        self,
        connection: Connection,
        project_id: str,
        subject: str,
        actions: Collection[str],
        before: int,
    ) -> AuditEvent | None:
        """Returns the newest event of a subject with one of the actions before a number."""
        query = (
            select(AUDIT_EVENTS)
            .where(
                AUDIT_EVENTS.c.project_id == project_id,
                AUDIT_EVENTS.c.subject == subject,
                AUDIT_EVENTS.c.action.in_(actions),
                AUDIT_EVENTS.c.sequence < before,
            )
            .order_by(AUDIT_EVENTS.c.sequence.desc())
            .limit(1)
        )
        row = connection.execute(query).mappings().one_or_none()
        return from_row(row) if row else None

    def heads(self, connection: Connection) -> dict[str, int]:
        """Returns the number of the newest event of each project (`""`: of the instance)."""
        query = select(AUDIT_HEADS.c.project_id, AUDIT_HEADS.c.sequence)
        return {row.project_id: row.sequence for row in connection.execute(query)}

    def last_sequence(self, connection: Connection, project_id: str) -> int:
        """Returns the number of the newest event of a project, 0 without any."""
        query = select(AUDIT_HEADS.c.sequence).where(AUDIT_HEADS.c.project_id == project_id)
        return connection.execute(query).scalar() or 0

    def verify(self, project_id: str) -> ChainReport:
        """Verifies one project's chain (`""`: the instance's own)."""
        noted = self._noted.read()  # before the log: an event written meanwhile must not look lost
        with self._database.read() as connection:
            return self._verify(connection, project_id, noted)

    def verify_all(self) -> list[ChainReport]:
        """Verifies every chain that appears in the log, in its heads or in the checkpoint."""
        noted = self._noted.read()
        with self._database.read() as connection:
            known = union(select(AUDIT_EVENTS.c.project_id), select(AUDIT_HEADS.c.project_id))
            projects = {*connection.execute(known).scalars(), *(noted or {})}
            return [self._verify(connection, project, noted) for project in sorted(projects)]

    def export(self, project_id: str) -> Generator[bytes]:
        """Yields the chain as JSON lines, oldest first, with hashes, so that others can verify
        it."""
        with self._database.read() as connection:
            for row in _rows(connection, project_id):
                yield msgspec.json.encode(from_row(row)) + b"\n"

    def _verify(
        self, connection: Connection, project_id: str, noted: Mapping[str, ChainHead] | None
    ) -> ChainReport:
        stored = connection.execute(
            select(AUDIT_HEADS).where(AUDIT_HEADS.c.project_id == project_id)
        ).one_or_none()
        chain = _Chain(self._seal_key, (noted or {}).get(project_id, ChainHead()))
        with closing(_rows(connection, project_id)) as rows:
            breach = chain.follow(rows)
        breach = breach or chain.end(
            ChainHead(stored.sequence, stored.hash) if stored else ChainHead()
        )
        if breach is None and noted is None and chain.count:
            reason = "the checkpoint file audit.heads is missing or forged"
            breach = ChainFault(chain.count, chain.last_id, reason)
        return ChainReport(project_id, chain.count, chain.last, breach)


class _Chain:
    """Verifies one chain from its first event; stops at the first fault."""

    def __init__(self, seal_key: bytes, noted: ChainHead) -> None:
        self._seal_key = seal_key
        self._noted = noted
        self.count = 0
        self.last = GENESIS
        self.last_id = ""

    def follow(self, rows: Iterable[RowMapping]) -> ChainFault | None:
        for row in rows:
            reason = self._fault(row)
            if reason:
                missing = row["sequence"] != self.count + 1
                return ChainFault(self.count + 1, "" if missing else row["id"], reason)
            self.count, self.last, self.last_id = row["sequence"], row["hash"], row["id"]
        return None

    def end(self, stored: ChainHead) -> ChainFault | None:
        """Compares the last event with the stored head and the checkpoint."""
        end = max(stored, self._noted, key=lambda head: head.sequence)
        if end.sequence > self.count:
            return ChainFault(
                self.count + 1, "", f"missing: the log once had {end.sequence} events"
            )
        if stored != ChainHead(self.count, self.last):
            return ChainFault(
                self.count, self.last_id, "the stored head of the chain does not match"
            )
        return None

    def _fault(self, row: RowMapping) -> str:
        if row["sequence"] != self.count + 1:
            return "missing: removed or moved"
        try:
            event = from_row(row)
        except msgspec.DecodeError:
            return "edited: its state is not valid JSON"
        return self._fault_of(event)

    def _fault_of(self, event: AuditEvent) -> str:
        if event.computed_hash() != event.hash:
            return "edited: its content does not match its hash"
        if event.previous != self.last:
            return "reordered: its previous hash does not match the event before it"
        if not hmac.compare_digest(keyed_digest(self._seal_key, event.hash), event.seal):
            return "forged: its seal is not valid"
        if event.sequence == self._noted.sequence and event.hash != self._noted.hash:
            return "rewritten: the checkpoint has another hash"
        return ""


def _rows(connection: Connection, project_id: str) -> Generator[RowMapping]:
    query = (
        select(AUDIT_EVENTS)
        .where(AUDIT_EVENTS.c.project_id == project_id)
        .order_by(AUDIT_EVENTS.c.sequence)
        .execution_options(yield_per=500)
    )
    with connection.execute(query) as result:
        yield from result.mappings()
