"""Raw spool frames into rows. Pure; one unreadable record never takes others along."""

import re
from dataclasses import dataclass
from typing import Final

import msgspec

from penstock.features.traces.rows import SpanRow, explode
from penstock.infra.spool.frame import Damage, Frame, Kind, scan
from penstock.kernel.errors import InvalidRequest, Overloaded
from penstock.rules.call import CALL_SCHEMA, decode_end

_BATCH: Final = re.compile(r"([0-9a-f]{32})(?:-[0-9]+:[0-9]+-[0-9]+|:[a-z]+)")


@dataclass(frozen=True, slots=True)
class Batch:
    """The rows of a batch, how many calls they tell of, how much could not be read."""

    rows: list[SpanRow]
    calls: int
    skipped: int


def writer_of(batch: str) -> str:
    """Who wrote a batch, from its name; `InvalidRequest` unless it is a name that spools give."""
    named = _BATCH.fullmatch(batch)
    if named is None:
        raise InvalidRequest(
            "The batch has no name that a spool would give it.",
            hint="Send it in the header x-penstock-batch as <writer>-<sequence>:<start>-<end>.",
            param="x-penstock-batch",
        )
    return named.group(1)


def read_batch(name: str, frames: bytes) -> Batch:
    """The rows of every whole call in `frames`. `Overloaded` (try again later) for records of a
    newer schema: they wait in their spool until this server has been upgraded."""
    writer = writer_of(name)
    rows: list[SpanRow] = []
    calls = skipped = 0
    for found in scan(frames):
        if isinstance(found, Frame) and found.kind is not Kind.END:
            continue  # begins matter to the spool alone, cuts only part batches
        call = _rows_of(found, writer)
        rows += call
        calls += bool(call)
        skipped += not call
    return Batch(rows, calls, skipped)


def _rows_of(found: Frame | Damage, writer: str) -> list[SpanRow]:
    """The rows of one call; none if it cannot be read."""
    if isinstance(found, Damage):
        return []
    if found.schema > CALL_SCHEMA:
        raise Overloaded(
            f"The batch has records of schema {found.schema}; this server reads {CALL_SCHEMA}.",
            hint="Upgrade the server; until then the gateway keeps the batch.",
            code="newer_schema",
            retry_after_s=60,
        )
    try:
        return explode(decode_end(found.payload), writer)
    except msgspec.DecodeError:
        return []
