"""TLS: the client connects to the checked address and verifies the name of the URL."""

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.raw_upstream import RawUpstream, answers, unary
from penstock.infra.egress.client import Egress
from penstock.kernel.errors import UpstreamFailed
from penstock.spi.http import HttpRequest


def _certificate(folder: Path, name: str) -> Path:
    """Creates a self-signed certificate for `name`, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


@asynccontextmanager
async def _tls_upstream(certificate: Path, asked: list[str]) -> AsyncIterator[RawUpstream]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _, name, __: asked.append(name or "")
    upstream = RawUpstream(answers(unary(b"safe")))
    server = await asyncio.start_server(upstream.connected, "127.0.0.1", 0, ssl=context)
    upstream.port = server.sockets[0].getsockname()[1]
    async with server:
        yield upstream


async def _fetch(certificate: Path, port: int) -> bytes:
    egress = Egress(ssl.create_default_context(cafile=str(certificate)))
    request = HttpRequest("POST", f"https://localhost:{port}/v1", (), b"{}")
    try:
        return (await egress(request, timeout_s=5, private_allowed=True)).body
    finally:
        egress.close()


async def test_server_name_and_certificate_are_those_of_the_host(tmp_path: Path) -> None:
    asked: list[str] = []
    certificate = _certificate(tmp_path, "localhost")
    async with _tls_upstream(certificate, asked) as upstream:
        assert await _fetch(certificate, upstream.port) == b"safe"
    assert asked == ["localhost"]
    assert f"host: localhost:{upstream.port}".encode() in upstream.seen[0].head


async def test_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    certificate = _certificate(tmp_path, "other.example")
    async with _tls_upstream(certificate, []) as upstream:
        with pytest.raises(UpstreamFailed, match="certificate"):
            await _fetch(certificate, upstream.port)
        assert upstream.seen == []


async def test_an_unknown_issuer_is_refused(tmp_path: Path) -> None:
    certificate = _certificate(tmp_path, "localhost")
    async with _tls_upstream(certificate, []) as upstream:
        request = HttpRequest("POST", f"https://localhost:{upstream.port}/v1", (), b"{}")
        with pytest.raises(UpstreamFailed, match="certificate"):
            await Egress()(request, timeout_s=5, private_allowed=True)
