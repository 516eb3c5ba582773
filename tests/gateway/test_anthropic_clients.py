"""The official client of Anthropic over a worker: providers of its own dialect and of OpenAI's."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import anthropic
import openai
import pytest
import pytest_asyncio
from anthropic import Anthropic, AsyncAnthropic
from anthropic.types import MessageParam, ToolParam
from openai import AsyncOpenAI

from gateway.conftest import Rig
from gateway.homes import KEY, SECRET, make_home, provider
from gateway.http_client import call
from gateway.raw_upstream import STREAM_HEAD, Exchanged, Script, answers, chunk, raw_upstream, unary
from gateway.worker import worker
from penstock.rules.call import CallStatus

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIXTURES = Path(__file__).parent / "fixtures"
TOOLS = (FIXTURES / "anthropic" / "tools.sse").read_bytes()
TEXT = (FIXTURES / "anthropic" / "text.sse").read_bytes()
MESSAGE = (FIXTURES / "anthropic" / "message.json").read_bytes()
OPENAI_TEXT = (FIXTURES / "text.sse").read_bytes()
OPENAI_TOOLS = (FIXTURES / "tools.sse").read_bytes()
WEATHER: ToolParam = {
    "name": "weather",
    "description": "Tells the weather",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}
ASK: list[MessageParam] = [{"role": "user", "content": "Wetter in Zürich?"}]
RAW = json.dumps({"model": "claude/opus", "max_tokens": 9, "messages": ASK}).encode()
OF_ANTHROPIC = b"anthropic-version: 2023-06-01\r\n"


@dataclass
class Clients(Rig):
    """The official clients of two dialects, for one worker."""

    claude: AsyncAnthropic
    gpt: AsyncOpenAI


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def both(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Clients]:
    """`claude` speaks Anthropic's format, `up` OpenAI's."""
    home = tmp_path_factory.mktemp("anthropic") / "home"
    async with raw_upstream(answers(unary(b"{}"))) as upstream:
        own = provider(upstream.url, "claude", kind="anthropic", models=("opus",))
        make_home(home, [own, provider(upstream.url)])
        async with (
            worker(home, limits={"keep_alive_s": 0.2}) as running,
            AsyncAnthropic(base_url=running.url, api_key=KEY, max_retries=0) as claude,
            AsyncOpenAI(base_url=f"{running.url}/v1", api_key=KEY, max_retries=0) as gpt,
        ):
            yield Clients(upstream, running, claude, gpt)


def streamed(sent: bytes, size: int = 1000) -> Script:
    pieces = (chunk(sent[at : at + size]) for at in range(0, len(sent), size))
    return answers(STREAM_HEAD, *pieces, b"0\r\n\r\n", close=True)


def header(exchanged: Exchanged, name: str) -> str:
    """The value of a header that the provider got; empty without it."""
    for line in exchanged.head.decode().split("\r\n"):
        found, _, value = line.partition(":")
        if found.lower() == name:
            return value.strip()
    return ""


async def test_a_request_of_the_same_dialect_passes_with_its_versions(both: Clients) -> None:
    both.answer(answers(unary(MESSAGE, headers="request-id: req_1\r\n")))
    sent = RAW.replace(b"}]", b"}] ").replace(b'"max_tokens"', b'"unknown": 1, "max_tokens"')
    versions = b"anthropic-version: 2023-01-01\r\nanthropic-beta: a-1,b-2\r\n"
    answer = await call(both.worker.url, sent, path="/v1/messages", headers=versions)
    assert (answer.status, answer.body) == (200, MESSAGE)
    assert answer.headers["request-id"] == "req_1"
    got = both.upstream.seen[0]
    assert got.body == sent.replace(b"claude/opus", b"opus")
    assert got.head.startswith(b"POST /v1/messages HTTP/1.1\r\n")
    names = ("x-api-key", "anthropic-version", "anthropic-beta", "authorization")
    assert [header(got, name) for name in names] == [SECRET, "2023-01-01", "a-1,b-2", ""]


async def test_limits_of_the_provider_reach_the_client(both: Clients) -> None:
    limits = "anthropic-ratelimit-requests-remaining: 7\r\nserver: x\r\nanthropic-other: 1\r\n"
    both.answer(answers(unary(MESSAGE, headers=limits)))
    answer = await call(both.worker.url, RAW, path="/v1/messages")
    found = {name for name in answer.headers if name.startswith(("anthropic-", "server"))}
    assert found == {"anthropic-ratelimit-requests-remaining"}


async def test_a_whole_answer_of_the_same_dialect(both: Clients) -> None:
    both.answer(answers(unary(MESSAGE)))
    answer = await both.claude.messages.create(model="opus", max_tokens=100, messages=ASK)
    assert [block.type for block in answer.content] == ["thinking", "text", "tool_use"]
    assert answer.stop_reason == "tool_use"
    end = (await both.worker.wait_for_ends(1))[-1]
    assert (end.response_id, end.finish_reasons, end.usage.input_tokens) == (
        "msg_02",
        ("tool_use",),
        3,
    )


@pytest.mark.parametrize("size", [1, 7, 10_000])
async def test_a_stream_of_the_same_dialect_passes_byte_for_byte(both: Clients, size: int) -> None:
    both.answer(streamed(TOOLS, size))
    ask = RAW.replace(b"{", b'{"stream":true,', 1)
    answer = await call(both.worker.url, ask, path="/v1/messages")
    assert (answer.body, answer.whole) == (TOOLS, True)
    end = await both.end_of(answer.trace_id)
    usage = end.usage
    assert (end.status, end.begin.dialect, end.attempts[0].dialect) == (
        CallStatus.OK,
        "anthropic",
        "anthropic",
    )
    counts = (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens)
    assert counts == (1320, 89, 1000)
    assert (usage.cache_write_tokens, usage.cache_write_1h_tokens) == (300, 200)
    assert (usage.reasoning_tokens, usage.web_searches) == (40, 2)
    kept = json.loads(end.response)
    assert [block["type"] for block in kept["content"]] == [
        *("thinking", "redacted_thinking", "text", "tool_use", "tool_use"),
    ]
    assert kept["content"][0]["signature"] == "EqoBCkgIARAB"
    assert (kept["content"][2]["text"], kept["content"][3]["input"]) == (
        "Grüße aus Köln 👋🏽",
        {"city": "Zürich"},
    )


async def test_the_record_of_a_stream_keeps_blocks_and_citations(both: Clients) -> None:
    both.answer(streamed(TEXT))
    ask = RAW.replace(b"{", b'{"stream":true,', 1)
    answer = await call(both.worker.url, ask, path="/v1/messages")
    content = json.loads((await both.end_of(answer.trace_id)).response)["content"]
    assert [block["text"] for block in content] == ["Laut Akte: ", "Gras ist grün."]
    (citation,) = content[1]["citations"]
    assert (citation["document_title"], citation["end_char_index"]) == ("Akte", 14)


async def test_the_helper_for_streams_collects_the_same_dialect(both: Clients) -> None:
    both.answer(streamed(TOOLS, 11))
    async with both.claude.messages.stream(model="opus", max_tokens=9, messages=ASK) as stream:
        texts = [text async for text in stream.text_stream]
        final = await stream.get_final_message()
    assert "".join(texts) == "Grüße aus Köln 👋🏽"
    calls = [block for block in final.content if block.type == "tool_use"]
    assert [(one.name, one.input) for one in calls] == [
        ("weather", {"city": "Zürich"}),
        ("now", {}),
    ]
    assert (final.stop_reason, final.usage.output_tokens) == ("tool_use", 89)


async def test_the_synchronous_client(both: Clients) -> None:
    def ask(model: str) -> list[str]:
        with Anthropic(base_url=both.worker.url, api_key=KEY, max_retries=0) as claude:
            with claude.messages.stream(model=model, max_tokens=9, messages=ASK) as stream:
                final = stream.get_final_message()
            whole = claude.messages.create(model=model, max_tokens=9, messages=ASK, stream=True)
            kinds = [event.type for event in whole]
        return [*(block.type for block in final.content), kinds[0], kinds[-1]]

    both.answer(streamed(TOOLS, 9))
    assert await asyncio.to_thread(ask, "opus") == [
        *("thinking", "redacted_thinking", "text", "tool_use", "tool_use"),
        *("message_start", "message_stop"),
    ]
    both.answer(streamed(OPENAI_TOOLS, 9))
    assert await asyncio.to_thread(ask, "small") == ["tool_use", "message_start", "message_stop"]


@pytest.mark.parametrize("size", [1, 5, 10_000])
async def test_a_stream_of_another_dialect(both: Clients, size: int) -> None:
    both.answer(streamed(OPENAI_TEXT, size))
    async with both.claude.messages.stream(model="small", max_tokens=9, messages=ASK) as stream:
        final = await stream.get_final_message()
    (block,) = final.content
    assert block.type == "text"
    assert block.text == "Grüße aus Köln 👋🏽 — ça va?"
    assert (final.stop_reason, final.usage.input_tokens) == ("end_turn", 14)


async def test_tools_of_another_dialect(both: Clients) -> None:
    both.answer(streamed(OPENAI_TOOLS))
    stream = both.claude.messages.stream(
        model="small",
        max_tokens=9,
        messages=ASK,
        tools=[WEATHER],
        tool_choice={"type": "any", "disable_parallel_tool_use": True},
        system="Kurz.",
    )
    async with stream as opened:
        final = await opened.get_final_message()
    (block,) = [block for block in final.content if block.type == "tool_use"]
    assert (block.name, block.input) == ("weather", {"city": "Zürich", "unit": "°C"})
    sent = json.loads(both.upstream.seen[0].body)
    assert sent["tool_choice"] == "required"
    assert (sent["parallel_tool_calls"], sent["max_completion_tokens"]) == (False, 9)
    assert sent["messages"][0] == {"role": "system", "content": "Kurz."}
    assert sent["tools"][0]["function"]["parameters"] == WEATHER["input_schema"]


def reasoned() -> bytes:
    """An answer of an OpenAI-compatible provider that reasons and calls a tool."""
    function = {"name": "weather", "arguments": '{"city":"Köln"}'}
    message = {
        "role": "assistant",
        "content": None,
        "reasoning_content": "Köln liegt am Rhein.",
        "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
    }
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    usage = {"prompt_tokens": 3, "completion_tokens": 2}
    return json.dumps({"id": "c", "model": "small", "choices": [choice], "usage": usage}).encode()


async def after_a_tool_call(both: Clients, model: str) -> None:
    """Asks `small`, and sends its answer with the tool's result to `model`."""
    both.answer(answers(unary(reasoned())))
    first = await both.claude.messages.create(
        model="small", max_tokens=9, messages=ASK, tools=[WEATHER]
    )
    thinking, used = first.content
    assert thinking.type == "thinking"
    assert used.type == "tool_use"
    assert thinking.thinking == "Köln liegt am Rhein."
    both.answer(answers(unary(MESSAGE if model == "opus" else reasoned())))
    result = {"type": "tool_result", "tool_use_id": used.id, "content": "Regen", "is_error": False}
    history = [*ASK, first.to_param(), {"role": "user", "content": [result]}]
    await both.claude.messages.create(
        model=model,
        max_tokens=2000,
        messages=history,
        tools=[WEATHER],
        thinking={"type": "enabled", "budget_tokens": 1024},
    )


