"""Calls to fill a store with: plausible, different from each other, small."""

import itertools
import json
import logging
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from penstock.features.traces.content import ContentReader
from penstock.features.traces.model import TimeRange
from penstock.features.traces.neutral_content import NO_READERS
from penstock.features.traces.quarantine import Quarantine
from penstock.features.traces.rows import CallRow, to_row
from penstock.features.traces.service import Traces
from penstock.features.traces.unknown import UnknownRecordLimits, UnknownRecords
from penstock.infra.columns import ColumnStore
from penstock.infra.spool.frame import Kind
from penstock.infra.spool.frame import encode as frame
from penstock.kernel.time import SystemClock
from penstock.rules.call import (
    AttemptRecord,
    CallBegin,
    CallEnd,
    Caller,
    CallStatus,
    Usage,
    UsageSource,
    encode,
)

START_NS = time.time_ns() - 3600 * 10**9
ALWAYS = TimeRange(START_NS - 10**15, START_NS + 10**15)
WRITER = "0" * 31 + "d"
_numbers = itertools.count(1)


def new_quarantine(spool: Path) -> Quarantine:
    return Quarantine(spool, SystemClock(), logging.getLogger("test"))


def unknown_records(spool: Path, **limits: int) -> UnknownRecords:
    return UnknownRecords(spool, SystemClock(), UnknownRecordLimits(**limits))


def new_project() -> str:
    return f"prj_{os.urandom(6).hex()}"


def chat(text: str | list[dict[str, Any]], **more: Any) -> bytes:
    request = {"model": "gpt-4o", "messages": [{"role": "user", "content": text}], **more}
    return json.dumps(request, ensure_ascii=False).encode()


def answer(text: str) -> bytes:
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return json.dumps({"id": "r", "choices": [choice]}, ensure_ascii=False).encode()


def begin(project: str, start_ns: int, caller: Caller | None = None) -> CallBegin:
    return CallBegin(
        project_id=project,
        trace_id=os.urandom(16).hex(),
        span_id=os.urandom(8).hex(),
        parent_span_id="",
        start_ns=start_ns,
        operation="chat",
        request_model="gpt-4o",
        stream=False,
        caller=caller or Caller(key_id="key_1", team="search"),
        snapshot="ab" * 32,
        request_size=10,
    )


def call(
    project: str,
    start_ns: int = START_NS,
    *,
    caller: Caller | None = None,
    duration_ns: int = 5_000_000,
    **fields: Any,
) -> CallEnd:
    """An answered call with one attempt; `fields` are those of `CallEnd`."""
    opened = begin(project, start_ns, caller)
    end_ns = start_ns + duration_ns
    attempt = AttemptRecord(
        span_id=os.urandom(8).hex(),
        provider="openai",
        model="gpt-4o",
        server_address="api.openai.com",
        server_port=443,
        start_ns=start_ns,
        end_ns=end_ns,
        status=CallStatus.OK,
        first_byte_ns=start_ns + duration_ns // 2,
        http_status=200,
    )
    usual = CallEnd(
        begin=opened,
        end_ns=end_ns,
        status=CallStatus.OK,
        http_status=200,
        provider="openai",
        response_model="gpt-4o-2024-08-06",
        response_id="chatcmpl-1",
        finish_reasons=("stop",),
        usage=Usage(100, 20, cache_read_tokens=60, source=UsageSource.PROVIDER),
        cost="0.000425",
        price_id="openai/gpt-4o",
        first_token_ns=start_ns + duration_ns // 2,
        overhead_ns=120_000,
        request=chat("hello"),
        response=answer("hello yourself"),
        response_size=20,
        attempts=(attempt,),
    )
    return msgspec.structs.replace(usual, **fields)


def frames(calls: Iterable[CallEnd]) -> bytes:
    return b"".join(frame(Kind.END, encode(end)) for end in calls) + frame(Kind.CUT)


def row(end: CallEnd) -> CallRow:
    """Its row as it is stored."""
    return to_row(end, WRITER, ContentReader(NO_READERS))


def new_batch() -> str:
    number = next(_numbers)
    return f"{WRITER}-{number:06d}:0-{number}"


def store(traces: Traces, *calls: CallEnd) -> None:
    traces.ingest(new_batch(), frames(calls))


class Count(msgspec.Struct):
    calls: int
    distinct: int


def counts(columns: ColumnStore, project: str) -> tuple[int, int]:
    """Stored calls of a project, and how many of them are distinct."""
    found = columns.query(
        "SELECT count() AS calls, uniqExact(span_id) AS distinct FROM calls"
        " WHERE project_id = {project:String}",
        {"project": project},
        Count,
    )[0]
    return found.calls, found.distinct
