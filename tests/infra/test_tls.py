"""Certificates of a running server: taken when they change, kept when the new ones are broken."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography.x509 import load_der_x509_certificate
from hypothesis import given
from hypothesis import strategies as st

from penstock.infra.egress.client import Egress
from penstock.infra.http_server import HttpServer
from penstock.infra.tls import CertificateFiles, LocalTrust, ServedCertificate, local_trust
from penstock.kernel.errors import SetupError, UpstreamFailed
from penstock.spi.http import HttpRequest
from tests.certificates import write_pair
from tests.infra.http_server.wire import Client, Running, Seen, echo, post, serving


class Pair:
    """The two files of a server."""

    def __init__(self, folder: Path) -> None:
        self.certificate, self.key = folder / "tls.crt", folder / "tls.key"

    @property
    def files(self) -> CertificateFiles:
        return CertificateFiles(str(self.certificate), str(self.key))

    def write(self, *, days: float = 90, password: bytes = b"") -> int:
        return write_pair(self.certificate, self.key, days=days, password=password)


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


@asynccontextmanager
async def open_client(running: Running, name: str | None = "here") -> AsyncIterator[Client]:
    anyone = ssl.create_default_context()
    anyone.check_hostname = False
    anyone.verify_mode = ssl.CERT_NONE
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", running.server.port, ssl=anyone, server_hostname=name or "127.0.0.1"
    )
    client = Client(reader, writer)
    yield client
    client.close()


def serial(client: Client) -> int:
    handshake = client.writer.get_extra_info("ssl_object")
    return load_der_x509_certificate(handshake.getpeercert(binary_form=True)).serial_number


async def served_serial(running: Running, name: str | None = "here") -> int:
    async with open_client(running, name) as client:
        assert (await client.ask(post(b"x"))).body == b"x"
        return serial(client)


async def test_new_connections_get_the_new_certificate_and_open_ones_go_on(pair: Pair) -> None:
    first = pair.write()
    served = ServedCertificate(pair.files, time.time)
    async with serving(tls=served.context) as running, open_client(running) as old:
        assert (await old.ask(post(b"before"))).body == b"before"
        second = pair.write()
        assert served.changed()
        assert await served_serial(running) == first
        served.reload()
        assert not served.changed()
        assert await served_serial(running) == second
        assert await served_serial(running, None) == second  # a client without a server name
        assert (await old.ask(post(b"after"))).body == b"after"
        assert serial(old) == first


async def test_the_files_are_watched(pair: Pair) -> None:
    pair.write()
    served = ServedCertificate(pair.files, time.time)
    async with serving(tls=served.context) as running:
        watching = asyncio.create_task(served.run())
        second = pair.write()
        async with asyncio.timeout(60):
            while await served_serial(running) != second:
                await asyncio.sleep(0.05)
        watching.cancel()
        await asyncio.wait([watching])


@pytest.mark.parametrize("broken", ["key only", "garbage", "missing", "ended", "encrypted"])
async def test_a_broken_pair_is_reported_and_the_last_one_stays(pair: Pair, broken: str) -> None:
    first = pair.write()
    served = ServedCertificate(pair.files, time.time)
    async with serving(tls=served.context) as running:
        match broken:
            case "key only":
                write_pair(pair.certificate.with_name("other"), pair.key)
            case "garbage":
                pair.certificate.write_text("-----BEGIN CERTIFICATE-----\nx\n")
            case "missing":
                pair.key.unlink()
            case "ended":
                pair.write(days=-1)
            case _:
                pair.write(password=b"secret")
        assert served.changed()
        served.reload()
        assert await served_serial(running) == first
        (notice,) = served.notices()
        assert notice.startswith("The last certificate stays in use. ")
        assert str(pair.certificate) in notice
        assert served.gauges()["tls_reload_failures"][1] == 1
        second = pair.write()
        served.reload()
        assert (served.notices(), await served_serial(running)) == ([], second)


async def test_a_handshake_that_has_begun_is_finished_by_a_server_that_retires(pair: Pair) -> None:
    pair.write()
    served = ServedCertificate(pair.files, time.time)
    server = HttpServer(echo(Seen()), "127.0.0.1", 0, tls=served.context)
    await server.listen()
    serving_it = asyncio.create_task(server.serve())
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    assert server._state is not None
    while not server._state.handshakes:
        await asyncio.sleep(0.01)
    server.retire()
    await asyncio.sleep(0.2)
    assert not serving_it.done()
    await writer.start_tls(LocalTrust(str(pair.certificate))(), server_hostname="here")
    client = Client(reader, writer)
    answer = await client.ask(post(b"late"))
    assert (answer.body, answer.headers["connection"]) == (b"late", "close")
    client.close()
    await asyncio.wait_for(serving_it, 30)


@given(content=st.binary(max_size=200))
def test_any_content_is_used_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    file = tmp_path_factory.mktemp("any") / "tls.pem"
    file.write_bytes(b"-----BEGIN CERTIFICATE-----\n" + content)
    with pytest.raises(SetupError, match="cannot be used"):
        ServedCertificate(CertificateFiles(str(file)), time.time)


def test_the_end_of_the_certificate_is_a_metric_and_a_notice(pair: Pair) -> None:
    pair.write(days=10)
    served = ServedCertificate(pair.files, time.time)
    _, ends_s = served.gauges()["tls_certificate_expiry_timestamp_seconds"]
    assert 9.9 < (ends_s - time.time()) / 86400 <= 10
    assert "The TLS certificate ends at " in served.notices()[0]
    pair.write(days=90)
    served.reload()
    assert served.notices() == []


async def _ask(trust: LocalTrust, port: int) -> int:
    egress = Egress(trust)
    try:
        request = HttpRequest("POST", f"https://127.0.0.1:{port}/", (), b"x")
        return (await egress(request, timeout_s=10, private_allowed=True)).status
    finally:
        egress.close()


async def test_the_own_installation_is_trusted_by_content_before_and_after_a_renewal(
    pair: Pair, tmp_path: Path
) -> None:
    pair.write()
    served = ServedCertificate(pair.files, time.time)
    trust = LocalTrust(str(pair.certificate))
    other = Pair(tmp_path / "other")
    other.certificate.parent.mkdir()
    other.write()
    async with serving(tls=served.context) as running:
        port = running.server.port
        assert await _ask(trust, port) == 200
        pair.write()
        assert await _ask(trust, port) == 200  # the server has the old one
        served.reload()
        assert await _ask(trust, port) == 200
        with pytest.raises(UpstreamFailed):
            await _ask(LocalTrust(str(other.certificate)), port)
        with pytest.raises(UpstreamFailed):
            await _ask(LocalTrust(str(tmp_path / "missing")), port)
    assert local_trust("") is None