async def test_reasoning_of_another_dialect_comes_back_to_it(both: Clients) -> None:
    await after_a_tool_call(both, "small")
    sent = json.loads(both.upstream.seen[0].body)["messages"]
    assert sent[1]["reasoning_content"] == "Köln liegt am Rhein."
    assert (sent[1]["tool_calls"][0]["id"], sent[2]["tool_call_id"]) == ("call_1", "call_1")


async def test_reasoning_of_another_dialect_is_not_sent_to_anthropic(both: Clients) -> None:
    await after_a_tool_call(both, "opus")
    sent = json.loads(both.upstream.seen[0].body)
    assert [block["type"] for block in sent["messages"][1]["content"]] == ["tool_use"]
    assert "thinking" not in sent  # Anthropic requires the thinking before the tool call
    end = both.worker.ends()[-1]
    assert set(end.attempts[0].changes) == {"dropped:reasoning", "changed:reasoning"}


async def test_an_openai_client_over_anthropic(both: Clients) -> None:
    both.answer(streamed(TOOLS, 13))
    function = {"name": "weather", "parameters": WEATHER["input_schema"]}
    answer = await both.gpt.chat.completions.with_raw_response.create(
        model="opus",
        stream=True,
        stream_options={"include_usage": True},
        messages=[
            {"role": "system", "content": "Kurz."},
            {"role": "user", "content": "Wetter?"},
            {"role": "system", "content": "Auf Deutsch."},
        ],
        tools=[{"type": "function", "function": function}],
        temperature=1.5,
        seed=7,
    )
    chunks = [chunk async for chunk in answer.parse()]
    deltas = [each.choices[0].delta for each in chunks if each.choices]
    assert "".join(delta.content or "" for delta in deltas) == "Grüße aus Köln 👋🏽"
    pieces = [call for delta in deltas for call in delta.tool_calls or ()]
    arguments = dict.fromkeys((0, 1), "")
    for piece in pieces:
        arguments[piece.index] += (piece.function and piece.function.arguments) or ""
    assert [json.loads(text) for text in arguments.values()] == [{"city": "Zürich"}, {}]
    usages = [each.usage for each in chunks if each.usage is not None]
    assert [(usage.prompt_tokens, usage.completion_tokens) for usage in usages] == [(1320, 89)]
    changes = answer.headers["x-penstock-translation"].split(", ")
    assert sorted(changes) == [
        *("changed=max_output_tokens", "changed=system.position", "changed=temperature"),
        "dropped=seed",
    ]
    sent = json.loads(both.upstream.seen[0].body)
    assert [block["text"] for block in sent["system"]] == ["Kurz.", "Auf Deutsch."]
    assert (sent["temperature"], sent["max_tokens"]) == (1.0, 32_000)


