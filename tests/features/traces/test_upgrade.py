"""A store of version 3, with a row for each call and each attempt, becomes one row per call; one of
version 5 gets the columns of version 6."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from features.traces import calls
from penstock.features.traces import schema_history
from penstock.features.traces.model import Filter, TimeRange
from penstock.features.traces.schema import FAMILY, STEPS
from penstock.features.traces.service import Traces
from penstock.infra.columns import ColumnStore, SchemaStep, apply_steps, open_columns
from penstock.kernel.time import SystemClock
from penstock.rules.call import Usage, UsageSource


def made(version: int) -> tuple[SchemaStep, ...]:
    """The steps that make an empty store of that version."""
    text = Path(__file__).with_name(f"version_{version}.sql").read_text().partition("\n")[2]
    statements = tuple(part.strip() for part in text.split(";\n") if part.strip())
    return (
        SchemaStep(1, "", statements),
        *(SchemaStep(later, "", ()) for later in range(2, version + 1)),
    )


CALLS = 300
EVER = TimeRange(0, 2 * 10**18)


class Created(msgspec.Struct):
    name: str
    engine: str


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ColumnStore]:
    """A store of version 3: call n has n % 3 attempts. It is copied in several pieces."""
    monkeypatch.setattr(schema_history, "_CALLS_AT_ONCE", 100)
    store = open_columns(f"chdb://{tmp_path / 'columns'}")
    apply_steps(store, FAMILY, made(3))
    rows = [row for number in range(CALLS) for row in _rows(number)]
    store.insert("spans", rows, token="b")
    yield store
    store.close()


def _rows(number: int) -> Iterator[dict[str, object]]:
    span = {
        "project_id": f"p{number % 2}",
        "trace_id": "t" if number % 2 else f"t{number}",
        "start_time": f"{1_790_000_000 + 60 * number}.000000001",
        "operation": "chat",
        "request_model": "fast",
        "key_id": "key_1",
        "team": "search",
        "tags": {"tier": "gold"},
        "batch": calls.new_batch(),
        "stored_time": f"{1_790_000_100 + 60 * number}.000000005",
        "parent_span_id": "",
        "http_status": 200,
        "provider": "",
        "server_address": "",
    }
    yield span | {
        "span_id": f"s{number}",
        "kind": "call",
        "status": "ok",
        "cost": "0.25",
        "input_tokens": number,
        "request": calls.chat(f"question {number}").decode(),
        "response": calls.answer(f"answer {number}").decode(),
        "input_preview": f"question {number}",
        "attributes": {"penstock.channel": '"web"'},
    }
    for attempt in range(number % 3):
        yield span | {
            "span_id": f"a{number}.{attempt}",
            "parent_span_id": f"s{number}",
            "kind": "attempt",
            "start_time": f"{1_790_000_000 + 60 * number}.00000001{attempt}",
            "status": "error" if attempt == 0 else "ok",
            "http_status": 500 + attempt,
            "provider": "openai",
            "server_address": "api.openai.com",
            "cost": "0.125" if attempt else None,
        }


def traces_on(store: ColumnStore, folder: Path) -> Traces:
    quarantine, unknown = calls.new_quarantine(folder), calls.unknown_records(folder)
    return Traces(lambda: store, SystemClock(), lambda *_: [], quarantine, unknown)


def objects(store: ColumnStore) -> dict[str, str]:
    found = store.query(
        "SELECT name, engine FROM system.tables WHERE database = 'penstock'", {}, Created
    )
    return {one.name: one.engine for one in found if "inner" not in one.name}


def test_calls_keep_their_values_and_get_their_attempts(old: ColumnStore, tmp_path: Path) -> None:
    apply_steps(old, FAMILY, STEPS)
    traces = traces_on(old, tmp_path)
    for project in ("p0", "p1"):
        assert calls.counts(old, project) == (CALLS // 2, CALLS // 2)
    call, failed, second = traces.get_trace("p0", "t2").spans
    assert (call.span_id, failed.span_id, second.span_id) == ("s2", "a2.0", "a2.1")
    assert (call.kind, failed.kind, failed.parent_span_id) == ("call", "attempt", "s2")
    assert (failed.status, failed.http_status, failed.cost) == ("error", 500, None)
    assert (second.status, second.http_status, str(second.cost)) == ("ok", 501, "0.125")
    assert (call.input_tokens, call.input_preview) == (2, "question 2")
    assert (call.caller["team"], call.tags) == ("search", {"tier": "gold"})
    assert call.request == calls.chat("question 2").decode()
    assert call.attributes == {"penstock.channel": '"web"'}
    assert call.start_ns == 1_790_000_120_000_000_001
    assert call.stored_ns == 1_790_000_220_000_000_005
    assert len(traces.get_trace("p1", "t").spans) == sum(1 + n % 3 for n in range(1, CALLS, 2))
    found = traces.list_calls("p0", EVER, Filter(text="Question 298"), after=None, limit=9)
    assert [item.span_id for item in found.items] == ["s298"]


def test_only_the_new_table_and_the_view_are_left(old: ColumnStore) -> None:
    apply_steps(old, FAMILY, STEPS)
    kept = {"calls": "MergeTree", "spans": "View", "schema_steps": "MergeTree"}
    assert objects(old) == kept


@pytest.mark.parametrize("version", [4, 5, 6, 15, 16])
@pytest.mark.parametrize("count", range(8))
def test_a_crash_between_two_statements_loses_and_duplicates_nothing(
    old: ColumnStore, version: int, count: int
) -> None:
    """Each step may begin again after any of its statements."""
    apply_steps(old, FAMILY, [step for step in STEPS if step.version < version])
    [step] = [step for step in STEPS if step.version == version]
    for statement in step.statements[:count]:
        old.command(statement)
    apply_steps(old, FAMILY, STEPS)
    for project in ("p0", "p1"):
        assert calls.counts(old, project) == (CALLS // 2, CALLS // 2)
    assert objects(old)["spans"] == "View"


class Shown(msgspec.Struct):
    span_id: str
    kind: str
    input_tokens: int
    web_searches: int
    fingerprint: str
    changes: list[str]


COUNTS = (
    *("cache_write_1h_tokens", "input_image_tokens", "output_image_tokens", "web_searches"),
    *("input_audio_seconds", "rerank_searches"),
    *("cache_audio_read_tokens", "cache_image_read_tokens", "cache_text_read_tokens"),
    "input_characters",
)
NEW_COUNTS = Usage(
    9,
    2,
    cache_write_tokens=5,
    source=UsageSource.PROVIDER,
    cache_write_1h_tokens=3,
    input_image_tokens=4,
    output_image_tokens=1,
    web_searches=2,
    input_audio_seconds=7,
    rerank_searches=1,
    cache_audio_read_tokens=1,
    cache_image_read_tokens=2,
    cache_text_read_tokens=3,
    input_characters=6,
)


def test_a_store_of_version_5_keeps_its_calls_and_takes_the_new_counts(tmp_path: Path) -> None:
    store = open_columns(f"chdb://{tmp_path / 'columns'}")
    apply_steps(store, FAMILY, made(5))
    old = msgspec.to_builtins(calls.row(calls.call("p")))
    store.insert("calls", [old], token="b")
    apply_steps(store, FAMILY, STEPS)
    traces = traces_on(store, tmp_path)
    new = calls.call("p", usage=NEW_COUNTS, fingerprint="fp_1")
    attempt = msgspec.structs.replace(new.attempts[0], usage=NEW_COUNTS, changes=("dropped:seed",))
    calls.store(traces, msgspec.structs.replace(new, attempts=(attempt,)))
    kept, kept_attempt = traces.get_trace("p", old["trace_id"]).spans
    assert (kept.input_tokens, kept.web_searches, kept.fingerprint) == (100, 0, "")
    assert (kept_attempt.provider, list(kept_attempt.changes)) == ("openai", [])
    for span in traces.get_trace("p", new.begin.trace_id).spans:
        assert {name: getattr(span, name) for name in COUNTS} == {
            name: getattr(NEW_COUNTS, name) for name in COUNTS
        }
    spans = store.query("SELECT * FROM spans ORDER BY input_tokens, kind", {}, Shown)
    assert [(one.kind, one.web_searches, one.fingerprint, one.changes) for one in spans] == [
        ("attempt", 0, "", []),
        ("attempt", 2, "", ["dropped:seed"]),
        ("call", 2, "fp_1", []),
        ("call", 0, "", []),
    ]
    store.close()
