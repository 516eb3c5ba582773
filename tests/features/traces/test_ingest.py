"""A batch is stored completely and once, even if it is sent several times."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.traces import calls
from penstock.features.traces.model import Filter
from penstock.features.traces.payload import decode
from penstock.features.traces.service import Traces
from penstock.infra.columns import ColumnStore
from penstock.infra.spool.frame import Kind
from penstock.infra.spool.frame import encode as frame
from penstock.kernel.errors import InvalidRequest
from penstock.rules.call import Caller, CallStatus, Usage, UsageSource, encode


def test_a_call_is_a_row_with_its_attempts() -> None:
    end = calls.call("p", status=CallStatus.ERROR, error_type="upstream_failed")
    row = calls.row(end)
    [attempt] = row.attempts
    assert (row.parent_span_id, row.status) == ("", "error")
    assert (attempt.span_id, attempt.status) == (end.attempts[0].span_id, "ok")
    assert attempt.cost is None


def test_each_attempt_has_its_own_usage_and_cost() -> None:
    usual = calls.call("p").attempts[0]
    used = Usage(100, 20, source=UsageSource.ESTIMATED)
    first = msgspec.structs.replace(usual, usage=used, cost="0.5", price_id="openai/gpt-4o")
    row = calls.row(calls.call("p", attempts=(first, usual)))
    failed, second = row.attempts
    assert (failed.input_tokens, failed.output_tokens, failed.usage_source) == (
        100,
        20,
        "estimated",
    )
    assert (failed.cost, failed.price_id) == (Decimal("0.5"), "openai/gpt-4o")
    assert (second.input_tokens, second.cost) == (0, None)
    assert row.cost == Decimal("0.000425")


def test_a_call_with_an_image_has_the_preview_of_its_text() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 4000}}
    parts = [{"type": "text", "text": "what is this?"}, image]
    vectors = b'{"choices": [{"message": {"content": "a cat"}}], "data": [' + b"0.5," * 999 + b"1]}"
    row = calls.row(calls.call("p", request=calls.chat(parts), response=vectors))
    assert (row.input_preview, row.output_preview) == ("what is this?", "a cat")
    assert (len(row.request_blobs), len(row.response_blobs)) == (1, 1)


def test_attempts_are_shown_as_spans(traces: Traces, project: str) -> None:
    usual = calls.call(project).attempts[0]
    used = Usage(100, 20, source=UsageSource.ESTIMATED)
    first = msgspec.structs.replace(
        usual, span_id="f" * 16, usage=used, cost="0.5", status=CallStatus.ERROR, http_status=529
    )
    later = msgspec.structs.replace(usual, start_ns=usual.start_ns + 1)
    end = calls.call(project, attempts=(first, later))
    calls.store(traces, end)
    call, failed, second = traces.get_trace(project, end.begin.trace_id).spans
    assert (call.kind, failed.kind, second.kind) == ("call", "attempt", "attempt")
    assert failed.parent_span_id == second.parent_span_id == call.span_id
    assert (failed.span_id, failed.status, failed.http_status) == ("f" * 16, "error", 529)
    assert (failed.cost, failed.input_tokens, failed.caller) == (Decimal("0.5"), 100, call.caller)
    assert (second.start_ns, second.cost, second.request) == (usual.start_ns + 1, None, "")


def test_times_keep_their_nanoseconds() -> None:
    row = calls.row(calls.call("p", 1_763_683_200_000_000_001))
    assert row.start_time == "1763683200.000000001"


@pytest.mark.parametrize("cost", ["free", "1e999", "NaN", "-Infinity", "1000000"])
def test_a_cost_out_of_range_leaves_the_call_unpriced_with_an_attribute(cost: str) -> None:
    row = calls.row(calls.call("p", cost=cost))
    assert row.cost is None
    assert decode(row.attributes["penstock.cost.unreadable"]) == cost


def test_a_model_that_retires_soon_is_an_attribute_of_the_call(traces: Traces) -> None:
    usual = calls.call("p").attempts[0]
    later = msgspec.structs.replace(usual, retires_on="2026-12-11")
    end = calls.call("prj_r", attempts=(usual, later))
    calls.store(traces, end)
    (call, *_) = traces.get_trace("prj_r", end.begin.trace_id).spans
    assert decode(call.attributes["penstock.model.retires_on"]) == "2026-12-11"
    assert "penstock.model.retires_on" not in calls.row(calls.call("p")).attributes


def test_the_credentials_of_the_attempts_are_an_attribute_of_the_call() -> None:
    usual = calls.call("p").attempts[0]
    used = [msgspec.structs.replace(usual, credential=name) for name in ("default", "second")]
    row = calls.row(calls.call("p", attempts=tuple(used)))
    assert decode(row.attributes["penstock.credentials"]) == ["default", "second"]
    assert "penstock.credentials" not in calls.row(calls.call("p")).attributes


@given(
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-(2**31), 2**31 - 1),
)
def test_no_count_and_no_clock_makes_a_row_that_cannot_be_stored(a: int, b: int, c: int) -> None:
    attempt = msgspec.structs.replace(
        calls.call("p").attempts[0], usage=Usage(a, b), end_ns=a, http_status=c
    )
    end = calls.call(
        "p", usage=Usage(a, b), end_ns=a, first_token_ns=b, http_status=c, attempts=(attempt,)
    )
    row = calls.row(end)
    for one in (row, *row.attempts):
        assert 0 <= one.duration_ns < 2**63
        assert 0 <= one.input_tokens < 2**63
        assert 0 <= one.http_status < 2**16


def test_begins_cuts_and_damage_do_not_disturb_their_neighbours(
    traces: Traces, columns: ColumnStore, project: str
) -> None:
    one, two = calls.call(project), calls.call(project)
    data = (
        frame(Kind.BEGIN, encode(one.begin))
        + calls.frames([one])
        + b"\x00garbage\xff"
        + frame(Kind.END, b"not a record")
        + calls.frames([two])
    )
    done = traces.ingest(calls.new_batch(), data)
    assert done.stored == 2
    assert done.quarantined == 2
    assert calls.counts(columns, project) == (2, 2)


def test_a_batch_without_calls_is_answered_and_stores_nothing(traces: Traces) -> None:
    done = traces.ingest(calls.new_batch(), frame(Kind.CUT))
    assert (done.stored, done.quarantined) == (0, 0)


def test_the_same_batch_twice_is_stored_once(
    traces: Traces, columns: ColumnStore, project: str
) -> None:
    name, data = calls.new_batch(), calls.frames(calls.call(project) for _ in range(50))
    assert traces.ingest(name, data) == traces.ingest(name, data)
    assert calls.counts(columns, project) == (50, 50)


def test_a_batch_of_two_months_sent_twice_is_stored_once(
    traces: Traces, columns: ColumnStore, project: str
) -> None:
    old = calls.START_NS - 40 * 86_400 * 10**9
    name = calls.new_batch()
    data = calls.frames([calls.call(project, old), calls.call(project)])
    for _ in range(3):
        traces.ingest(name, data)
    assert calls.counts(columns, project) == (2, 2)


def test_two_shippers_with_the_same_batch_at_once_store_it_once(
    traces: Traces, columns: ColumnStore, project: str
) -> None:
    name, data = calls.new_batch(), calls.frames(calls.call(project) for _ in range(20))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: traces.ingest(name, data), range(8)))
    assert calls.counts(columns, project) == (20, 20)


def test_a_batch_is_stored_while_every_reader_is_busy(
    traces: Traces, columns: ColumnStore, project: str
) -> None:
    class Number(msgspec.Struct):
        n: int

    slow = "SELECT toInt32(sum(sleepEachRow(0.01))) AS n FROM numbers(300)"
    running = "SELECT toInt32(count()) AS n FROM system.processes WHERE query LIKE '%sleepEach%'"
    with ThreadPoolExecutor(3) as pool:
        queries = [pool.submit(columns.query, slow, {}, Number) for _ in range(3)]
        while columns.query_as_writer(running, {}, Number)[0].n < 4:  # it sees itself, too
            time.sleep(0.01)
        traces.ingest(calls.new_batch(), calls.frames([calls.call(project)]))
        assert not any(query.done() for query in queries)
    assert calls.counts(columns, project) == (1, 1)


@pytest.mark.parametrize(
    "name", ["", "x", "a" * 32, f"{'a' * 32}-1:2-3; DROP", "a" * 31 + "-1:0-1"]
)
def test_a_batch_without_a_spools_name_is_refused(traces: Traces, name: str) -> None:
    with pytest.raises(InvalidRequest):
        traces.ingest(name, b"")


def test_the_batch_of_an_interrupted_writer_is_taken(traces: Traces, project: str) -> None:
    end = calls.call(project, status=CallStatus.INTERRUPTED)
    traces.ingest(f"{'c' * 32}:interrupted", calls.frames([end]))
    [item] = traces.list_calls(project, calls.ALWAYS, Filter(), after=None, limit=5).items
    assert item.status == "interrupted"


def test_a_payload_of_thirty_megabytes_is_stored_whole(traces: Traces, project: str) -> None:
    text = "lorem ipsum " * 2_500_000
    end = calls.call(project, request=calls.chat(text))
    calls.store(traces, end)
    [span, _] = traces.get_trace(project, end.begin.trace_id).spans
    assert span.request == calls.chat(text).decode()


def test_payloads_come_back_as_they_went(traces: Traces, project: str) -> None:
    request = calls.chat('Grüße 😀 " \\ \n \t \u0000 \u2028', temperature=0.1)
    end = calls.call(project, request=request, response=b'{"broken": "\xff')
    calls.store(traces, end)
    [span, _] = traces.get_trace(project, end.begin.trace_id).spans
    assert span.request.encode() == request
    assert span.response == '{"broken": "\ufffd'
    assert span.cost == Decimal("0.000425000000")
    assert span.start_ns == end.begin.start_ns


# A store in a separate process, which prints a line for each acknowledged batch.
_STORING = """
    import logging
    import sys
    from pathlib import Path
    from penstock.features.traces.quarantine import Quarantine
    from penstock.features.traces.service import Traces
    from penstock.features.traces.schema import FAMILY, STEPS
    from penstock.features.traces.unknown import UnknownRecords
    from penstock.infra.columns import apply_steps, open_columns
    from penstock.kernel.time import SystemClock

    store = open_columns(sys.argv[1])
    apply_steps(store, FAMILY, STEPS)
    quarantine = Quarantine(Path(sys.argv[3]), SystemClock(), logging.getLogger())
    unknown = UnknownRecords(Path(sys.argv[3]), SystemClock())
    traces = Traces(lambda: store, SystemClock(), lambda project_id, span: [], quarantine, unknown)
    for path in sorted(Path(sys.argv[2]).iterdir()):
        traces.ingest(path.name.replace("_", ":"), path.read_bytes())
        print(path.name, flush=True)
    counts = store.query(
        "SELECT count() AS calls, uniqExact(span_id) AS distinct FROM calls",
        {}, __import__("msgspec").defstruct("C", [("calls", int), ("distinct", int)]),
    )
    print("counts", *counts, flush=True)
    store.close()