async def test_thinking_returns_to_anthropic_through_an_openai_client(both: Clients) -> None:
    both.answer(answers(unary(MESSAGE)))
    first = await both.gpt.chat.completions.create(
        model="opus", messages=[{"role": "user", "content": "Wetter?"}]
    )
    message = first.choices[0].message
    assert message.tool_calls is not None
    both.answer(answers(unary(MESSAGE)))
    await both.gpt.chat.completions.create(
        model="opus",
        messages=[
            {"role": "user", "content": "Wetter?"},
            message.to_dict(),  # pyright: ignore[reportArgumentType] - as clients do
            {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "Regen"},
        ],
    )
    asked = json.loads(both.upstream.seen[0].body)["messages"]
    thinking = {"type": "thinking", "thinking": "Kurz.", "signature": "EqoBCkgIARAC"}
    assert thinking in asked[1]["content"]
    assert [block["id"] for block in asked[1]["content"] if block["type"] == "tool_use"] == [
        "toolu_03"
    ]
    assert asked[2]["content"][0]["tool_use_id"] == "toolu_03"


async def test_tokens_are_counted_by_the_provider(both: Clients) -> None:
    both.answer(answers(unary(b'{"input_tokens":12}')))
    counted = await both.claude.messages.count_tokens(model="opus", messages=ASK)
    assert counted.input_tokens == 12
    assert both.upstream.seen[0].head.startswith(b"POST /v1/messages/count_tokens ")
    with pytest.raises(anthropic.BadRequestError, match="only chat is translated"):
        await both.claude.messages.count_tokens(model="small", messages=ASK)


