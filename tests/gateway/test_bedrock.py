"""An OpenAI client with Bedrock behind the gateway: signed requests, streams, tools, errors."""

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from openai import AsyncOpenAI, BadRequestError

from gateway.conftest import Rig
from gateway.homes import SECRET, make_home, provider
from gateway.raw_upstream import Script, answers, chunk, raw_upstream, unary
from gateway.worker import worker
from penstock.plugins.providers.bedrock import create
from penstock.spi.chat import PassedRequest, ProviderConfig
from rules.test_bedrock import STREAM, USAGE

pytestmark = pytest.mark.asyncio(loop_scope="module")

STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/vnd.amazon.eventstream\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bedrock(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    home = tmp_path_factory.mktemp("bedrock") / "home"
    async with raw_upstream(answers(unary(b"{}"))) as upstream:
        make_home(home, [provider(upstream.url.removesuffix("/v1"), kind="bedrock")])
        async with worker(home) as running:
            yield Rig(upstream, running)


@pytest_asyncio.fixture(loop_scope="module")
async def client(bedrock: Rig) -> AsyncIterator[AsyncOpenAI]:
    async with bedrock.openai() as opened:
        yield opened


def streamed(size: int) -> Script:
    body = b"".join(STREAM)
    pieces = (chunk(body[at : at + size]) for at in range(0, len(body), size))
    return answers(STREAM_HEAD, *pieces, b"0\r\n\r\n", close=True)


@pytest.mark.parametrize("size", [7, 100, 10_000])
async def test_a_stream_reaches_the_openai_client(
    bedrock: Rig, client: AsyncOpenAI, size: int
) -> None:
    bedrock.answer(streamed(size))
    stream = await client.chat.completions.create(
        model="up/small",
        messages=[{"role": "user", "content": "hi"}],
        stream=True,
        stream_options={"include_usage": True},
        seed=7,
    )
    chunks = [one async for one in stream]
    text = "".join(one.choices[0].delta.content or "" for one in chunks if one.choices)
    assert text == "Grüße 👋"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.prompt_tokens == 13
    seen = bedrock.upstream.seen[0]
    assert seen.head.startswith(b"POST /model/small/converse-stream ")
    assert b"authorization: Bearer " + SECRET.encode() in seen.head
    assert stream.response.headers["x-penstock-translation"] == "dropped=seed"
    end = await bedrock.end_of(stream.response.headers["x-penstock-trace-id"])
    assert (end.attempts[0].dialect, end.attempts[0].changes) == ("bedrock", ("dropped:seed",))
    assert (end.usage.cache_write_1h_tokens, end.finish_reasons) == (2, ("tool_use",))


async def test_reasoning_travels_through_the_client_with_the_tool_call(
    bedrock: Rig, client: AsyncOpenAI
) -> None:
    bedrock.answer(streamed(10_000))
    stream = await client.chat.completions.create(
        model="up/small",
        messages=[{"role": "user", "content": "hi"}],
        tools=[TOOL],  # pyright: ignore[reportArgumentType] - a literal
        stream=True,
    )
    calls = [
        call
        async for one in stream
        if one.choices
        for call in one.choices[0].delta.tool_calls or ()
        if call.id
    ]
    answer = {"output": {"message": {"content": [{"text": "ok"}]}}, "stopReason": "end_turn"}
    bedrock.answer(answers(unary(json.dumps({**answer, "usage": USAGE}).encode())))
    history = [
        {"role": "user", "content": "hi"},
        {
            "role": "assistant",
            "tool_calls": [
                {"id": call.id, "type": "function", "function": {"name": "f", "arguments": "{}"}}
                for call in calls
            ],
        },
        *({"role": "tool", "tool_call_id": call.id, "content": "1"} for call in calls),
    ]
    reply = await client.chat.completions.create(
        model="up/small",
        messages=history,  # pyright: ignore[reportArgumentType] - literals
    )
    assert reply.choices[0].message.content == "ok"
    sent = json.loads(bedrock.upstream.seen[0].body)["messages"]
    reasoning = {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s1"}}}
    assert sent[1]["content"][0] == reasoning
    assert [block["toolUse"]["toolUseId"] for block in sent[1]["content"][1:]] == ["t1", "t2"]
    results = [block["toolResult"]["toolUseId"] for block in sent[2]["content"]]
    assert results == ["t1", "t2"]


async def test_an_error_of_bedrock_reaches_the_client(bedrock: Rig, client: AsyncOpenAI) -> None:
    bedrock.answer(answers(unary(b'{"message":"Malformed input"}', "400 Bad Request")))
    with pytest.raises(BadRequestError, match="Malformed input"):
        await client.chat.completions.create(
            model="up/small", messages=[{"role": "user", "content": "hi"}]
        )


async def test_what_bedrock_cannot_express_is_rejected_before_it_is_asked(
    bedrock: Rig, client: AsyncOpenAI
) -> None:
    bedrock.answer(answers(unary(b"{}")))
    with pytest.raises(BadRequestError) as raised:
        await client.chat.completions.create(
            model="up/small", messages=[{"role": "user", "content": "hi"}], n=2
        )
    assert raised.value.code == "not_translatable"
    assert bedrock.upstream.seen == []


async def test_a_key_pair_signs_the_request() -> None:
    secret = "AKIDEXAMPLE:wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY:token"
    base = "https://bedrock-runtime.eu-central-1.amazonaws.com"
    request = create().build_model_list(ProviderConfig("b", base, secret))
    assert request.url.startswith("https://bedrock.eu-central-1.amazonaws.com/foundation-models?")
    headers = {name.decode(): value.decode() for name, value in request.headers}
    assert headers["x-amz-security-token"] == "token"
    again = AWSRequest("GET", request.url, data=b"")
    again.context["timestamp"] = headers["x-amz-date"]
    signer = SigV4Auth(Credentials(*secret.split(":")), "bedrock", "eu-central-1")
    again.headers["X-Amz-Date"] = headers["x-amz-date"]
    again.headers["X-Amz-Security-Token"] = "token"
    signature = signer.signature(
        signer.string_to_sign(again, signer.canonical_request(again)), again
    )
    assert headers["authorization"].endswith(f"Signature={signature}")


async def test_a_passed_request_is_signed_and_has_each_header_once() -> None:
    secret = "AKIDEXAMPLE:wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    config = ProviderConfig("b", "https://bedrock-runtime.eu-central-1.amazonaws.com", secret)
    passed = ((b"content-type", b"application/x"), (b"accept", b"*/*"))
    request = create().pass_through(config, PassedRequest("PUT", "a/b", "c=d", passed, b"x"))
    names = [name for name, _ in request.headers]
    assert request.url.endswith("/a/b?c=d")
    assert sorted(names) == sorted(set(names))
    assert dict(request.headers)[b"content-type"] == b"application/x"
    assert {b"authorization", b"x-amz-date"} <= set(names)
