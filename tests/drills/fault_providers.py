"""Providers with one fault each, on plain sockets: no code of the gateway or the simulator.

A provider is a folder of one server: `/<fault>/<a or b>/v1/chat/completions`.
"""

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

TOKENS = 20
USAGE = {"prompt_tokens": 100, "completion_tokens": TOKENS}
DONE = b"data: [DONE]\n\n"
STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)
END = b"0\r\n\r\n"


@dataclass
class Asked:
    """A request to a provider."""

    fault: str
    stream: bool
    writer: asyncio.StreamWriter
    first_of_round: bool

    async def send(self, *pieces: bytes, every_s: float = 0.0) -> None:
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            if every_s:
                await asyncio.sleep(every_s)


Answering = Callable[[Asked], Awaitable[None]]


def whole(document: object, status: str = "200 OK", headers: str = "") -> bytes:
    body = json.dumps(document).encode()
    head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{headers}"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def event(**fields: object) -> bytes:
    return chunk(b"data: " + json.dumps({"id": "c", "model": "m", **fields}).encode() + b"\n\n")


def token(at: int) -> bytes:
    return event(choices=[{"index": 0, "delta": {"content": f"t{at} "}}])


ROLE = event(choices=[{"index": 0, "delta": {"role": "assistant", "content": ""}}])
FIRST_HALF = (STREAM_HEAD, ROLE, *map(token, range(TOKENS // 2)))
STREAM = (
    STREAM_HEAD,
    ROLE,
    *map(token, range(TOKENS)),
    event(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}]),
    event(choices=[], usage=USAGE),
    chunk(DONE),
    END,
)
MESSAGE = {"role": "assistant", "content": "".join(f"t{at} " for at in range(TOKENS))}
CHOICE = {"index": 0, "finish_reason": "stop", "message": MESSAGE}
ANSWER = whole({"id": "c", "model": "m", "choices": [CHOICE], "usage": USAGE})
ANTHROPIC = whole(
    {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude",
        "content": [{"type": "text", "text": MESSAGE["content"]}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 100, "output_tokens": TOKENS},
    }
)


def error(status: str, message: str = "no", headers: str = "", **fields: object) -> bytes:
    return whole({"error": {"message": message, **fields}}, status, headers)


async def good(asked: Asked) -> None:
    await asked.send(*STREAM) if asked.stream else await asked.send(ANSWER)


def says(answer: bytes) -> Answering:
    async def answering(asked: Asked) -> None:
        await asked.send(answer)

    return answering


def once(answer: bytes) -> Answering:
    async def answering(asked: Asked) -> None:
        await (asked.send(answer) if asked.first_of_round else good(asked))

    return answering


def streams(*pieces: bytes, every_s: float = 0.0, then_s: float = 0.0) -> Answering:
    async def answering(asked: Asked) -> None:
        await asked.send(*pieces, every_s=every_s)
        await asyncio.sleep(then_s)
        asked.writer.close()

    return answering


async def flapping(asked: Asked) -> None:
    down = time.monotonic() % 4 < 2
    await (asked.send(error("500 No")) if down else good(asked))


async def hangs_up(asked: Asked) -> None:
    asked.writer.close()


async def silent(asked: Asked) -> None:
    await asyncio.sleep(5)
    asked.writer.close()


BUSY = error("503 No")
FAULTS: dict[str, Answering] = {
    "rate-limited-once": once(error("429 No", headers="retry-after: 1\r\n")),
    "rate-limited": says(error("429 No", headers="retry-after: 60\r\n")),
    "error-once": once(error("500 No")),
    "unavailable": says(BUSY),
    "reset": hangs_up,
    "silence": silent,
    "slow-first-token": streams(STREAM_HEAD, *(ROLE for _ in range(50)), every_s=0.1),
    "slow-stream": streams(*STREAM, every_s=0.04),
    "cut": streams(*FIRST_HALF),
    "stall": streams(*FIRST_HALF, then_s=5.0),
    "malformed": streams(*FIRST_HALF, chunk(b"data: {no JSON\n\n"), then_s=1.0),
    "malformed-first": streams(STREAM_HEAD, ROLE, chunk(b"data: {no JSON\n\n"), then_s=1.0),
    "no-terminator": streams(*FIRST_HALF, END),
    "context-length": says(
        error(
            "400 No",
            "This model's maximum context length is 100 tokens.",
            type="invalid_request_error",
            code="context_length_exceeded",
        )
    ),
    "content-filter": says(
        error(
            "400 No",
            "Your request was rejected as a result of our safety system.",
            type="invalid_request_error",
            code="content_policy_violation",
        )
    ),
    "flapping": flapping,
    "certificate-expired": good,
    "name-gone": good,
    "other-dialect": says(BUSY),
    "paid-failure": streams(
        STREAM_HEAD,
        ROLE,
        event(choices=[], usage=USAGE),
        chunk(b'data: {"error": {"message": "out of memory"}}\n\n'),
        then_s=1.0,
    ),
    "mistake": says(error("400 No", "no such parameter")),
    "all-down": says(BUSY),
}
STREAMED = frozenset(
    (
        *("slow-first-token", "slow-stream", "cut", "stall", "malformed", "malformed-first"),
        *("no-terminator", "paid-failure"),
    )
)


@dataclass
class FaultProviders:
    """The server. `begin_round` lets a fault that happens once happen again. `asked`: the last
    message of each request of this round, and the provider's name."""

    port: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    _hit: set[str] = field(default_factory=set[str])
    _open: set[asyncio.StreamWriter] = field(default_factory=set[asyncio.StreamWriter])

    def url(self, fault: str, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/{fault}/{name}/v1"

    def begin_round(self) -> None:
        self._hit.clear()
        self.asked.clear()

    def close(self) -> None:
        """Closes the connections that clients keep."""
        for writer in self._open:
            writer.close()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                if not head.startswith(b"POST "):  # a client that looks for something else
                    writer.write(error("404 No"))
                    continue
                size = next(
                    int(line.partition(b":")[2])
                    for line in head.lower().split(b"\r\n")
                    if line.startswith(b"content-length:")
                )
                body = json.loads(await reader.readexactly(size))
                _, fault, name, _ = head.decode().split(" ")[1].split("/", 3)
                self.asked.append((str(body["messages"][-1]["content"]), name))
                await self._answer(
                    fault, name, Asked(fault, bool(body.get("stream")), writer, False)
                )
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            self._open.discard(writer)

    async def _answer(self, fault: str, name: str, asked: Asked) -> None:
        if name == "a":
            asked.first_of_round = fault not in self._hit
            self._hit.add(fault)
            await FAULTS[fault](asked)
        elif fault == "all-down":
            await asked.send(BUSY)
        elif fault == "other-dialect":
            await asked.send(ANTHROPIC)
        else:
            await good(asked)


@asynccontextmanager
async def fault_providers(tls: ssl.SSLContext | None = None) -> AsyncIterator[FaultProviders]:
    """Listens on a free port of this machine."""
    providers = FaultProviders()
    server = await asyncio.start_server(providers.connected, "127.0.0.1", 0, ssl=tls)
    providers.port = server.sockets[0].getsockname()[1]
    try:
        yield providers
    finally:
        server.close()
        providers.close()
        await asyncio.sleep(0.1)  # until all have ended


def expired_certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """Returns the file of an authority, and a server's context with its certificate for
    `localhost`, which expired yesterday."""
    now, authority, key = datetime.now(UTC), ec.generate_private_key(ec.SECP256R1()), None
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority of the drill")])

    def build(
        name: x509.Name, public: ec.EllipticCurvePublicKey, days: int, extension: x509.ExtensionType
    ) -> x509.Certificate:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(issuer)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=10))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(extension, critical=True)
            .sign(authority, hashes.SHA256())
        )

    root = build(issuer, authority.public_key(), 10, x509.BasicConstraints(True, None))
    host = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    leaf = build(host, key.public_key(), -1, names)
    trusted, own = folder / "authority.pem", folder / "server.pem"
    pem = serialization.Encoding.PEM
    trusted.write_bytes(root.public_bytes(pem))
    plain = serialization.NoEncryption()
    own.write_bytes(
        leaf.public_bytes(pem) + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own)
    return trusted, context
