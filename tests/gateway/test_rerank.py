"""Rerankings: clients of Cohere and Jina over a worker, with providers of three formats behind it.

The simulator refuses members that the vendor does not have.
"""

import json
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from gateway.conftest import Rig
from gateway.homes import KEY, LIMITED_KEY, make_home, provider
from gateway.http_client import Answer, call
from gateway.raw_upstream import answers, raw_upstream, unary
from gateway.worker import worker
from penstock.rules.prices.price import PriceOverride, UnitPrice
from sim.conftest import Sim

pytestmark = pytest.mark.asyncio(loop_scope="module")

DOCUMENTS = ["The turbine turns.", "Paris is the capital of France.", "Berlin is a city."]
ASKED: dict[str, Any] = {"query": "What is the capital of France?", "documents": DOCUMENTS}
SEARCH = UnitPrice("rerank_searches", Decimal(2), per=1000)


@pytest.fixture(scope="module")
def simulated() -> Iterator[Sim]:
    running = Sim({})
    yield running
    assert running.stop() == 0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ranking(simulated: Sim, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    home = tmp_path_factory.mktemp("rerank") / "home"
    base = simulated.address
    async with raw_upstream(answers(unary(b"{}"))) as upstream:
        make_home(
            home,
            [
                provider(f"{base}/v2", "cohere", kind="cohere", models=()),
                provider(f"{base}/v1", "jina", models=("ranker",)),
                provider(f"{base}/v1", "tei", models=(), quirks={"rerank": "tei"}),
                provider(f"{base}/v1", "claude", kind="anthropic", models=()),
                provider(upstream.url, "raw", models=(), quirks={"rerank": "tei"}),
                provider(f"{upstream.url}", "rawco", kind="cohere", models=()),
            ],
            prices=[PriceOverride("search", "cohere", "*", (SEARCH,))],
        )
        async with worker(home) as running:
            yield Rig(upstream, running)


async def ask(rig: Rig, request: Any, path: str = "/v2/rerank", key: str = KEY) -> Answer:
    return await call(rig.worker.url, json.dumps(request).encode(), path=path, key=key)


def results(answer: Answer) -> list[dict[str, Any]]:
    assert answer.status == 200, answer.body
    return json.loads(answer.body)["results"]


@pytest.mark.parametrize("path", ["/v1/rerank", "/v2/rerank"])
@pytest.mark.parametrize("model", ["cohere/rerank-v3.5", "jina/ranker", "tei/any"])
async def test_every_client_gets_the_best_documents_of_every_provider(
    ranking: Rig, model: str, path: str
) -> None:
    answer = await ask(ranking, {**ASKED, "model": model, "top_n": 2}, path)
    found = results(answer)
    assert (found[0]["index"], len(found)) == (1, 2)
    assert found[0]["relevance_score"] > found[1]["relevance_score"]
    end = await ranking.end_of(answer.trace_id)
    assert (end.begin.operation, end.begin.dialect) == ("rerank", "rerank")


@pytest.mark.parametrize("model", ["cohere/rerank-v3.5", "jina/ranker", "tei/any"])
async def test_documents_come_back_if_they_are_wanted(ranking: Rig, model: str) -> None:
    documents = [{"text": text} for text in DOCUMENTS]
    asked = {**ASKED, "model": model, "documents": documents, "return_documents": True}
    found = results(await ask(ranking, asked, "/v1/rerank"))
    assert [one["document"]["text"] for one in found] == [DOCUMENTS[one["index"]] for one in found]


async def test_searches_are_counted_and_priced(ranking: Rig) -> None:
    documents = [f"Text {number}" for number in range(250)]
    answer = await ask(ranking, {"model": "cohere/r", "query": "Text 3", "documents": documents})
    end = await ranking.end_of(answer.trace_id)
    assert (end.usage.rerank_searches, Decimal(end.cost)) == (3, Decimal("0.006"))


async def test_tokens_are_counted_where_the_answer_has_them(ranking: Rig) -> None:
    answer = await ask(ranking, {**ASKED, "model": "ranker"})
    end = await ranking.end_of(answer.trace_id)
    assert end.usage.input_tokens > 0
    assert end.cost == ""


async def test_fields_of_documents_are_compared_as_lines(ranking: Rig) -> None:
    ranking.answer(answers(unary(b'{"results":[]}')))
    documents = [{"title": "A", "body": "B", "id": "7"}]
    asked = {"model": "rawco/m", "query": "q", "documents": documents}
    results(await ask(ranking, {**asked, "rank_fields": ["title", "body"]}))
    sent = json.loads(ranking.upstream.seen[0].body)
    assert sent == {"model": "m", "query": "q", "documents": ["title: A\nbody: B"]}


async def test_bytes_pass_to_a_provider_of_the_same_format(ranking: Rig) -> None:
    ranking.answer(answers(unary(b'{"results":[], "x":  1}')))
    body = b'{"model": "rawco/m", "query": "q",  "documents": ["a"], "priority": 5}'
    answer = await call(ranking.worker.url, body, path="/v2/rerank")
    assert ranking.upstream.seen[0].body == body.replace(b"rawco/m", b"m")
    assert answer.body == b'{"results":[], "x":  1}'


async def test_what_is_left_out_is_named(ranking: Rig) -> None:
    answer = await ask(ranking, {**ASKED, "model": "tei/any", "max_tokens_per_doc": 100})
    assert answer.headers["x-penstock-translation"] == "dropped=max_tokens_per_doc"
    end = await ranking.end_of(answer.trace_id)
    assert end.attempts[-1].changes == ("dropped:max_tokens_per_doc",)


REJECTED: list[tuple[Any, str | None]] = [
    ({"return_embeddings": True}, "return_embeddings"),
    ({"documents": [{"image": {"url": "x"}}]}, "documents"),
    ({"documents": [{}]}, "documents"),
    ({"documents": [1]}, None),
    ({"documents": ["x"] * 10_001}, "documents"),
    ({"query": None}, None),
    ({"top_n": 0}, "top_n"),
]


@pytest.mark.parametrize(("changed", "param"), REJECTED)
async def test_what_cannot_be_said_to_the_provider_is_rejected(
    ranking: Rig, changed: Any, param: str | None
) -> None:
    ranking.answer(answers(unary(b"[]")))
    answer = await ask(ranking, {**ASKED, "model": "raw/any", **changed})
    document = json.loads(answer.body)
    assert (answer.status, document["error"]["param"]) == (400, param)
    assert document["message"] == document["detail"] == document["error"]["message"]
    assert ranking.upstream.seen == []


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"null",
        b'[{"index":3,"score":0.5}]',
        b'[{"index":-1,"score":0.5}]',
        b'[{"index":0}]',
        b'[{"index":"0","score":1}]',
        b"[" * 50_000,
    ],
)
async def test_a_malformed_answer_is_an_error(ranking: Rig, body: bytes) -> None:
    ranking.answer(answers(unary(body)))
    asked = {**ASKED, "model": "raw/any", "return_documents": True}
    answer = await ask(ranking, asked)
    assert (answer.status, answer.error["code"]) == (502, "upstream_malformed")


async def test_a_stream_is_no_reranking(ranking: Rig) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 12\r\n\r\n"
    ranking.answer(answers(head + b"data: [1]\n\n\n"))
    answer = await ask(ranking, {**ASKED, "model": "rawco/m"})
    assert (answer.status, answer.error["code"]) == (502, "upstream_malformed")
    streamed = await ask(ranking, {**ASKED, "model": "rawco/m", "stream": True})
    assert (streamed.status, streamed.error["param"]) == (400, "stream")


async def test_who_may_not_rerank_gets_an_error(ranking: Rig) -> None:
    limited = await ask(ranking, {**ASKED, "model": "jina/ranker"}, key=LIMITED_KEY)
    assert (limited.status, limited.error["code"]) == (403, "model_not_allowed")
    other = await ask(ranking, {**ASKED, "model": "claude/any"})
    assert (other.status, other.error["code"]) == (400, "not_translatable")
