"""The official client of Gemini's API over providers of the same and of OpenAI's dialect."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
from google import genai
from google.genai import errors, types

from gateway.conftest import Rig
from gateway.homes import KEY, SECRET, make_home, provider
from gateway.http_client import call
from gateway.raw_upstream import STREAM_HEAD, Script, answers, chunk, raw_upstream, unary
from gateway.worker import worker
from penstock.rules.call import CallStatus, UsageSource

pytestmark = pytest.mark.asyncio(loop_scope="module")

USAGE = {
    "promptTokenCount": 9,
    "candidatesTokenCount": 4,
    "thoughtsTokenCount": 3,
    "totalTokenCount": 16,
}
WEATHER = types.Tool(
    function_declarations=[
        types.FunctionDeclaration(
            name="weather",
            description="The weather of a city",
            parameters=types.Schema(
                type=types.Type.OBJECT, properties={"city": types.Schema(type=types.Type.STRING)}
            ),
        )
    ]
)
GOOGLE_KEY = b"x-goog-api-key: %b\r\n" % KEY.encode()
ASK = b'{"contents":[{"role":"user","parts":[{"text":"Hi"}]}]}'
STREAM_PATH = "/v1beta/models/same/small:streamGenerateContent"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def google(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    home = tmp_path_factory.mktemp("gemini") / "home"
    async with raw_upstream(answers(unary(b"{}"))) as upstream:
        base = upstream.url.replace("/v1", "/v1beta")
        same = provider(base, "same", kind="gemini", models=("small", "tuned:8b"))
        make_home(home, [provider(upstream.url), same])
        async with worker(home) as running:
            yield Rig(upstream, running)


@asynccontextmanager
async def client(rig: Rig, key: str = KEY) -> AsyncIterator[genai.Client]:
    retries = types.HttpRetryOptions(attempts=1)
    options = types.HttpOptions(base_url=rig.worker.url, retry_options=retries)
    opened = genai.Client(api_key=key, http_options=options)
    try:
        yield opened
    finally:
        await opened.aio.aclose()
        opened.close()


def piece(parts: list[dict[str, Any]], **members: Any) -> dict[str, Any]:
    candidate = {"content": {"parts": parts, "role": "model"}, "index": 0, **members}
    return {"candidates": [candidate], "modelVersion": "gem-1", "responseId": "r1"}


def events(*documents: dict[str, Any], line: bytes = b"\r\n\r\n") -> bytes:
    return b"".join(b"data: " + json.dumps(each).encode() + line for each in documents)


def streamed(body: bytes, size: int = 10_000) -> Script:
    pieces = [chunk(body[at : at + size]) for at in range(0, len(body), size)]
    return answers(STREAM_HEAD, *pieces, chunk(b""), close=True)


def openai_stream(*deltas: dict[str, Any], reason: str = "stop") -> Script:
    chunks: list[dict[str, Any]] = [
        {"id": "c1", "model": "gpt", "choices": [{"index": 0, "delta": delta}]} for delta in deltas
    ]
    chunks.append({"id": "c1", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
    chunks.append({"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2}})
    return streamed(events(*chunks, line=b"\n\n") + b"data: [DONE]\n\n")


GOOD = events(
    piece([{"text": "Hal"}]),
    piece([{"text": "lo 👋"}]),
    {
        **piece([{"text": "", "thoughtSignature": "c2ln"}], finishReason="STOP"),
        "usageMetadata": USAGE,
    },
)


async def test_a_call_passes_as_it_is_to_a_provider_of_the_same_dialect(google: Rig) -> None:
    whole = {**piece([{"text": "Hallo"}], finishReason="STOP"), "usageMetadata": USAGE}
    google.answer(answers(unary(json.dumps(whole).encode())))
    async with client(google) as google_client:
        answer = await google_client.aio.models.generate_content(model="same/small", contents="Hi")
        assert (answer.text, answer.model_version) == ("Hallo", "gem-1")
        sent = google.upstream.seen[0]
        assert sent.head.startswith(b"POST /v1beta/models/small:generateContent HTTP/1.1")
        assert b"x-goog-api-key: " + SECRET.encode() in sent.head
        end = google.worker.ends()[-1]
        assert (end.status, end.finish_reasons, end.response_id) == (CallStatus.OK, ("STOP",), "r1")
        assert (end.usage.input_tokens, end.usage.output_tokens, end.usage.reasoning_tokens) == (
            9,
            7,
            3,
        )


@pytest.mark.parametrize("size", [1, 7, 10_000])
async def test_a_stream_passes_and_its_last_chunk_ends_it(google: Rig, size: int) -> None:
    google.answer(streamed(GOOD, size))
    answer = await call(
        google.worker.url, ASK, path=STREAM_PATH + "?alt=sse", key=None, headers=GOOGLE_KEY
    )
    assert (answer.body, answer.whole) == (GOOD, True)
    end = await google.end_of(answer.trace_id)
    assert (end.status, end.usage.source) == (CallStatus.OK, UsageSource.PROVIDER)
    recorded = json.loads(end.response)["candidates"][0]
    assert recorded["content"]["parts"] == [{"text": "Hallo 👋", "thoughtSignature": "c2ln"}]


@pytest.mark.parametrize("path", ["same/small", "up/small"])
async def test_a_stream_as_a_json_array_is_one_document(google: Rig, path: str) -> None:
    google.answer(
        streamed(GOOD, 11) if path == "same/small" else openai_stream({"content": "Hallo 👋"})
    )
    path = f"/v1beta/models/{path}:streamGenerateContent?key={KEY}"
    answer = await call(google.worker.url, ASK, path=path, key=None)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    texts = [
        part["text"]
        for document in json.loads(answer.body)
        for part in document["candidates"][0]["content"]["parts"]
    ]
    assert "".join(texts) == "Hallo 👋"


async def test_the_client_streams_from_a_provider_of_another_dialect(google: Rig) -> None:
    google.answer(openai_stream({"content": "Grü"}, {"content": "ße"}))
    async with client(google) as google_client:
        chat = google_client.aio.chats.create(model="up/small")
        found = [each async for each in await chat.send_message_stream("Hi")]
        assert "".join(each.text or "" for each in found) == "Grüße"
        usage = found[-1].usage_metadata
        assert usage is not None
        assert (usage.prompt_token_count, usage.candidates_token_count) == (5, 2)
        assert len(chat.get_history(curated=True)) == len(found) + 1
        assert json.loads(google.upstream.seen[0].body)["messages"] == [
            {"role": "user", "content": "Hi"}
        ]


async def test_tools_reach_another_dialect_and_come_back(google: Rig) -> None:
    started = {"index": 0, "id": "call_a", "function": {"name": "weather", "arguments": ""}}
    rest = {"index": 0, "function": {"arguments": '{"city":"Köln","n":12345678901234567890}'}}
    google.answer(
        openai_stream({"tool_calls": [started]}, {"tool_calls": [rest]}, reason="tool_calls")
    )
    async with client(google) as google_client:
        models = google_client.aio.models
        config = types.GenerateContentConfig(tools=[WEATHER], system_instruction="Be brief")
        stream = await models.generate_content_stream(model="up/small", contents="?", config=config)
        [made] = [made async for each in stream for made in each.function_calls or ()]
        assert (made.id, made.name, made.args) == (
            "call_a",
            "weather",
            {"city": "Köln", "n": 12345678901234567890},
        )
        google.answer(openai_stream({"content": "ok"}))
        history = [
            types.Content(role="user", parts=[types.Part(text="?")]),
            types.Content(role="model", parts=[types.Part(function_call=made)]),
            types.Content(
                role="user",
                parts=[
                    types.Part.from_function_response(name="weather", response={"output": "rain"})
                ],
            ),
        ]
        answered = models.generate_content_stream(model="up/small", contents=history, config=config)
        assert "".join([each.text or "" async for each in await answered]) == "ok"
        sent = json.loads(google.upstream.seen[0].body)
        assert [each["role"] for each in sent["messages"]] == [
            "system",
            "user",
            "assistant",
            "tool",
        ]
        assert (sent["messages"][3]["tool_call_id"], sent["messages"][3]["content"]) == (
            "call_a",
            "rain",
        )
        schema = sent["tools"][0]["function"]["parameters"]
        assert schema == {"type": "object", "properties": {"city": {"type": "string"}}}


async def test_structured_output_is_asked_for_in_the_other_dialect(google: Rig) -> None:
    message = {"role": "assistant", "content": '{"n":1}'}
    whole = {"id": "c", "model": "m", "choices": [{"message": message, "finish_reason": "stop"}]}
    google.answer(answers(unary(json.dumps(whole).encode())))
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    config = types.GenerateContentConfig(
        response_mime_type="application/json", response_json_schema=schema
    )
    async with client(google) as sync:
        answer = await asyncio.to_thread(
            sync.models.generate_content, model="up/small", contents="?", config=config
        )
        assert answer.parsed == {"n": 1}
        asked = json.loads(google.upstream.seen[0].body)["response_format"]
        assert (asked["type"], asked["json_schema"]["schema"]) == ("json_schema", schema)


async def test_errors_raise_in_the_client(google: Rig) -> None:
    refused = b'{"error":{"code":400,"message":"too long","status":"INVALID_ARGUMENT"}}'
    google.answer(answers(unary(refused, "400 Bad")))
    for model, key, status, name in (
        ("same/small", KEY, 400, "INVALID_ARGUMENT"),
        ("up/small", KEY, 400, "INVALID_ARGUMENT"),
        ("same/small", "pk_wrong", 401, "UNAUTHENTICATED"),
        ("none/small", KEY, 404, "NOT_FOUND"),
    ):
        async with client(google, key) as google_client:
            ask = google_client.aio.models.generate_content
            with pytest.raises(errors.ClientError) as caught:
                await ask(model=model, contents="Hi")
        assert (caught.value.code, caught.value.status) == (status, name)
    google.answer(streamed(events(piece([{"text": "Hal"}]))))
    async with client(google) as google_client:
        stream = await google_client.aio.models.generate_content_stream(
            model="same/small", contents="?"
        )
        with pytest.raises(errors.ServerError, match="ended before it was complete"):
            [each async for each in stream]


async def test_models_counts_and_embeddings(google: Rig) -> None:
    async with client(google) as google_client:
        aio = google_client.aio
        names = [model.name async for model in await aio.models.list()]
        assert "models/tuned:8b" in names
        google.answer(answers(unary(b'{"totalTokens":5}')))
        counted = await aio.models.count_tokens(model="tuned:8b", contents="Hi")
        assert counted.total_tokens == 5
        assert b"POST /v1beta/models/tuned%3A8b:countTokens" in google.upstream.seen[0].head
        google.answer(answers(unary(b'{"embeddings":[{"values":[0.5]}]}')))
        embedded = await aio.models.embed_content(model="same/small", contents=["a"])
        assert [each.values for each in embedded.embeddings or ()] == [[0.5]]
        sent = google.upstream.seen[0]
        assert b"POST /v1beta/models/small:batchEmbedContents" in sent.head
        assert [each["model"] for each in json.loads(sent.body)["requests"]] == ["models/small"]


HOSTILE = {
    "no finish reason": (events(piece([{"text": "x"}])), "upstream_cut"),
    "too many choices": (events(piece([{"text": "x"}], index=500)), "upstream_malformed"),
    "negative index": (events(piece([{"text": "x"}], index=-1)), "upstream_malformed"),
    "another shape": (b'data: {"candidates":5}\n\n', "upstream_malformed"),
    "not JSON": (b"data: {\n\n", "upstream_malformed"),
    "an error": (b'data: {"error":{"message":"no"}}\n\n', "upstream_stream_error"),
    "arguments are no object": (
        events(piece([{"functionCall": {"name": "f", "args": [1]}}], finishReason="STOP")),
        "upstream_malformed",
    ),
}


@pytest.mark.parametrize("name", list(HOSTILE))
async def test_a_hostile_stream_ends_with_an_error_and_a_record(google: Rig, name: str) -> None:
    body, code = HOSTILE[name]
    google.answer(streamed(body))
    path = STREAM_PATH + "?alt=sse"
    answer = await call(google.worker.url, ASK, path=path, key=None, headers=GOOGLE_KEY)
    assert code.upper() in answer.body.decode()
    assert SECRET not in answer.body.decode()
    end = await google.end_of(answer.trace_id)
    assert (end.status, end.error_type) == (CallStatus.ERROR, code)


async def test_repeated_reasons_and_usage_reach_a_translated_client_once(google: Rig) -> None:
    again = {**piece([{"text": "b"}], finishReason="STOP"), "usageMetadata": USAGE}
    google.answer(streamed(events({**again, "usageMetadata": {"promptTokenCount": 1}}, again)))
    ask = {"model": "same/small", "stream": True, "messages": []}
    ask["stream_options"] = {"include_usage": True}
    answer = await call(google.worker.url, json.dumps(ask).encode())
    chunks = [json.loads(line[6:]) for line in answer.body.decode().split("\n\n")[:-2]]
    reasons = [one["choices"][0]["finish_reason"] for one in chunks if one["choices"]]
    assert [reason for reason in reasons if reason] == ["stop"]
    assert [one["usage"]["completion_tokens"] for one in chunks if one.get("usage")] == [7]
