"""One bad record costs one record: whatever it holds, it can be stored, listed and shown."""

import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.traces import calls, hostile
from features.traces.test_http import known_error, require
from penstock.features.traces.http import (
    build_ingest_router,
    build_overview_router,
    build_router,
)
from penstock.features.traces.service import Traces
from penstock.infra.columns import ColumnStore
from penstock.infra.spool.frame import Kind
from penstock.infra.spool.frame import encode as frame
from penstock.kernel.errors import PenstockError
from penstock.rules.call import CallEnd, encode

law = settings(
    max_examples=30,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
EVER = {"from": "1970-01-01T00:00:00Z", "to": "2262-04-11T23:47:16.500Z"}


@pytest.fixture(scope="module")
def client(traces: Traces) -> Iterator[TestClient]:
    app = FastAPI()
    app.add_exception_handler(PenstockError, known_error)
    app.include_router(build_router(traces, require))
    app.include_router(build_overview_router(traces, require))
    app.include_router(build_ingest_router(traces, lambda: None))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def ship(client: TestClient, data: bytes) -> Any:
    headers = {"x-penstock-batch": calls.new_batch()}
    answer = client.post("/internal/v1/calls", content=data, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def shown(client: TestClient, end: CallEnd) -> dict[str, Any]:
    """The first span of the trace's detail."""
    query = {"project_id": end.begin.project_id}
    answer = client.get(f"/api/v1/traces/{end.begin.trace_id}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["spans"][0]


@pytest.mark.parametrize("depth", hostile.DEPTHS)
def test_a_body_of_any_depth_is_stored_and_shown(
    client: TestClient, project: str, depth: int
) -> None:
    bodies = hostile.bodies(depth)
    bad = [calls.call(project, request=body.encode()) for body in bodies]
    good = calls.call(project)
    assert ship(client, calls.frames([*bad, good]))["stored"] == len(bad) + 1
    assert [shown(client, call)["request"] for call in bad] == bodies
    shown(client, good)


@law
@given(st.data())
def test_whatever_a_record_holds_it_is_stored_listed_and_shown(
    client: TestClient, data: st.DataObject
) -> None:
    project = calls.new_project()
    wild = data.draw(st.lists(hostile.ends(project), min_size=1, max_size=4))
    good = calls.call(project, time.time_ns())
    done = ship(client, calls.frames([*wild, good]))
    assert done["stored"] == len(wild) + 1
    query = {"project_id": project, **EVER}
    listed = client.get("/api/v1/traces", params=query)
    assert listed.status_code == 200, listed.text
    ids = {item["trace_id"] for item in listed.json()["items"]}
    assert ids == {end.begin.trace_id for end in [*wild, good]}
    for end in (*wild, good):
        shown(client, end)
    for path in ("/api/v1/overview", "/api/v1/traces/facets"):
        assert client.get(path, params=query).status_code == 200
    for path in ("/api/v1/overview", "/api/v1/traces/facets", "/api/v1/traces/tail"):
        assert client.get(path, params={"project_id": project}).status_code == 200


@law
@given(st.lists(st.binary(max_size=300), max_size=4))
def test_invalid_bytes_do_not_affect_other_records(
    client: TestClient, rubbish: list[bytes]
) -> None:
    project = calls.new_project()
    good = calls.call(project)
    data = b"".join(frame(Kind.END, one) for one in rubbish) + calls.frames([good])
    assert ship(client, data)["stored"] == 1
    shown(client, good)


WILD = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@law
@given(st.data())
def test_a_field_of_another_type_costs_its_own_record_only(
    client: TestClient, data: st.DataObject
) -> None:
    project = calls.new_project()
    fields = msgspec.msgpack.decode(encode(calls.call(project)))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(fields) - 1))
        fields[place] = data.draw(WILD)
    good = calls.call(project)
    bad = frame(Kind.END, msgspec.msgpack.encode(fields))
    done = ship(client, bad + calls.frames([good]))
    assert done["stored"] + done["quarantined"] == 2
    shown(client, good)
    listed = client.get("/api/v1/traces", params={"project_id": project, **EVER})
    assert listed.status_code == 200


TEXT_COLUMNS = ("request", "response", "input_preview", "output_preview")


@law
@given(st.data())
def test_a_trace_is_shown_whatever_text_is_stored(
    client: TestClient, columns: ColumnStore, data: st.DataObject
) -> None:
    """Also what an earlier version has stored."""
    project = calls.new_project()
    row = calls.row(calls.call(project, attempts=()))
    texts = st.text(max_size=30) | hostile.PAYLOADS.map(lambda body: body.decode(errors="replace"))
    odd = {name: data.draw(texts) for name in TEXT_COLUMNS}
    attributes = data.draw(st.dictionaries(st.text(max_size=9), texts, max_size=3))
    blobs = data.draw(st.lists(texts, max_size=3))
    row = msgspec.structs.replace(row, **odd, attributes=attributes, request_blobs=blobs)
    columns.insert("calls", [row])
    query = {"project_id": project}
    answer = client.get(f"/api/v1/traces/{row.trace_id}", params=query)
    assert answer.status_code == 200, answer.text
    [span] = answer.json()["spans"]
    assert span["request"] == odd["request"] or blobs
    assert span["response"] == odd["response"]
    assert span["output"] is None or odd["response"]
    assert set(attributes) <= set(span["attributes"])