async def test_models_are_listed_and_shown(both: Clients) -> None:
    listed = [model async for model in both.claude.models.list()]
    assert [model.id for model in listed] == ["large", "opus", "small"]
    assert (await both.claude.models.retrieve("claude/opus")).id == "claude/opus"
    with pytest.raises(anthropic.NotFoundError):
        await both.claude.models.retrieve("none")
    assert [model.id async for model in both.gpt.models.list()] == ["large", "opus", "small"]
    assert (await both.gpt.models.retrieve("opus")).owned_by == "claude"
    with pytest.raises(openai.NotFoundError):
        await both.gpt.models.retrieve("none")


async def test_errors_have_the_class_that_clients_expect(both: Clients) -> None:
    good = both.claude
    other = good.with_options(api_key="pk_wrong")
    with pytest.raises(anthropic.AuthenticationError, match="x-api-key"):
        await other.messages.create(model="opus", max_tokens=9, messages=ASK)
    with pytest.raises(anthropic.NotFoundError) as unknown:
        await good.messages.create(model="none", max_tokens=9, messages=ASK)
    assert (unknown.value.type, unknown.value.error_code) == (
        "not_found_error",
        "model_not_found",
    )
    for status, kind, raised in (
        ("400 No", "invalid_request_error", anthropic.BadRequestError),
        ("413 No", "request_too_large", anthropic.APIStatusError),
        ("429 No", "rate_limit_error", anthropic.RateLimitError),
    ):
        error = {"type": "error", "error": {"type": kind, "message": "so not"}}
        both.answer(answers(unary(json.dumps(error).encode(), status)))
        for model in ("opus", "small"):
            with pytest.raises(raised, match="so not") as found:
                await good.messages.create(model=model, max_tokens=9, messages=ASK)
            assert found.value.type == kind
    overloaded = b'{"type":"error","error":{"type":"overloaded_error","message":"later"}}'
    both.answer(answers(unary(overloaded, "529 No")))
    with pytest.raises(anthropic.ServiceUnavailableError) as busy:
        await good.messages.create(model="opus", max_tokens=9, messages=ASK)
    assert busy.value.type == "overloaded_error"


