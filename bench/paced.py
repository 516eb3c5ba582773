"""The streaming provider: sends deltas at a fixed pace, each with its number and send time.

`python -m bench.paced PORT`. Shares no code with the simulator or the parsers. The send time is
from the monotonic clock of the machine, so the client can compute the latency of a delta.
"""

import asyncio
import json
import sys
import time
from typing import Final, cast

import httptools
import uvloop

from bench.workloads import MODEL, Streams

_HEAD: Final = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)


def _event(choices: str, more: str = "") -> str:
    return (
        '{"id":"chatcmpl-paced","object":"chat.completion.chunk","created":1763000000,'
        f'"model":"{MODEL}","choices":{choices}{more}}}'
    )


_DELTA: Final = _event(
    '[{"index":0,"delta":{"role":"assistant","content":"%s"},"finish_reason":null}]'
)
_FINISH: Final = _event('[{"index":0,"delta":{},"finish_reason":"stop"}]')


def _usage(delta_count: int) -> str:
    counts = {
        "prompt_tokens": 50,
        "completion_tokens": delta_count,
        "total_tokens": 50 + delta_count,
    }
    return _event("[]", f',"usage":{json.dumps(counts)}')


def _chunk(data: str) -> bytes:
    payload = f"data: {data}\n\n".encode()
    return b"%x\r\n%b\r\n" % (len(payload), payload)


class PacedStream(asyncio.Protocol):
    """One connection. Each request starts one stream."""

    def __init__(self, streams: Streams, loop: asyncio.AbstractEventLoop) -> None:
        self._streams, self._loop = streams, loop
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._sent = 0
        self._start = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Feeds the parser. Closes the connection on invalid HTTP."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            if self._transport:
                self._transport.close()

    def on_message_complete(self) -> None:
        """Sends the headers at once, and the first delta one pace later."""
        assert self._transport
        self._transport.write(_HEAD)
        self._sent, self._start = 0, self._loop.time()
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the Protocol's
        """Stops writing."""
        if self._timer:
            self._timer.cancel()

    def _wait(self) -> None:
        due = self._start + (self._sent + 1) * self._streams.pace_s
        self._timer = self._loop.call_at(due, self._send)

    def _send(self) -> None:
        assert self._transport
        self._transport.write(_chunk(_DELTA % f"{self._sent}:{time.monotonic_ns()} "))
        self._sent += 1
        if self._sent < self._streams.delta_count:
            self._wait()
        else:
            last = (_FINISH, _usage(self._sent), "[DONE]")
            self._transport.write(b"".join(map(_chunk, last)) + b"0\r\n\r\n")


async def _serve(port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: PacedStream(Streams(), loop), "127.0.0.1", port, backlog=4096
    )
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
