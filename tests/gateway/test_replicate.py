"""OpenAI's client over a worker, with predictions of Replicate behind it: at once, later, as a
stream, failed. The shapes are those of its documentation and of its own client."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
import replicate
from httpx import AsyncHTTPTransport
from openai import APIStatusError, AsyncOpenAI, BadRequestError

from gateway.conftest import Rig
from gateway.homes import SECRET, make_home, provider
from gateway.http_client import connect, request
from gateway.raw_upstream import STREAM_HEAD, Exchanged, answers, chunk, raw_upstream, unary
from gateway.worker import worker
from penstock.rules.call import CallStatus, UsageSource
from penstock.rules.guards.policies import Action, Check, GuardrailPolicy, Place
from penstock.rules.wire.replicate.event_frames import EventFrames

pytestmark = pytest.mark.asyncio(loop_scope="module")

MODEL = "rep/meta/llama-x"
HELLO: Any = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]
TURNS: Any = [*HELLO, {"role": "assistant", "content": "Hi."}, {"role": "user", "content": "Why?"}]
METRICS = {"input_token_count": 7, "output_token_count": 3, "predict_time": 0.5}
HALF_CLOSED_S = 1.0  # of a call: an earlier end of what the client sends is no disconnect
Step = Callable[[Exchanged, asyncio.StreamWriter], Awaitable[None]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    home = tmp_path_factory.mktemp("replicate") / "home"
    async with raw_upstream(answers(unary(b"{}"))) as upstream:
        talks = {"history": "transcript", "rename_fields": "max_tokens:max_new_tokens"}
        check = Check("card_numbers", (Place.OUTPUT,), Action.REDACT)
        make_home(
            home,
            [
                provider(upstream.url, "rep", kind="replicate", models=()),
                provider(upstream.url, "talks", kind="replicate", models=(), quirks=talks),
                provider(upstream.url, "brief", kind="replicate", models=(), total_timeout_ms=1500),
            ],
            guardrails=[GuardrailPolicy("gdr_1", "w", (check,), only={"use_case": ("guarded",)})],
        )
        async with worker(home) as running:
            yield Rig(upstream, running)


def prediction(rig: Rig, status: str, **more: Any) -> dict[str, Any]:
    urls = {name: f"{rig.upstream.url}/predictions/p1/{name}" for name in ("get", "stream")}
    found = {"id": "p1", "model": "meta/llama-x", "version": "v", "status": status}
    return {**found, "input": {"prompt": "Hello"}, "logs": "", "error": None, "urls": urls, **more}


def seen(rig: Rig) -> list[Exchanged]:
    """Without cancellations, which come in the background, and maybe late."""
    return [one for one in rig.upstream.seen if b"/cancel " not in one.head]


def script(*steps: dict[str, Any] | bytes) -> Step:
    """Answers each request with the next step, the last one again and again."""
    left = list(steps)

    async def answer(_: Exchanged, writer: asyncio.StreamWriter) -> None:
        step = left.pop(0) if len(left) > 1 else left[0]
        status = "201 Created" if isinstance(step, dict) else ""
        writer.write(unary(json.dumps(step).encode(), status) if status else step)  # pyright: ignore[reportArgumentType] - bytes
        await writer.drain()

    return answer


def events(*pieces: tuple[str, str]) -> bytes:
    text = "".join(f"event: {name}\nid: 1:0\ndata: {data}\n\n" for name, data in pieces)
    return STREAM_HEAD + chunk(text.encode()) + chunk(b"")


async def ask(client: AsyncOpenAI, model: str = MODEL, messages: Any = HELLO, **more: Any) -> Any:
    return await client.chat.completions.create(model=model, messages=messages, **more)


async def streamed(client: AsyncOpenAI, **more: Any) -> tuple[str, str | None]:
    chunks = [one async for one in await ask(client, stream=True, **more)]
    text = "".join(one.choices[0].delta.content or "" for one in chunks if one.choices)
    reasons = [one.choices[0].finish_reason for one in chunks if one.choices]
    return text, reasons[-1]


@asynccontextmanager
async def vendor_of(rig: Rig) -> AsyncIterator[replicate.Client]:
    """Replicate's own client, at the same upstream."""
    async with AsyncHTTPTransport() as transport:
        address = f"http://127.0.0.1:{rig.upstream.port}"
        yield replicate.Client(SECRET, base_url=address, transport=transport)