async def test_unknown_paths_and_methods_have_errors_of_the_format(both: Clients) -> None:
    for path, method, kind in (
        ("/v1/messages/batches", "POST", "not_found_error"),
        ("/v1/messages", "GET", "invalid_request_error"),
        ("/v1/models/x", "DELETE", "invalid_request_error"),
    ):
        answer = await call(both.worker.url, b"{}", path=path, method=method, headers=OF_ANTHROPIC)
        found = json.loads(answer.body)
        assert (found["type"], found["error"]["type"]) == ("error", kind)
    of_openai = await call(both.worker.url, b"{}", path="/v1/other", headers=OF_ANTHROPIC)
    assert "type" not in json.loads(of_openai.body)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"model":"opus","model":"small","messages":[]}', "model"),
        (b'{"Model":"small","model":"opus","messages":[]}', "model"),
        (b'{"model":"opus","stream":false,"stream":true,"messages":[]}', "stream"),
        (b'{"model":5,"messages":[]}', "model"),
        (b'{"model":"small"}', "messages"),
        (b'{"model":"small","messages":[5]}', "messages.0"),
        (b'{"model":"small","messages":[],"max_tokens":"x"}', "max_tokens"),
    ],
)
async def test_a_request_that_can_be_read_in_two_ways_is_rejected(
    both: Clients, body: bytes, field: str
) -> None:
    both.answer(answers(unary(MESSAGE)))
    answer = await call(both.worker.url, body, path="/v1/messages")
    error = json.loads(answer.body)["error"]
    assert (answer.status, error["details"]["field"]) == (400, field)
    assert not both.upstream.seen


async def test_a_stream_that_waits_gets_pings(both: Clients) -> None:
    async def late(exchanged: Exchanged, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(1.0)
        await streamed(TOOLS)(exchanged, writer)

    both.answer(late)
    ask = RAW.replace(b"{", b'{"stream":true,', 1)
    answer = await call(both.worker.url, ask, path="/v1/messages")
    assert answer.body.startswith(b'event: ping\ndata: {"type":"ping"}\n\n')
    assert answer.body.endswith(TOOLS)
