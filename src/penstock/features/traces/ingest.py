"""Converts spool frames into rows. Pure functions. A record that cannot be read does not affect
others: it is returned without its content, or as one to be quarantined. Frames of a newer version
are returned verbatim.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from penstock.features.traces.content import ContentReader
from penstock.features.traces.rows import CallRow, to_row, to_row_without_content
from penstock.infra.spool.frame import Damage, Frame, Kind, scan
from penstock.infra.spool.unknown import UnknownFrames
from penstock.kernel.errors import InvalidRequest
from penstock.rules.call import SCHEMA, CallEnd, decode_end

# A record that is requeued from the quarantine has the name of its batch and its place there.
_BATCH: Final = re.compile(r"[0-9a-f]{32}(?:-[0-9]+:[0-9]+-[0-9]+|:[a-z]+)(?:@[0-9.]+)*")
_REASON_CHARS: Final = 500
_FIRST_SCHEMA: Final = 2  # records up to it are inserted under the name of their batch
_KINDS: Final = frozenset(Kind)


@dataclass(frozen=True, slots=True)
class ReadableRecord:
    """One call of a batch: the byte range of its record, its row, and the name of its insert."""

    start: int
    end: int
    row: CallRow
    record: CallEnd
    insert: str


@dataclass(frozen=True, slots=True)
class UnreadableRecord:
    """A byte range of a batch that cannot be stored, and the reason."""

    start: int
    end: int
    reason: str


@dataclass(frozen=True, slots=True)
class BatchContents:
    """The records of a batch, in order. `unknown_count` is the number of frames in `unknown`."""

    calls: list[ReadableRecord]
    unreadable: list[UnreadableRecord]
    unknown: dict[UnknownFrames, bytes]
    unknown_count: int


def is_known(kind: int, schema: int) -> bool:
    """Returns whether this version can read records of this kind and schema."""
    return kind in _KINDS and schema <= SCHEMA


def require_batch_name(batch: str) -> None:
    """Raises `InvalidRequest` unless the name has the format of spool batches."""
    if _BATCH.fullmatch(batch) is None:
        raise InvalidRequest(
            "The batch name is not valid.",
            hint="Send it in the header x-penstock-batch as <writer>-<sequence>:<start>-<end>.",
            param="x-penstock-batch",
        )


def read_batch(name: str, frames: bytes, reader: ContentReader) -> BatchContents:
    """Reads all records of a batch. Raises `InvalidRequest` for a bad name."""
    require_batch_name(name)
    found = list(_read(scan(frames), name, reader))
    unknown: defaultdict[UnknownFrames, list[bytes]] = defaultdict(list)
    for one in found:
        if isinstance(one, Frame):
            pieces = unknown[UnknownFrames(name, one.kind, one.schema)]
            pieces.append(frames[one.start : one.end])
    return BatchContents(
        calls=[one for one in found if isinstance(one, ReadableRecord)],
        unreadable=[one for one in found if isinstance(one, UnreadableRecord)],
        unknown={key: b"".join(pieces) for key, pieces in unknown.items()},
        unknown_count=sum(map(len, unknown.values())),
    )


def insert_name(batch: str, kind: int, schema: int) -> str:
    """Returns the name by which the store deduplicates the records of one kind and schema of a
    batch. It is the same in all versions, so that each group of records is inserted once, whether
    a server reads it at once or keeps it until its upgrade."""
    is_first = kind == Kind.END and (schema <= _FIRST_SCHEMA or "-" not in batch)
    return batch if is_first else f"{batch}/{kind}.{schema}"


def without_content(call: ReadableRecord, reason: str) -> ReadableRecord:
    """Returns the same call without its content; `reason` is stored with it."""
    return replace(call, row=to_row_without_content(call.record, call.insert, reason))


def reason_of(error: Exception) -> str:
    """Returns an error as the reason to store with a record."""
    return f"{type(error).__name__}: {error}"[:_REASON_CHARS]


def _read(
    found: Iterator[Frame | Damage], batch: str, reader: ContentReader
) -> Iterator[ReadableRecord | UnreadableRecord | Frame]:
    """Yields the unknown frames as they are."""
    for one in found:
        if isinstance(one, Damage):
            yield UnreadableRecord(one.start, one.end, "The bytes contain no whole record.")
        elif not is_known(one.kind, one.schema):
            yield one
        elif one.kind == Kind.END:  # a BEGIN matters only to the spool, a CUT only ends a batch
            yield _call(one, insert_name(batch, one.kind, one.schema), reader)


def _call(frame: Frame, insert: str, reader: ContentReader) -> ReadableRecord | UnreadableRecord:
    try:
        record = decode_end(frame.payload)
        return ReadableRecord(frame.start, frame.end, _row(record, insert, reader), record, insert)
    except Exception as error:  # noqa: BLE001 - other records are not affected
        return UnreadableRecord(frame.start, frame.end, reason_of(error))


def _row(record: CallEnd, batch: str, reader: ContentReader) -> CallRow:
    try:
        return to_row(record, batch, reader)
    except Exception as error:  # noqa: BLE001 - the call is stored without content
        return to_row_without_content(record, batch, reason_of(error))