async def test_a_prediction_that_is_finished_at_once_is_the_answer(rig: Rig) -> None:
    rig.answer(script(prediction(rig, "succeeded", output=["Hel", "lo."], metrics=METRICS)))
    async with rig.openai() as client:
        answer = await ask(client, max_tokens=9, temperature=0.5, seed=4, user="u")
    assert answer.choices[0].message.content == "Hello."
    assert answer.choices[0].finish_reason == "stop"
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (7, 3)
    (sent,) = seen(rig)
    assert b"POST /v1/predictions HTTP" in sent.head
    assert b"prefer: wait=10" in sent.head
    assert b"authorization: Bearer " in sent.head
    options = {"max_tokens": 9, "temperature": 0.5, "seed": 4}
    wanted = {"prompt": "Hello", "system_prompt": "Be brief.", **options}
    assert json.loads(sent.body) == {"version": "meta/llama-x", "input": wanted}
    end = rig.worker.ends()[-1]
    assert (end.status, end.attempts[0].changes) == (CallStatus.OK, ("dropped:user",))


async def test_a_prediction_that_takes_longer_is_looked_at_until_it_is_finished(rig: Rig) -> None:
    rig.answer(
        script(prediction(rig, "starting"), prediction(rig, "succeeded", output="Late but whole"))
    )
    async with rig.openai() as client:
        answer = await ask(client)
    assert answer.choices[0].message.content == "Late but whole"
    looked = seen(rig)[1]
    assert b"GET /v1/predictions/p1/get HTTP" in looked.head
    assert b"authorization: Bearer " in looked.head
    end = rig.worker.ends()[-1]
    assert len(end.attempts) == 1
    assert end.usage.source == UsageSource.NONE  # most models count nothing
    assert b"Late but whole" in end.response
    assert b"logs" not in end.response


async def test_a_stream_is_read_at_the_address_that_the_prediction_names(rig: Rig) -> None:
    pieces = [("output", "Once"), ("output", ' upon "5"'), ("logs", "x"), ("output", "1")]
    rig.answer(script(prediction(rig, "starting"), events(*pieces, ("done", "{}"))))
    async with rig.openai() as client:
        assert await streamed(client) == ('Once upon "5"1', "stop")
    asked, read = seen(rig)
    assert json.loads(asked.body)["stream"] is True
    assert b"GET /v1/predictions/p1/stream HTTP" in read.head
    assert b"accept: text/event-stream" in read.head
    assert rig.worker.ends()[-1].status == CallStatus.OK


async def test_a_guardrail_sees_the_text_of_all_events_as_one(rig: Rig) -> None:
    pieces = [
        ("output", "its card is 4111 1111"),
        ("output", " 1111 1111, they say"),
        ("done", "{}"),
    ]
    rig.answer(script(prediction(rig, "starting"), events(*pieces)))
    headers = {"x-penstock-use-case": "guarded"}
    async with rig.openai() as client:
        text, _ = await streamed(client, extra_headers=headers)
    assert "1111" not in text
    assert text.startswith("its card is ")
    assert text.endswith(", they say")


@pytest.mark.parametrize(
    ("pieces", "message"),
    [
        ([("output", "a"), ("error", "out of memory")], "out of memory"),
        ([("output", "a"), ("done", '{"reason": "canceled"}')], "canceled"),
        ([("output", "a")], "ended before it was complete"),
    ],
)
async def test_a_stream_that_fails_is_an_error(rig: Rig, pieces: Any, message: str) -> None:
    rig.answer(script(prediction(rig, "starting"), events(*pieces)))
    async with rig.openai() as client:
        with pytest.raises(Exception, match=message):
            await streamed(client)


async def test_a_failed_prediction_is_an_error_without_our_credential(rig: Rig) -> None:
    rig.answer(script(prediction(rig, "failed", error=f"no memory {SECRET}")))
    async with rig.openai() as client:
        with pytest.raises(APIStatusError, match="ended as failed: no memory") as caught:
            await ask(client)
    assert caught.value.status_code == 502
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("streams", [False, True])
async def test_an_address_at_another_host_is_not_called(rig: Rig, *, streams: bool) -> None:
    async with raw_upstream(answers(unary(b"{}"))) as other:
        urls = {"get": f"{other.url}/predictions/p1", "stream": f"{other.url}/s"}
        rig.answer(script(prediction(rig, "starting", urls=urls)))
        async with rig.openai() as client:
            with pytest.raises(APIStatusError, match="another host"):
                await ask(client, stream=streams)
        assert not other.seen


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize(
    "address", ["", "http://[", "//x", "{up}\n", "{up}/a b", "http://127.0.0.1:x/", "\0"]
)
async def test_an_odd_address_is_an_error_of_the_provider(
    rig: Rig, address: str, *, streams: bool
) -> None:
    url = address.replace("{up}", rig.upstream.url) or " "
    rig.answer(script(prediction(rig, "starting", urls={"get": url, "stream": url})))
    async with rig.openai() as client:
        with pytest.raises(APIStatusError, match="address") as caught:
            await ask(client, stream=streams)
    assert caught.value.status_code == 502


