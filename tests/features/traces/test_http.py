"""The routes of traces, over HTTP."""

import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient

from features.traces import calls
from penstock.features.access import Access, Permission, Principal
from penstock.features.traces.http import (
    build_ingest_router,
    build_instance_router,
    build_overview_router,
    build_router,
)
from penstock.features.traces.model import MAX_TRACE_BYTES
from penstock.features.traces.service import Traces
from penstock.kernel.errors import PenstockError
from penstock.kernel.time import rfc3339
from penstock.rules.call import AttemptRecord, CallEnd, Caller, CallStatus, Usage, UsageSource


def require(permission: Permission) -> Any:
    """Allows every request: the project in the query, or the instance."""
    caller = Principal("user", "usr_1", "Ada", {}, instance_admin=True)

    def granted(project_id: str = "") -> Access:
        return Access(caller, "" if permission is Permission.INSTANCE else project_id)

    return granted


async def known_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, PenstockError)
    return JSONResponse({"code": error.code}, error.status)


@pytest.fixture
def client(traces: Traces) -> Iterator[TestClient]:
    app = FastAPI()
    app.add_exception_handler(PenstockError, known_error)
    app.include_router(build_router(traces, require))
    app.include_router(build_overview_router(traces, require))
    app.include_router(build_instance_router(traces, require))
    app.include_router(build_ingest_router(traces, lambda: None))
    with TestClient(app) as client:
        yield client


