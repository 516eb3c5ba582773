"""The stream client against the paced provider: it must detect invalid streams."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from bench.paced import PacedStream
from bench.streams import StreamLoad, request_bytes, run
from bench.workloads import Streams, answer_body, request_body, text

QUICK = Streams(count=3, delta_count=4, pace_s=0.002, ramp_s=0.003)


def stream(*deltas: str, finish: str = "stop", done: bool = True, cut: bool = False) -> bytes:
    """A complete HTTP answer with its body in one chunk."""
    events = [{"choices": [{"delta": {"content": delta}}]} for delta in deltas]
    if finish:
        events.append({"choices": [{"delta": {}, "finish_reason": finish}]})
    body = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
    payload = (body + ("data: [DONE]\n\n" if done else "")).encode()
    end = b"" if cut else b"0\r\n\r\n"
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    return head + b"%x\r\n%b\r\n" % (len(payload), payload) + end


async def read_one(answer: bytes) -> StreamLoad:
    """The client's result for a given answer."""

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        once = Streams(count=1, delta_count=2, pace_s=0.001, ramp_s=0.0)
        return await run("127.0.0.1", port, b"GET / HTTP/1.1\r\n\r\n", once)


@pytest.fixture
async def provider() -> AsyncIterator[int]:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: PacedStream(QUICK, loop), "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_the_providers_own_streams_are_clean(provider: int) -> None:
    body = request_body("any", 200, stream=True)
    request = request_bytes("127.0.0.1", provider, "/paced/v1/chat/completions", "", body)
    load = await run("127.0.0.1", provider, request, QUICK)
    assert (load.started, load.clean, load.first_fault) == (3, 3, "")
    assert load.first_delta_p50_us >= 1_500  # the first delta comes one pace after the request
    assert 0 <= load.way_p50_us <= load.way_p99_us


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (stream("1:0 ", "0:0 "), "out of order"),
        (stream("0:0 ", "0:0 "), "out of order"),
        (stream("0:0 "), "incomplete: 1 deltas"),
        (stream("0:0 ", "1:0 ", finish=""), "finish False"),
        (stream("0:0 ", "1:0 ", done=False), "done False"),
        (stream("0:0 ", "1:0 ", cut=True), "cut off"),
        (b"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n", "HTTP 503"),
        (b"no HTTP at all\r\n\r\n", "unreadable"),
    ],
)
async def test_the_client_reports_the_fault_of_a_stream(answer: bytes, fault: str) -> None:
    load = await read_one(answer)
    assert load.clean == 0
    assert fault in load.first_fault


async def test_a_complete_stream_is_clean() -> None:
    assert (await read_one(stream("0:0 ", "1:0 "))).clean == 1


@pytest.mark.parametrize("size", [0, 1, 200, 32_000])
def test_texts_have_the_requested_size(size: int) -> None:
    assert len(text(size)) == size
    assert len(json.loads(answer_body(size))["choices"][0]["message"]["content"]) == size
    assert json.loads(request_body("m", size))["messages"][0]["content"] == text(size)