@pytest.mark.parametrize("name", ["error", "done", "output"])
async def test_a_deep_event_is_written_as_text_or_left_out(name: str) -> None:
    event = f"event: {name}\ndata: {'[' * 50_000}\n\n"
    assert EventFrames().feed(event.encode()).startswith(f"event: {name}\ndata: {{".encode())


async def test_a_model_without_streams_says_so(rig: Rig) -> None:
    urls = {"get": f"{rig.upstream.url}/predictions/p1"}
    rig.answer(script(prediction(rig, "starting", urls=urls)))
    async with rig.openai() as client:
        with pytest.raises(BadRequestError, match="whole only") as caught:
            await ask(client, stream=True)
    assert caught.value.param == "stream"


async def test_waiting_ends_with_the_limit_of_the_attempt(rig: Rig) -> None:
    rig.answer(script(prediction(rig, "processing")))
    async with rig.openai() as client:
        with pytest.raises(APIStatusError, match="did not finish its work in time") as caught:
            await ask(client, model="brief/meta/llama-x")
    assert caught.value.status_code == 504
    assert len(seen(rig)) == 2


async def cancelled(rig: Rig, id_: str, within_s: float = 5) -> bytes:
    """The request that ends the work, which comes in the background."""
    path = f"POST /v1/predictions/{id_}/cancel HTTP".encode()
    async with asyncio.timeout(within_s):
        while not (found := [one.head for one in rig.upstream.seen if path in one.head]):
            await asyncio.sleep(0.02)
    (head,) = found
    assert b"authorization: Bearer " in head
    return head


async def test_a_prediction_is_cancelled_when_its_client_has_gone(rig: Rig) -> None:
    rig.answer(script(prediction(rig, "processing", id="gone")))
    async with rig.openai() as client:
        asked = asyncio.ensure_future(ask(client))
        while len(seen(rig)) < 2:
            await asyncio.sleep(0.02)
        await asyncio.sleep(HALF_CLOSED_S)
        asked.cancel()
        await cancelled(rig, "gone")
    end = (await rig.worker.wait_for_ends(1))[-1]
    assert end.status == CallStatus.CANCELLED


async def test_a_prediction_is_cancelled_when_its_stream_is_left(rig: Rig) -> None:
    begun = STREAM_HEAD + chunk(b"event: output\nid: 1:0\ndata: Once\n\n")
    rig.answer(script(prediction(rig, "starting", id="left"), begun, prediction(rig, "canceled")))
    body = {"model": MODEL, "messages": HELLO, "stream": True}
    reader, writer = await connect(rig.worker.url)
    writer.write(request(json.dumps(body).encode()))
    async with asyncio.timeout(10):
        await reader.readuntil(b"Once")
        await asyncio.sleep(HALF_CLOSED_S)
    writer.close()
    await cancelled(rig, "left")


async def test_a_prediction_is_cancelled_when_it_is_too_slow(rig: Rig) -> None:
    rig.answer(script(prediction(rig, "processing", id="slow")))
    async with rig.openai() as client:
        with pytest.raises(APIStatusError, match="did not finish its work in time"):
            await ask(client, model="brief/meta/llama-x")
        await cancelled(rig, "slow")


