"""Clients of one dialect over a provider of another: requests, answers, errors, records."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from gateway import toy_dialect
from gateway.conftest import Rig
from gateway.homes import KEY, make_home, provider
from gateway.http_client import Answer, call
from gateway.raw_upstream import STREAM_HEAD, Script, answers, chunk, raw_upstream, unary
from gateway.worker import worker
from penstock.rules.call import CallStatus, UsageSource

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIXTURES = Path(__file__).parent / "fixtures"
ASK = {"engine": "up/small", "turns": [{"by": "user", "say": "Grüße?"}], "skills": ["weather"]}
TOY_KEY = b"x-toy-key: %b\r\n" % KEY.encode()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def toy(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    home = tmp_path_factory.mktemp("toy") / "home"
    async with raw_upstream(answers(unary(b"{}"))) as upstream:
        make_home(home, [provider(upstream.url)])
        async with worker(home, program=(toy_dialect.__file__,)) as running:
            yield Rig(upstream, running)


async def ask(toy: Rig, *, flow: bool = False, headers: bytes = TOY_KEY) -> Answer:
    body = json.dumps({**ASK, "flow": flow}).encode()
    return await call(toy.worker.url, body, path="/toy/ask", key=None, headers=headers)


def streamed(*pieces: bytes, end: bytes = b"0\r\n\r\n") -> Script:
    return answers(STREAM_HEAD, *(chunk(piece) for piece in pieces if piece), end, close=True)


def events_of(body: bytes) -> list[list[object]]:
    found: list[list[object]] = []
    for event in body.decode().split("\n\n")[:-1]:
        name, _, data = event.removeprefix("event: ").partition("\ndata: ")
        decoded = json.loads(data)
        found.append([name, *(decoded if isinstance(decoded, list) else [])])
    return found


def joined(events: list[list[object]], name: str) -> str:
    return "".join(str(event[-1]) for event in events if event[0] == name)


@pytest.mark.parametrize("size", [1, 7, 10_000])
async def test_a_stream_is_translated_event_by_event(toy: Rig, size: int) -> None:
    sent = (FIXTURES / "text.sse").read_bytes()
    toy.answer(streamed(*(sent[at : at + size] for at in range(0, len(sent), size))))
    answer = await ask(toy, flow=True)
    found = events_of(answer.body)
    assert (answer.status, answer.whole) == (200, True)
    assert joined(found, "say") == "Grüße aus Köln 👋🏽 — ça va?"
    assert [event[0] for event in found if event[0] != "say"] == ["hello", "done", "cost", "bye"]
    assert b"[DONE]" not in answer.body
    end = await toy.end_of(answer.trace_id)
    assert (end.status, end.begin.dialect) == (CallStatus.OK, "toy")
    assert [attempt.dialect for attempt in end.attempts] == ["openai"]
    assert (end.usage.input_tokens, end.usage.source) == (14, UsageSource.PROVIDER)
    assert float(end.cost) > 0
    assert (end.response_model, end.fingerprint) == ("gpt-4o-2024-08-06", "fp_1")


async def test_tool_calls_survive(toy: Rig) -> None:
    toy.answer(streamed((FIXTURES / "tools.sse").read_bytes()))
    found = events_of((await ask(toy, flow=True)).body)
    assert [event[-1] for event in found if event[0] == "use"] == ["weather"]
    assert json.loads(joined(found, "with")) == {"city": "Zürich", "unit": "°C"}
    assert ["done", "tool_calls"] in found


async def test_the_provider_gets_a_request_in_its_own_dialect(toy: Rig) -> None:
    toy.answer(streamed((FIXTURES / "text.sse").read_bytes()))
    await ask(toy, flow=True)
    assert json.loads(toy.upstream.seen[0].body) == {
        "model": "small",
        "messages": [{"role": "user", "content": "Grüße?"}],
        "tools": [{"type": "function", "function": {"name": "weather"}}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


async def test_a_whole_answer_is_translated(toy: Rig) -> None:
    message = {"role": "assistant", "content": "Hallo"}
    body = {
        "id": "c",
        "model": "small-1",
        "system_fingerprint": "fp_7",
        "choices": [{"index": 0, "message": message, "finish_reason": "length"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2},
    }
    toy.answer(answers(unary(json.dumps(body).encode())))
    answer = await ask(toy)
    assert json.loads(answer.body) == {
        "answer": [["hello", "small-1"], ["say", "Hallo"], ["done", "length"], ["cost", 3, 2]]
    }
    end = await toy.end_of(answer.trace_id)
    assert (end.finish_reasons, end.usage.output_tokens) == (("length",), 2)
    assert end.fingerprint == "fp_7"


async def test_a_cut_stream_ends_with_the_surfaces_error_event(toy: Rig) -> None:
    sent = (FIXTURES / "text.sse").read_bytes()
    toy.answer(streamed(sent[: len(sent) // 2]))
    answer = await ask(toy, flow=True)
    names = [event[0] for event in events_of(answer.body)]
    assert not answer.whole
    assert (names[-1], "bye" in names) == ("fault", False)
    assert (await toy.end_of(answer.trace_id)).error_type == "upstream_cut"


async def test_errors_have_the_surfaces_format(toy: Rig) -> None:
    toy.answer(answers(unary(b'{"error":{"message":"too long"}}', "400 Bad")))
    answer = await ask(toy)
    fault = {"why": "too long", "kind": "provider_400"}
    assert (answer.status, json.loads(answer.body)) == (400, {"fault": fault})
    for answer, kind in (
        (await ask(toy, headers=b""), "invalid_api_key"),
        (await ask(toy, headers=b"x-toy-key: pk_wrong\r\n"), "invalid_api_key"),
        (await call(toy.worker.url, b"{}", path="/toy/other"), "not_found"),
        (await call(toy.worker.url, b"{}", path="/toy/ask", key=None, headers=TOY_KEY), "invalid"),
    ):
        found = json.loads(answer.body)["fault"]
        assert (answer.status >= 400, found["kind"].startswith(kind)) == (True, True)
    assert "X-Toy-Key" in json.loads((await ask(toy, headers=b"")).body)["fault"]["why"]


async def test_models_are_listed_in_the_surfaces_format(toy: Rig) -> None:
    answer = await call(
        toy.worker.url, b"", path="/toy/engines", method="GET", key=None, headers=TOY_KEY
    )
    assert json.loads(answer.body) == {"engines": ["large", "small"]}


async def test_the_other_surface_on_the_same_worker_passes_bytes(toy: Rig) -> None:
    sent = (FIXTURES / "tools.sse").read_bytes()
    toy.answer(streamed(sent))
    ask_openai = (
        b'{"model":"small","stream":true,"stream_options":{"include_usage":true},"messages":[]}'
    )
    answer = await call(toy.worker.url, ask_openai)
    assert answer.body == sent
    end = await toy.end_of(answer.trace_id)
    assert (end.begin.dialect, end.attempts[0].dialect) == ("openai", "openai")