"""


@pytest.mark.parametrize("acknowledged", [0, 1, 4])
def test_a_kill_while_storing_and_a_replay_lose_and_duplicate_nothing(
    tmp_path: Path, acknowledged: int
) -> None:
    batches = tmp_path / "batches"
    batches.mkdir()
    for _ in range(8):
        data = calls.frames(calls.call("p") for _ in range(100))
        (batches / calls.new_batch().replace(":", "_")).write_bytes(data)
    command = [
        sys.executable,
        "-c",
        textwrap.dedent(_STORING),
        f"chdb://{tmp_path / 'columns'}",
        str(batches),
        str(tmp_path / "spool"),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=_environment()) as killed:
        assert killed.stdout is not None
        for _ in range(acknowledged):
            killed.stdout.readline()
        os.kill(killed.pid, signal.SIGKILL)
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=_environment())
    assert done.stdout.splitlines()[-1] == "counts C(calls=800, distinct=800)"


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def test_a_row_names_exactly_the_columns_of_the_table(columns: ColumnStore) -> None:
    class Column(msgspec.Struct):
        name: str

    found = columns.query(
        "SELECT name FROM system.columns WHERE database = 'penstock' AND table = 'calls'",
        {},
        Column,
    )
    row = calls.row(calls.call("p"))
    assert {column.name for column in found} - {"stored_time"} == set(row.__struct_fields__)


def test_an_attribute_of_a_newer_gateway_is_kept() -> None:
    row = calls.row(calls.call("p", caller=Caller(others={"channel": "web"})))
    assert decode(row.attributes["penstock.channel"]) == "web"
