"""Responses to bodies that are not read, and the stop of the server."""

import asyncio
import datetime as dt
import socket
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from infra.http_server.wire import HOST, Client, chunked, get, post, serving, split
from infra.http_server.wire import answer as reply
from penstock.infra.http_server.asgi import Receive, Scope, Send

MIB = 1024 * 1024


async def too_large(scope: Scope, receive: Receive, send: Send) -> None:
    """Responds without reading the body."""
    await reply(send, b"too large", 413)


def send_all_then_read(port: int, head: bytes, size: int) -> bytes:
    """Sends the whole request before reading, as simple clients do."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as sock:
        sock.sendall(head)
        for _ in range(size // 65536):
            sock.sendall(b"x" * 65536)
        data = b""
        while piece := sock.recv(65536):
            data += piece
        return data


async def test_a_client_that_sends_too_much_reads_its_413() -> None:
    async with serving(too_large) as running:
        head = post(b"", length=30 * MIB)
        data = await asyncio.to_thread(send_all_then_read, running.server.port, head, 30 * MIB)
        (answer,) = split(data)
        assert (answer.status, answer.headers["connection"]) == (413, "close")


async def test_unread_chunks_are_discarded() -> None:
    async with serving(too_large) as running:
        head = chunked(b"%x\r\n" % (20 * MIB))
        data = await asyncio.to_thread(send_all_then_read, running.server.port, head, 20 * MIB)
        assert split(data)[0].status == 413


async def test_a_short_unread_body_keeps_the_connection() -> None:
    async with serving(too_large) as running:
        client = await running.connect()
        short = (post(b"x" * 1000, length=9000), b"y" * 8000)
        for wire, rest in (short, (chunked(b"3\r\n"), b"abc\r\n0\r\n\r\n")):
            client.writer.write(wire)
            assert (await client.answer()).status == 413
            client.writer.write(rest)
        assert (await client.ask(get())).status == 413
        client.close()


async def pour(client: Client) -> None:
    """Sends until the connection is closed."""
    async with asyncio.timeout(15):
        while True:
            client.writer.write(b"x" * 65536)
            await client.writer.drain()
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("bound", [{"linger_bytes": 1 * MIB}, {"linger_s": 0.5}])
async def test_discarding_an_unread_body_is_bounded(bound: dict[str, float]) -> None:
    async with serving(too_large, **bound) as running:
        client = await running.connect()
        client.writer.write(post(b"", length=1 << 30))
        assert (await client.answer()).status == 413
        with pytest.raises(ConnectionError):
            await pour(client)
        assert running.stats.open_count == 0
        client.writer.transport.abort()


async def test_stop_waits_for_requests_and_closes_other_connections() -> None:
    release = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await release.wait()
        await reply(send, b"late")

    async with serving(app) as running:
        idle, busy = await running.connect(), await running.connect()
        busy.writer.write(get() + get())
        await asyncio.sleep(0.1)
        running.server.stop()
        assert await idle.ended(2) == b""
        with pytest.raises(OSError):
            await running.connect()
        release.set()
        answer = await busy.answer()
        assert (answer.body, answer.headers["connection"]) == (b"late", "close")
        assert await busy.ended(2) == b""


async def test_a_server_that_retires_serves_what_is_on_its_way_and_says_that_it_closes() -> None:
    release = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/late":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"a", "more_body": True})
            await release.wait()
            await send({"type": "http.response.body", "body": b"b"})
        else:
            await reply(send, b"now")

    async with serving(app) as running:
        used, late, idle, new = [await running.connect() for _ in range(4)]
        for client in (used, idle):
            assert (await client.ask(get())).headers.get("connection") != "close"
        late.writer.write(get("/late"))
        await late.reader.readuntil(b"a\r\n")
        running.server.retire()
        with pytest.raises(OSError):
            await running.connect()
        for client in (used, new):
            answer = await client.ask(get())
            assert (answer.body, answer.headers["connection"]) == (b"now", "close")
            assert await client.ended(2) == b""
        release.set()
        await late.reader.readuntil(b"0\r\n\r\n")
        answer = await late.ask(get())
        assert (answer.body, answer.headers["connection"]) == (b"now", "close")
        assert await late.ended(2) == b""
        assert await idle.ended(60) == b""
        async with asyncio.timeout(60):
            await running.work


def certificate(folder: Path) -> Path:
    """Creates a self-signed certificate for `here`, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "here")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("here")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "here.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


async def test_tls_works_and_a_silent_handshake_times_out(tmp_path: Path) -> None:
    pem = certificate(tmp_path)
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(pem)
    theirs = ssl.create_default_context(cafile=str(pem))
    async with serving(tls=ours, tls_handshake_s=1.0) as running:
        silent = await running.connect()
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", running.server.port, ssl=theirs, server_hostname="here"
        )
        client = Client(reader, writer)
        for body in (b"secret", b"x" * 300_000):
            assert (await client.ask(post(body))).body == body
        assert running.seen.scopes[0]["scheme"] == "https"
        client.close()
        plain = await running.connect()
        plain.writer.write(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
        assert not (await plain.ended(5)).startswith(b"HTTP")
        assert await silent.ended(5) == b""
