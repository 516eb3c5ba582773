"""Classifications over a worker, with providers of four formats behind it. The simulator refuses
members that the server does not have."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio

from gateway.conftest import Rig
from gateway.homes import make_home, provider
from gateway.http_client import Answer, call
from gateway.raw_upstream import answers, raw_upstream, unary
from gateway.worker import worker
from sim.conftest import Sim

pytestmark = pytest.mark.asyncio(loop_scope="module")

TEXTS = ["What a great day", "Rain again"]


@pytest.fixture(scope="module")
def simulated() -> Iterator[Sim]:
    running = Sim({})
    yield running
    assert running.stop() == 0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rating(simulated: Sim, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    home = tmp_path_factory.mktemp("classify") / "home"
    base = simulated.address

    def server(name: str, url: str, format_: str = "") -> Any:
        return provider(url, name, models=(), quirks={"classify": format_} if format_ else {})

    async with raw_upstream(answers(unary(b"[]"))) as upstream:
        make_home(
            home,
            [
                server("sglang", f"{base}/v1"),
                server("vllm", f"{base}/v1", "vllm"),
                server("tei", f"{base}/v1", "tei"),
                server("hf", f"{base}/text-classification", "huggingface"),
                server("ner", f"{base}/token-classification", "huggingface"),
                server("raw", upstream.url, "huggingface"),
                server("router", f"{upstream.url}/models", "huggingface"),
                provider(f"{base}/v1", "claude", kind="anthropic", models=()),
            ],
        )
        async with worker(home) as running:
            yield Rig(upstream, running)


async def ask(rig: Rig, request: Any) -> Answer:
    return await call(rig.worker.url, json.dumps(request).encode(), path="/v1/classify")


def data(answer: Answer) -> list[dict[str, Any]]:
    assert answer.status == 200, answer.body
    return json.loads(answer.body)["data"]


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("model", ["sglang/m", "vllm/m", "tei/m", "hf/m"])
async def test_texts_get_labels_from_every_server(rating: Rig, model: str, *, single: bool) -> None:
    answer = await ask(rating, {"model": model, "input": TEXTS[0] if single else TEXTS})
    found = data(answer)
    names = ["POSITIVE"] if single else ["POSITIVE", "NEGATIVE"]
    assert [one["label"] for one in found] == names
    assert [one["labels"][0]["label"] for one in found] == names
    assert all(0.5 < one["labels"][0]["score"] <= 1 for one in found)
    assert [(one["index"], one["spans"]) for one in found] == [(i, []) for i in range(len(found))]
    end = await rating.end_of(answer.trace_id)
    assert (end.begin.operation, end.begin.dialect) == ("classify", "classify")


@pytest.mark.parametrize(("model", "count"), [("tei/m", 1), ("hf/m", 2)])
async def test_the_number_of_labels_can_be_chosen(rating: Rig, model: str, count: int) -> None:
    found = data(await ask(rating, {"model": model, "input": TEXTS, "top_k": count}))
    assert [len(one["labels"]) for one in found] == [count, count]
    for one in found:
        scores = [label["score"] for label in one["labels"]]
        assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("single", [False, True])
async def test_names_in_texts_are_spans(rating: Rig, *, single: bool) -> None:
    texts = ["Ada met Grace", "nobody"]
    asked = {"model": "ner/m", "aggregation_strategy": "simple"}
    found = data(await ask(rating, {**asked, "input": texts[0] if single else texts}))
    spans = found[0]["spans"]
    assert [(one["text"], one["label"], one["start"], one["end"]) for one in spans] == [
        ("Ada", "PER", 0, 3),
        ("Grace", "PER", 8, 13),
    ]
    assert (found[0]["label"], found[0]["labels"]) == (None, [])
    assert single or found[1]["spans"] == []


async def test_the_members_of_vllm_stay_and_its_tokens_are_counted(rating: Rig) -> None:
    answer = await ask(rating, {"model": "vllm/m", "input": TEXTS})
    assert [(one["num_classes"], len(one["probs"])) for one in data(answer)] == [(2, 2), (2, 2)]
    end = await rating.end_of(answer.trace_id)
    assert end.usage.input_tokens > 0


async def test_a_router_has_the_model_in_its_path(rating: Rig) -> None:
    rating.answer(answers(unary(b'[{"label":"a","score":1}]')))
    data(await ask(rating, {"model": "router/org/bert", "input": "x", "user": "u"}))
    seen = rating.upstream.seen[0]
    assert seen.head.startswith(b"POST /v1/models/org/bert HTTP/1.1")
    assert json.loads(seen.body) == {"inputs": "x"}


REJECTED: list[tuple[Any, str]] = [
    ({"input": [1, 2]}, "input"),
    ({"input": [[1]]}, "input"),
    ({"input": []}, "input"),
    ({"input": ["x"] * 1001}, "input"),
    ({"top_k": 0}, "top_k"),
    ({"messages": []}, "messages"),
]


@pytest.mark.parametrize(("changed", "param"), REJECTED)
async def test_what_the_server_cannot_do_is_rejected(rating: Rig, changed: Any, param: str) -> None:
    rating.answer(answers(unary(b"[]")))
    answer = await ask(rating, {"model": "raw/m", "input": "x", **changed})
    assert (answer.status, answer.error["param"]) == (400, param)
    assert rating.upstream.seen == []


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[]",
        b'[{"label":"a","score":1}]',
        b'[[{"label":"a","score":1}]]',
        b'[[{"label":"a","score":1}],{"label":"a","score":1}]',
        b'[{"entity":"a","score":1,"start":0},{"entity":"a","score":1,"start":0}]',
        b'[[{"label":"a"}],[]]',
        b"[" * 50_000,
    ],
)
async def test_labels_that_belong_to_no_text_are_an_error(rating: Rig, body: bytes) -> None:
    rating.answer(answers(unary(body)))
    answer = await ask(rating, {"model": "raw/m", "input": TEXTS})
    assert (answer.status, answer.error["code"]) == (502, "upstream_malformed")


async def test_a_provider_without_classifications_is_named(rating: Rig) -> None:
    answer = await ask(rating, {"model": "claude/m", "input": "x"})
    assert (answer.status, answer.error["code"]) == (400, "not_translatable")
