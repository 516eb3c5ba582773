"""An HTTP client on a plain socket: reads the exact bytes, and reports if the body was whole."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import msgspec

from gateway.homes import KEY
from tests.connections import hang_up


@dataclass
class Answer:
    """`whole`: the body ended as its framing requires."""

    status: int
    headers: dict[str, str]
    body: bytes
    whole: bool

    @property
    def error(self) -> dict[str, str]:
        return msgspec.json.decode(self.body)["error"]

    @property
    def trace_id(self) -> str:
        return self.headers["x-penstock-trace-id"]


async def call(
    url: str,
    body: bytes = b'{"model":"small","messages":[]}',
    *,
    path: str = "/v1/chat/completions",
    method: str = "POST",
    key: str | None = KEY,
    headers: bytes = b"",
) -> Answer:
    """Sends one request on a new connection. Hangs up if it is cancelled."""
    reader, writer = await connect(url)
    writer.write(request(body, path=path, method=method, key=key, headers=headers))
    try:
        return await read_answer(reader)
    except asyncio.CancelledError:
        hang_up(writer)
        raise
    finally:
        writer.close()


async def connect(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    port = int(url.rpartition(":")[2])
    return await asyncio.open_connection("127.0.0.1", port, limit=1 << 26)


def metrics_token(home: Path) -> str:
    """The token for the whole metrics page of a home."""
    return (home / "metrics.token").read_text().strip()


def request(
    body: bytes,
    *,
    path: str = "/v1/chat/completions",
    method: str = "POST",
    key: str | None = KEY,
    headers: bytes = b"",
    length: int | None = None,
) -> bytes:
    """The bytes of a request; `length` may be larger than `body`."""
    authorization = f"authorization: Bearer {key}\r\n" if key is not None else ""
    size = len(body) if length is None else length
    head = f"{method} {path} HTTP/1.1\r\nhost: gateway\r\n{authorization}content-length: {size}\r\n"
    return head.encode() + headers + b"connection: close\r\n\r\n" + body


async def read_answer(reader: asyncio.StreamReader) -> Answer:
    """Reads to the end of the connection and decodes the framing."""
    head, _, rest = (await reader.read()).partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    pairs = (line.split(": ", 1) for line in lines[1:])
    headers = {name.lower(): value for name, value in pairs}
    body, whole = _dechunk(rest) if "transfer-encoding" in headers else (rest, True)
    if "content-length" in headers:
        whole = len(rest) == int(headers["content-length"])
    return Answer(int(lines[0].split()[1]), headers, body, whole)


def _dechunk(data: bytes) -> tuple[bytes, bool]:
    body = b""
    while data:
        size, found, data = data.partition(b"\r\n")
        if not found:
            break
        count = int(size, 16)
        if not count:
            return body, True
        body, data = body + data[:count], data[count + 2 :]
    return body, False
