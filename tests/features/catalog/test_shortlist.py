"""What calls and scores show of models, read from a real column store; the shortlist over REST."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from penstock.features.catalog.measured import MeasuredModels
from penstock.features.catalog.model import NewProvider
from penstock.features.catalog.own_price import NewPrice
from penstock.features.catalog.service.shortlist import MOST_COMPARED, ShortlistService
from penstock.features.feedback.service.scores import Accepted, ScoreService
from penstock.features.feedback.store import schema
from penstock.features.traces.schema import FAMILY, STEPS
from penstock.features.traces.service import Traces
from penstock.infra.columns import ColumnStore, apply_steps, open_columns
from penstock.kernel.errors import InvalidRequest
from penstock.kernel.time import SystemClock
from penstock.rules.call import CallEnd, CallStatus
from penstock.rules.models.candidates import MeasuredScore
from penstock.rules.models.requirements import Requirements
from penstock.rules.models.shortlist import ShortlistQuery
from penstock.rules.prices.price import UnitPrice
from penstock.rules.scores.score import Score
from tests.features.traces import calls
from tests.features.traces.calls import ALWAYS, new_project
from tests.features.world import World
from tests.server.running import Caller, Server

MS = 10**6


@pytest.fixture(scope="module")
def columns(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ColumnStore]:
    store = open_columns(f"chdb://{tmp_path_factory.mktemp('home') / 'columns'}")
    apply_steps(store, FAMILY, STEPS)
    apply_steps(store, schema.FAMILY, schema.STEPS)
    yield store
    store.close()


@pytest.fixture(scope="module")
def traces(columns: ColumnStore, tmp_path_factory: pytest.TempPathFactory) -> Traces:
    quarantine = calls.new_quarantine(tmp_path_factory.mktemp("spool"))
    unknown = calls.unknown_records(tmp_path_factory.mktemp("unknown"))
    return Traces(lambda: columns, SystemClock(), lambda project_id, span: [], quarantine, unknown)


def call(project: str, *attempts: tuple[str, CallStatus, int, str]) -> CallEnd:
    """A call with attempts of (provider/model, status, milliseconds, cost); the last one ends
    it."""
    usual = calls.call(project)
    records = tuple(
        msgspec.structs.replace(
            usual.attempts[0],
            span_id=f"{number:02x}{usual.begin.span_id[2:]}",
            provider=name.partition("/")[0],
            model=name.partition("/")[2],
            status=status,
            end_ns=usual.begin.start_ns + took * MS,
            cost=cost,
        )
        for number, (name, status, took, cost) in enumerate(attempts)
    )
    last = records[-1]
    return msgspec.structs.replace(
        usual, attempts=records, provider=last.provider, status=last.status, cost=last.cost
    )


def test_models_are_measured_by_their_attempts(columns: ColumnStore, traces: Traces) -> None:
    project = new_project()
    ok, error, cancelled = CallStatus.OK, CallStatus.ERROR, CallStatus.CANCELLED
    planted = [
        *(call(project, ("a/one", ok, took, "0.002")) for took in range(100, 200)),
        call(project, ("a/one", error, 9000, ""), ("b/two", ok, 50, "0.5")),
        call(project, ("a/one", cancelled, 9000, "")),
        call(project, ("a/one", ok, 150, "")),
        call(new_project(), ("a/one", error, 9000, "")),
        call(project, ("c/three", error, 10, "")),
    ]
    calls.store(traces, *planted)
    found = MeasuredModels(lambda: columns).measured(project, ALWAYS.start_ns, ALWAYS.end_ns, ())
    assert found.keys() == {("a", "one"), ("b", "two"), ("c", "three")}
    one = found["a", "one"]
    assert (one.calls, one.errors, one.answered, one.priced) == (102, 1, 101, 100)
    assert one.latency_ms == pytest.approx(150, abs=1)
    assert one.latency_p95_ms == pytest.approx(194, abs=1)
    assert one.cost == Decimal("0.002")
    assert found["b", "two"].cost == Decimal("0.5")
    three = found["c", "three"]
    assert (three.errors, three.latency_ms, three.latency_p95_ms, three.cost) == (
        *(1, None, None),
        None,
    )
    later = MeasuredModels(lambda: columns).measured(project, ALWAYS.end_ns, 2**62, ("helpful",))
    assert later == {}


def test_scores_count_for_the_model_that_answered(columns: ColumnStore, traces: Traces) -> None:
    project = new_project()
    ok, error = CallStatus.OK, CallStatus.ERROR
    first = call(project, ("a/one", error, 10, ""), ("b/two", ok, 50, "0.5"))
    second = call(project, ("a/one", ok, 50, "0.1"))
    begin = msgspec.structs.replace(second.begin, trace_id=first.begin.trace_id)
    second = msgspec.structs.replace(second, begin=begin)
    third = call(project, ("a/one", ok, 50, "0.1"))
    calls.store(traces, first, second, third)
    trace, other = first.begin.trace_id, third.begin.trace_id

    def score(name: str, value: float, trace_id: str, span_id: str = "", **more: Any) -> Score:
        return Score(name=name, value=value, trace_id=trace_id, span_id=span_id, **more)

    service = ScoreService(lambda: columns, SystemClock())
    results = service.submit(
        project,
        [
            score("helpful", 0.5, trace, first.begin.span_id),
            score("helpful", 1.0, trace, second.begin.span_id),
            score("helpful", 0.0, other),
            score("helpful", 0.8, trace, author="whole trace"),
            score("other", 0.1, other),
        ],
        "key",
    )
    assert all(isinstance(one, Accepted) for one in results)
    found = MeasuredModels(lambda: columns).measured(
        project, ALWAYS.start_ns, ALWAYS.end_ns, ("helpful",)
    )
    # two: 0.5 and the trace's 0.8. one: 1.0, the trace's 0.8, and 0.0 of the other trace.
    assert found["b", "two"].scores == {"helpful": MeasuredScore(pytest.approx(0.65), 2)}
    assert found["a", "one"].scores == {"helpful": MeasuredScore(pytest.approx(0.6), 3)}


def test_facts_prices_and_calls_of_a_project_meet(
    installed: World, columns: ColumnStore, traces: Traces
) -> None:
    project = installed.project_id
    add(installed, NewProvider("openai", "https://api.openai.com/v1", models=("gpt-4o",)))
    mine = NewProvider("mine", "http://10.0.0.7/v1", models=("my-model",), private_allowed=True)
    installed.catalog.providers.add(installed.root, project, mine)
    price = NewPrice("mine", "*", (UnitPrice("input_tokens", Decimal(1)),), 0)
    installed.catalog.prices.add(installed.admin, project, price)
    calls.store(traces, call(project, ("mine/my-model", CallStatus.OK, 70, "0.003")))
    service = ShortlistService(
        installed.catalog.models, MeasuredModels(lambda: columns), SystemClock()
    )
    query = ShortlistQuery(Requirements(max_cost=Decimal("0.01")), min_calls=1)
    found = service.make(project, query, search="", days=90)
    assert [one.candidate.name for one in found.ranked] == ["mine/my-model", "openai/gpt-4o"]
    own, known = (one.candidate for one in found.ranked)
    assert found.ranked[0].cost.usd == Decimal("0.003")
    assert (own.own_server, own.vendor, own.known) == (True, "", None)
    assert (known.own_server, known.vendor) == (False, "openai")
    assert known.known is not None
    only = service.make(project, query, search="GPT", days=1)
    assert [one.candidate.name for one in only.ranked] == ["openai/gpt-4o"]
    assert not only.ranked[0].candidate.measured.calls


def test_too_many_models_are_an_error(installed: World, columns: ColumnStore) -> None:
    models = tuple(f"m{number}" for number in range(MOST_COMPARED + 1))
    add(installed, NewProvider("many", "https://many.example.org/v1", models=models[:5000]))
    add(installed, NewProvider("more", "https://more.example.org/v1", models=models[5000:]))
    service = ShortlistService(
        installed.catalog.models, MeasuredModels(lambda: columns), SystemClock()
    )
    with pytest.raises(InvalidRequest, match="more than 5,000 models") as caught:
        service.make(installed.project_id, ShortlistQuery(), search="", days=1)
    assert "search" in caught.value.hint
    found = service.make(installed.project_id, ShortlistQuery(), search="m4", days=1)
    assert len(found.ranked) == 1111


def add(world: World, new: NewProvider) -> None:
    world.catalog.providers.add(world.admin, world.project_id, new)


def test_a_shortlist_over_rest(server: Server, viewer: Caller) -> None:
    project = f"/api/v1/projects/{server.project_id()}"
    new = {"name": "listed", "base_url": "https://api.openai.com/v1", "models": ["gpt-4o", "o3"]}
    assert server.call("POST", f"{project}/providers", server.root, new).status == 201
    body = {
        "required": {"max_cost": "0.006", "inputs": ["image"], "needs": ["tools"]},
        "preferred": [{"needs": ["reasoning"]}],
        "tokens": {"input": 1000, "output": 300},
        "search": "gpt-4o",
    }
    answer = server.call("POST", f"{project}/models/shortlist", viewer, body)
    assert answer.status == 200, answer.body
    found = answer.json()
    assert (found["ranked_count"], found["excluded_count"]) == (1, 0)
    (one,) = found["ranked"]
    # gpt-4o: 2.50 and 10 dollars per million: 0.0025 + 0.003
    assert one["cost"] == {"usd": "0.0055", "basis": "price of 1,000 tokens in, 300 out"}
    assert (one["rank"], one["send_as"]) == (1, "listed/gpt-4o")
    assert [each["result"] for each in one["findings"]] == ["met"] * 3
    assert one["preferences"][0]["result"] == "unmet"
    body["required"] = {"max_cost": "0.005"}
    again = server.call("POST", f"{project}/models/shortlist", viewer, body).json()
    assert again["ranked"] == []
    assert again["excluded"][0]["reasons"][0]["reason"] == (
        "costs $0.0055 a call (price of 1,000 tokens in, 300 out), at most $0.005 wanted"
    )
    assert server.call("DELETE", f"{project}/providers/listed", server.root).status == 204


@pytest.mark.parametrize(
    "body",
    [
        {"required": {"needs": ["telepathy"]}},
        {"required": {"max_cost": "-1"}},
        {"required": {"max_cost": "NaN"}},
        {"required": {"max_error_rate": 2}},
        {"required": {"min_scores": {f"score {n}": 1 for n in range(11)}}},
        {"required": {"colour": "blue"}},
        {"preferred": [{}] * 11},
        {"tokens": {"input": 10**10, "output": 0}},
        {"tokens": {"input": 1}},
        {"days": 91},
        {"limit": 0},
        {"unknown": "guess"},
    ],
)
def test_bad_requests_are_refused(server: Server, viewer: Caller, body: dict[str, object]) -> None:
    path = f"/api/v1/projects/{server.project_id()}/models/shortlist"
    answer = server.call("POST", path, viewer, body)
    assert answer.status == 422 or answer.status == 400, answer.body