def ship(client: TestClient, *ends: CallEnd, name: str = "") -> Any:
    headers = {"x-penstock-batch": name or calls.new_batch()}
    answer = client.post("/internal/v1/calls", content=calls.frames(ends), headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def recent(project: str, **fields: Any) -> CallEnd:
    return calls.call(project, time.time_ns() - 10**9, **fields)


def attempt(model: str, status: CallStatus, error_type: str = "") -> AttemptRecord:
    """An attempt of 2 ms."""
    start_ns = time.time_ns() - 10**9
    return AttemptRecord(
        span_id=f"{model:0>16}",
        provider="openai",
        model=model,
        server_address="api.openai.com",
        server_port=443,
        start_ns=start_ns,
        end_ns=start_ns + 2_000_000,
        status=status,
        error_type=error_type,
    )


@pytest.mark.parametrize(
    "to", ["2262-06-01T00:00:00Z", "2263-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00"]
)
def test_a_range_that_ends_later_than_stores_can_say_holds_its_calls(
    client: TestClient, project: str, to: str
) -> None:
    ship(client, recent(project))
    query = {"project_id": project, "from": "0001-01-01T00:00:00+14:00", "to": to}
    assert len(client.get("/api/v1/traces", params=query).json()["items"]) == 1
    assert client.get("/api/v1/overview", params=query).json()["totals"]["requests"] == 1


def test_a_shipped_batch_is_listed_and_shown(client: TestClient, project: str) -> None:
    end = recent(project)
    assert ship(client, end) == {"stored": 1, "quarantined": 0, "skipped": 0, "kept": 0}
    page = client.get("/api/v1/traces", params={"project_id": project}).json()
    assert page["next_cursor"] is None
    [item] = page["items"]
    assert item["cost"] == "0.000425"
    assert item["duration_ms"] == 5.0
    assert item["start"] == rfc3339(end.begin.start_ns)

    trace = client.get(f"/api/v1/traces/{item['trace_id']}", params={"project_id": project}).json()
    call, attempt = trace["spans"]
    assert call["name"] == "chat gpt-4o"
    assert call["input"] == [{"role": "user", "parts": [{"type": "text", "content": "hello"}]}]
    assert call["attributes"]["gen_ai.usage.cache_read.input_tokens"] == 60
    assert call["cost"] == {
        "amount": "0.000425",
        "currency": "USD",
        "price_id": "openai/gpt-4o",
        "lines": [],
    }
    assert call["error"] is None
    assert attempt["parent_span_id"] == call["span_id"]
    assert attempt["cost"] is attempt["usage"] is attempt["input"] is None


def test_a_translated_call_shows_both_dialects_and_what_was_changed(
    client: TestClient, project: str
) -> None:
    usage = Usage(9, 2, source=UsageSource.PROVIDER, cache_write_1h_tokens=3, web_searches=2)
    end = recent(project, usage=usage, fingerprint="fp_1")
    changes = ("dropped:seed", "changed:reasoning.budget", "dropped:user")
    attempt = msgspec.structs.replace(end.attempts[0], dialect="anthropic", changes=changes)
    begin = msgspec.structs.replace(end.begin, dialect="openai")
    end = msgspec.structs.replace(end, begin=begin, attempts=(attempt,))
    ship(client, end)
    path = f"/api/v1/traces/{begin.trace_id}"
    call, tried = client.get(path, params={"project_id": project}).json()["spans"]
    assert call["attributes"]["penstock.dialect"] == "openai"
    assert call["attributes"]["penstock.provider.dialect"] == "anthropic"
    assert call["attributes"]["openai.response.system_fingerprint"] == "fp_1"
    assert (call["usage"]["web_searches"], call["usage"]["cache_write_1h_tokens"]) == (2, 3)
    assert tried["attributes"]["penstock.dialect"] == "anthropic"
    assert tried["attributes"]["penstock.translation.dropped"] == ["seed", "user"]
    assert tried["attributes"]["penstock.translation.changed"] == ["reasoning.budget"]


def test_another_version_of_a_model_under_the_same_name_is_an_event(
    client: TestClient, project: str
) -> None:
    answered = [
        ("m-1", "fp_1"),
        ("m-1", "fp_1"),
        ("m-1", "fp_2"),
        ("m-2", ""),
        ("", ""),
        ("m-2", "fp_3"),
    ]
    now = time.time_ns() - 10**10
    ends = [
        calls.call(project, now + place * 10**6, response_model=model, fingerprint=fingerprint)
        for place, (model, fingerprint) in enumerate(answered)
    ]
    ship(client, *ends, calls.call(calls.new_project(), now + 1, response_model="m-9"))
    shown = [_events(client, project, end.begin.trace_id) for end in ends]
    assert shown == [[], [], [("m-1", "fp_1")], [("m-1", "fp_2")], [], []]


def test_versions_are_compared_inside_a_trace(client: TestClient, project: str) -> None:
    first = recent(project, fingerprint="fp_1")
    second = recent(project, fingerprint="fp_2")
    begin = msgspec.structs.replace(second.begin, trace_id=first.begin.trace_id)
    ship(client, first, msgspec.structs.replace(second, begin=begin))
    assert _events(client, project, begin.trace_id) == [("gpt-4o-2024-08-06", "fp_1")]


def _events(client: TestClient, project: str, trace_id: str) -> list[tuple[str, str]]:
    trace = client.get(f"/api/v1/traces/{trace_id}", params={"project_id": project}).json()
    found = [event["attributes"] for span in trace["spans"] for event in span["events"]]
    return [(one["penstock.previous.model"], one["penstock.previous.fingerprint"]) for one in found]


def test_a_failed_call_shows_its_error(client: TestClient, project: str) -> None:
    end = recent(
        project,
        status=CallStatus.ERROR,
        http_status=502,
        error_type="upstream_failed",
        error_message="openai hung up",
    )
    ship(client, end, recent(project))
    query = {"project_id": project, "errors_only": True}
    [item] = client.get("/api/v1/traces", params=query).json()["items"]
    trace = client.get(f"/api/v1/traces/{item['trace_id']}", params={"project_id": project}).json()
    assert trace["spans"][0]["error"] == {
        "type": "upstream_failed",
        "message": "openai hung up",
        "http_status": 502,
    }


def test_pages_and_repeated_filters(client: TestClient, project: str) -> None:
    ship(client, *(recent(project, caller=Caller(team=team)) for team in "aabbc"))
    query: dict[str, Any] = {"project_id": project, "team": ["a", "b"], "limit": 3}
    first = client.get("/api/v1/traces", params=query).json()
    second = client.get("/api/v1/traces", params={**query, "cursor": first["next_cursor"]}).json()
    teams = [item["team"] for item in first["items"] + second["items"]]
    assert sorted(teams) == ["a", "a", "b", "b"]


def test_the_tail_continues_after_its_cursor(client: TestClient, project: str) -> None:
    ship(client, recent(project))
    first = client.get("/api/v1/traces/tail", params={"project_id": project}).json()
    assert len(first["items"]) == 1
    query = {"project_id": project, "after": first["next_cursor"]}
    assert client.get("/api/v1/traces/tail", params=query).json()["items"] == []
    ship(client, recent(project))
    assert len(client.get("/api/v1/traces/tail", params=query).json()["items"]) == 1


def test_the_overview_sums_up(client: TestClient, project: str) -> None:
    ship(client, recent(project), recent(project, cost=""))
    body = client.get("/api/v1/overview", params={"project_id": project}).json()
    assert body["totals"]["requests"] == 2
    assert body["totals"]["unpriced"] == 1
    assert body["totals"]["cost"] == "0.000425"
    assert body["totals"]["latency_ms"] == {"p50": 5.0, "p95": 5.0, "p99": 5.0}
    assert body["previous"]["latency_ms"] is None
    assert sum(bucket["requests"] for bucket in body["series"]) == 2
    assert [group["value"] for group in body["by_model"]] == ["gpt-4o"]
    facets = client.get("/api/v1/traces/facets", params={"project_id": project}).json()
    assert facets["provider"] == ["openai"]


def test_the_targets_of_a_route_have_their_attempts(client: TestClient, project: str) -> None:
    failed = attempt("a", CallStatus.ERROR, error_type="upstream_unavailable")
    routed = recent(project, attempts=(failed, attempt("b", CallStatus.OK)))
    begin = msgspec.structs.replace(routed.begin, request_model="support")
    ship(client, msgspec.structs.replace(routed, begin=begin), recent(project))
    query = {"project_id": project, "request_model": "support"}
    items = client.get("/api/v1/traces/targets", params=query).json()["items"]
    first, last = sorted(items, key=lambda item: item["model"])
    assert first["error_types"] == {"upstream_unavailable": 1}
    assert (first["attempts"], first["errors"], first["calls"]) == (1, 1, 0)
    assert (last["attempts"], last["errors"], last["calls"]) == (1, 0, 1)
    assert last["latency_ms"] == {"p50": 2.0, "p95": 2.0, "p99": 2.0}
    facets = client.get("/api/v1/traces/facets", params={"project_id": project}).json()
    assert facets["request_model"] == ["gpt-4o", "support"]
    listed = client.get("/api/v1/traces", params=query).json()["items"]
    assert [item["trace_id"] for item in listed] == [routed.begin.trace_id]


def test_calls_without_a_project_are_shown_on_the_instance_only(client: TestClient) -> None:
    end = recent("", status=CallStatus.ERROR, http_status=401, attempts=())
    ship(client, end)
    items = client.get("/api/v1/instance/traces").json()["items"]
    assert end.begin.trace_id in {item["trace_id"] for item in items}
    trace = client.get(f"/api/v1/instance/traces/{end.begin.trace_id}").json()
    assert len(trace["spans"]) == 1


@pytest.mark.parametrize(
    "query",
    [
        {"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"},
        {"cursor": "nonsense"},
    ],
)
def test_what_makes_no_sense_is_refused(client: TestClient, query: dict[str, str]) -> None:
    answer = client.get("/api/v1/traces", params=query)
    assert (answer.status_code, answer.json()) == (400, {"code": "invalid_request"})


@pytest.mark.parametrize("query", [{"limit": 0}, {"from": "yesterday"}, {"min_cost": "-1"}])
def test_what_is_malformed_is_refused(client: TestClient, query: dict[str, str]) -> None:
    assert client.get("/api/v1/traces", params=query).status_code == 422


def test_an_unknown_trace_is_not_found(client: TestClient, project: str) -> None:
    query = {"project_id": project}
    assert client.get(f"/api/v1/traces/{'a' * 32}", params=query).status_code == 404
    assert client.get("/api/v1/traces/xyz", params=query).status_code == 422


def test_a_trace_of_any_size_is_shown_as_far_as_it_may_be(
    client: TestClient, traces: Traces
) -> None:
    project, text = calls.new_project(), "a" * 2**20
    first = calls.call(project, request=calls.chat(text))
    for _ in range(80):
        end = calls.call(project, request=calls.chat(text))
        begin = msgspec.structs.replace(end.begin, trace_id=first.begin.trace_id)
        calls.store(traces, msgspec.structs.replace(end, begin=begin))
    path = f"/api/v1/traces/{first.begin.trace_id}"
    trace = client.get(path, params={"project_id": project}).json()
    content = sum(len(span["request"]) for span in trace["spans"])
    assert (trace["truncated"], 2**24 < content < MAX_TRACE_BYTES) == (True, True)


def test_tags_are_filtered_and_shown(client: TestClient, project: str) -> None:
    tags = {"env": "prod", "url": "a:b"}
    [tagged, _] = ends = [recent(project, caller=Caller(tags=tags)), recent(project)]
    ship(client, *ends)
    for path in ("/api/v1/traces", "/api/v1/traces/tail"):
        query = {"project_id": project, "tag": ["env:prod", "url:a:b"]}
        [item] = client.get(path, params=query).json()["items"]
        assert (item["trace_id"], item["tags"]) == (tagged.begin.trace_id, tags)
    detail = client.get(f"/api/v1/traces/{item['trace_id']}", params={"project_id": project})
    attributes = detail.json()["spans"][0]["attributes"]
    assert attributes["penstock.tag.env"] == "prod"
    wrong = client.get("/api/v1/traces", params={"project_id": project, "tag": "env"})
    assert wrong.status_code == 400
