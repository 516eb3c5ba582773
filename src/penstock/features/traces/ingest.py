"""Converts spool frames into rows. Pure functions. A record that cannot be read does not affect
others: it is returned without its content, or as one to be quarantined.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from penstock.features.traces.rows import SpanRow, to_rows, to_rows_without_content
from penstock.infra.spool.frame import SCHEMA, Damage, Frame, Kind, scan
from penstock.kernel.errors import InvalidRequest, Overloaded
from penstock.rules.call import CallEnd, decode_end

_BATCH: Final = re.compile(r"[0-9a-f]{32}(?:-[0-9]+:[0-9]+-[0-9]+|:[a-z]+)")
_REASON_CHARS: Final = 500


@dataclass(frozen=True, slots=True)
class ReadableRecord:
    """One call of a batch: the byte range of its record, and its rows."""

    start: int
    end: int
    rows: list[SpanRow]
    record: CallEnd


@dataclass(frozen=True, slots=True)
class UnreadableRecord:
    """A byte range of a batch that cannot be stored, and the reason."""

    start: int
    end: int
    reason: str


def require_batch_name(batch: str) -> None:
    """Raises `InvalidRequest` unless the name has the format of spool batches."""
    if _BATCH.fullmatch(batch) is None:
        raise InvalidRequest(
            "The batch name is not valid.",
            hint="Send it in the header x-penstock-batch as <writer>-<sequence>:<start>-<end>.",
            param="x-penstock-batch",
        )


def read_batch(name: str, frames: bytes) -> list[ReadableRecord | UnreadableRecord]:
    """Every call of a batch, in order. `Overloaded` (try again later) for records of a newer
    schema: they wait in their spool until this server has been upgraded."""
    require_batch_name(name)
    return list(_read(scan(frames), name))


def without_content(call: ReadableRecord, batch: str, reason: str) -> ReadableRecord:
    """Returns the same call without its content; `reason` is stored with it."""
    rows = to_rows_without_content(call.record, batch, reason)
    return ReadableRecord(call.start, call.end, rows, call.record)


def reason_of(error: Exception) -> str:
    """Returns an error as the reason to store with a record."""
    return f"{type(error).__name__}: {error}"[:_REASON_CHARS]


def _read(
    found: Iterator[Frame | Damage], batch: str
) -> Iterator[ReadableRecord | UnreadableRecord]:
    for one in found:
        if isinstance(one, Damage):
            yield UnreadableRecord(one.start, one.end, "The bytes hold no whole record.")
        elif one.kind is Kind.END:  # begins matter to the spool alone, cuts only part batches
            _require_known_schema(one)
            yield _call(one, batch)


def _require_known_schema(frame: Frame) -> None:
    if frame.schema > SCHEMA:
        raise Overloaded(
            f"The batch has records of schema {frame.schema}; this server reads {SCHEMA}.",
            hint="Upgrade the server; until then the gateway keeps the batch.",
            code="newer_schema",
            retry_after_s=60,
        )


def _call(frame: Frame, batch: str) -> ReadableRecord | UnreadableRecord:
    try:
        record = decode_end(frame.payload)
        return ReadableRecord(frame.start, frame.end, _rows(record, batch), record)
    except Exception as error:  # noqa: BLE001 - other records are not affected
        return UnreadableRecord(frame.start, frame.end, reason_of(error))


def _rows(record: CallEnd, batch: str) -> list[SpanRow]:
    try:
        return to_rows(record, batch)
    except Exception as error:  # noqa: BLE001 - the call is stored without content
        return to_rows_without_content(record, batch, reason_of(error))