@pytest.mark.parametrize("then", [b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", b"\0"])
async def test_a_prediction_is_cancelled_when_its_state_cannot_be_read(
    rig: Rig, then: bytes
) -> None:
    rig.answer(script(prediction(rig, "starting", id="unread"), then))
    async with rig.openai() as client:
        with pytest.raises(APIStatusError):
            await ask(client)
        await cancelled(rig, "unread")


async def test_a_prediction_whose_stream_is_elsewhere_is_cancelled_here(rig: Rig) -> None:
    urls = dict.fromkeys(("get", "stream", "cancel"), "http://192.0.2.1/predictions/p1")
    rig.answer(script(prediction(rig, "starting", id="elsewhere", urls=urls)))
    async with rig.openai() as client:
        with pytest.raises(APIStatusError, match="another host"):
            await ask(client, stream=True)
        sent = await cancelled(rig, "elsewhere")
        assert f"host: 127.0.0.1:{rig.upstream.port}".encode() in sent.lower()


@pytest.mark.parametrize("id_", ["", "..", "a/b", "a?b", "a b", "ä", "x" * 101])
async def test_an_odd_id_is_not_called(rig: Rig, id_: str) -> None:
    good = prediction(rig, "succeeded", output="Good")
    rig.answer(script(prediction(rig, "starting", id=id_), b"\0", good))
    async with rig.openai() as client:
        with pytest.raises(APIStatusError):
            await ask(client)
        await ask(client)
        paths = [one.head.split()[1] for one in rig.upstream.seen]
        assert set(paths) <= {b"/v1/predictions", b"/v1/predictions/p1/get"}


async def test_what_has_ended_is_not_cancelled(rig: Rig) -> None:
    async with rig.openai() as client:
        rig.answer(
            script(
                prediction(rig, "starting", id="p2"), prediction(rig, "failed", id="p2", error="no")
            )
        )
        with pytest.raises(APIStatusError, match="ended as failed"):
            await ask(client)
        assert not any(b"p2/cancel" in one.head for one in rig.upstream.seen)
        rig.answer(
            script(prediction(rig, "starting", id="p2"), events(("output", "a"), ("done", "{}")))
        )
        await streamed(client)
        assert not any(b"p2/cancel" in one.head for one in rig.upstream.seen)


async def test_a_cancellation_that_fails_delays_nothing(rig: Rig) -> None:
    """The provider accepts the request, and never answers it."""

    async def answer(asked: Exchanged, writer: asyncio.StreamWriter) -> None:
        if b"/cancel " in asked.head:
            await asyncio.sleep(3)
            return
        writer.write(
            unary(json.dumps(prediction(rig, "processing", id="unheard")).encode(), "201 Created")
        )
        await writer.drain()

    rig.answer(answer)
    async with rig.openai() as client:
        began = asyncio.get_running_loop().time()
        with pytest.raises(APIStatusError, match="in time"):
            await ask(client, model="brief/meta/llama-x")
        assert asyncio.get_running_loop().time() - began < 3
        await cancelled(rig, "unheard")


async def test_errors_of_later_requests_pass_on(rig: Rig) -> None:
    gone = unary(b'{"detail": "It is gone."}', "404 Not Found")
    rig.answer(script(prediction(rig, "starting"), gone))
    async with rig.openai() as client:
        with pytest.raises(APIStatusError, match=r"It is gone\.") as caught:
            await ask(client)
    assert caught.value.status_code == 404


async def test_what_one_prompt_cannot_say_is_refused_before_it_is_sent(rig: Rig) -> None:
    tool: Any = {"type": "function", "function": {"name": "f"}}
    image = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
    rig.answer(script(prediction(rig, "succeeded", output="?")))
    async with rig.openai() as client:
        for more in (
            {"messages": TURNS},
            {"tools": [tool]},
            {"stop": "END"},
            {"n": 2},
            {"response_format": {"type": "json_object"}},
            {"messages": [{"role": "user", "content": [image]}]},
        ):
            with pytest.raises(BadRequestError, match="cannot be translated"):
                await ask(client, **more)
    assert not seen(rig)


async def test_quirks_write_a_transcript_and_rename_inputs(rig: Rig) -> None:
    rig.answer(script(prediction(rig, "succeeded", output="Because.")))
    async with rig.openai() as client:
        await ask(client, "talks/meta/llama-x:abc", TURNS, max_tokens=9)
    found = json.loads(seen(rig)[0].body)
    assert found["version"] == "meta/llama-x:abc"
    prompt = "User: Hello\n\nAssistant: Hi.\n\nUser: Why?\n\nAssistant:"
    assert found["input"] == {
        "prompt": prompt,
        "system_prompt": "Be brief.",
        "max_new_tokens": 9,
    }
    assert rig.worker.ends()[-1].attempts[0].changes == ("changed:messages",)


async def test_its_own_client_sends_the_same_request_and_reads_the_same_answers(rig: Rig) -> None:
    made = prediction(rig, "succeeded", output=["Hel", "lo."], metrics=METRICS)
    rig.answer(script(made))
    async with rig.openai() as client:
        answer = await ask(client, temperature=0.5)
    said = {"prompt": "Hello", "system_prompt": "Be brief.", "temperature": 0.5}
    async with vendor_of(rig) as vendor:
        found = await vendor.predictions.async_create(version="meta/llama-x", input=said, wait=10)
    ours, theirs = seen(rig)
    assert json.loads(ours.body) == json.loads(theirs.body)
    for name in (b"POST /v1/predictions ", b"prefer: wait=10", b"authorization: Bearer "):
        assert name.lower() in ours.head.lower()
        assert name.lower() in theirs.head.lower()
    assert "".join(found.output or []) == answer.choices[0].message.content
    assert (found.status, found.metrics) == ("succeeded", METRICS)


async def test_its_own_client_reads_the_same_stream(rig: Rig) -> None:
    pieces = [("output", "Once"), ("output", " upon"), ("done", "{}")]
    steps = (prediction(rig, "starting"), events(*pieces))
    rig.answer(script(*steps))
    async with rig.openai() as client:
        text, _ = await streamed(client)
    rig.answer(script(*steps))
    async with vendor_of(rig) as vendor:
        stream = await vendor.async_stream("meta/llama-x", input={"prompt": "Hello"})
        assert "".join([str(event) async for event in stream]) == text == "Once upon"
