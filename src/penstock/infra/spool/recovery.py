"""Reads the segments of a dead writer: its unshipped batches, and its calls that never ended."""

import mmap
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from penstock.infra.spool.files import BatchRange, SegmentName
from penstock.infra.spool.frame import (
    NO_MARKER,
    Damage,
    Frame,
    FrameEncoder,
    Kind,
    marker_at_start,
    scan,
)
from penstock.rules.call import CallBegin, CallEnd, CallStatus, decode_begin
from penstock.rules.call import encode as encode_record

# A call's key here is (project, trace, span): the first three fields of its begin.
CallKey = tuple[str, str, str]


class _Identity(msgspec.Struct, array_like=True, frozen=True):
    project_id: str
    trace_id: str
    span_id: str


class _Ended(msgspec.Struct, array_like=True, frozen=True):
    begin: _Identity


@dataclass(slots=True)
class SegmentContents:
    """Batches and damaged ranges of one segment. `written_ns` is the time of its last write."""

    written_ns: int
    batches: list[BatchRange] = field(default_factory=list[BatchRange])
    damages: list[Damage] = field(default_factory=list[Damage])


def marker_of(directory: Path, segments: list[SegmentName]) -> bytes | None:
    """Returns the frame marker of a writer, from its first segment that is readable."""
    for name in segments:
        with name.path(directory).open("rb") as file:
            if file.seek(0, os.SEEK_END):
                with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                    if (marker := marker_at_start(data)) is not None:
                        return marker
    return None


def read_segment(
    directory: Path, name: SegmentName, marker: bytes | None, begun: dict[CallKey, bytes]
) -> SegmentContents:
    """Reads a whole segment. Syncs it first: what is shipped must not change in a power cut.

    Updates `begun`: the payloads of BEGINs without an END so far.
    """
    with name.path(directory).open("rb") as file:
        os.fdatasync(file.fileno())
        status = os.fstat(file.fileno())
        contents = SegmentContents(status.st_mtime_ns)
        if status.st_size:
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                _read(name, scan(data, marker), contents, begun)
    return contents


def _read(
    name: SegmentName,
    found: Iterator[Frame | Damage],
    contents: SegmentContents,
    begun: dict[CallKey, bytes],
) -> None:
    start = whole = 0
    holes: list[tuple[int, int]] = []
    for piece in found:
        if isinstance(piece, Damage):
            contents.damages.append(piece)
            holes.append((piece.start, piece.end))
            continue
        whole = piece.end
        if piece.kind == Kind.CUT:
            contents.batches.append(_batch(name, start, whole, holes))
            start, holes = whole, []
        else:
            _track_call(piece, begun)
    if whole > start:
        contents.batches.append(_batch(name, start, whole, holes))


def _batch(name: SegmentName, start: int, end: int, holes: list[tuple[int, int]]) -> BatchRange:
    return BatchRange(name, start, end, holes=tuple(hole for hole in holes if hole[1] <= end))


def _track_call(frame: Frame, begun: dict[CallKey, bytes]) -> None:
    """Updates `begun`, whatever the schema: see `rules.call` for what never changes. A record of
    another kind, or one that cannot be decoded, changes nothing: the server decides what it is."""
    try:
        if frame.kind == Kind.BEGIN:
            begun[_key(decode_begin(frame.payload))] = frame.payload
        elif frame.kind == Kind.END:
            begun.pop(_key(msgspec.msgpack.decode(frame.payload, type=_Ended).begin), None)
    except msgspec.DecodeError:
        return


def _key(call: _Identity | CallBegin) -> CallKey:
    return call.project_id, call.trace_id, call.span_id


def interrupted_batch(begun: dict[CallKey, bytes], died_ns: int, marker: bytes | None) -> bytes:
    """Returns an END for each call of a dead writer; the calls end with its last write."""
    encoder = FrameEncoder(marker or NO_MARKER)
    return b"".join(
        encoder.encode(Kind.END, encode_record(_end(begin, died_ns))) for begin in begun.values()
    )


def _end(payload: bytes, died_ns: int) -> CallEnd:
    begin = decode_begin(payload)
    return CallEnd(
        begin=begin,
        end_ns=max(died_ns, begin.start_ns),
        status=CallStatus.INTERRUPTED,
        http_status=0,
        error_type="interrupted",
        error_message="The gateway process died before this call ended.",
    )
