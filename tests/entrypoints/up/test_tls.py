"""An installation with TLS on both ports: processes and commands reach each other."""

import json
import ssl
import urllib.request
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path

import pytest

from installation import Installation, wait_until
from tests.certificates import write_pair

pytestmark = pytest.mark.drill


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    it = Installation(tmp_path / "home")
    write_pair(tmp_path / "tls.crt", tmp_path / "tls.key", name="gateway.example.com")
    for section in ("GATEWAY", "SERVER"):
        it.extra[f"PENSTOCK_{section}__TLS_CERTIFICATE"] = str(tmp_path / "tls.crt")
        it.extra[f"PENSTOCK_{section}__TLS_KEY"] = str(tmp_path / "tls.key")
    it.start()
    yield it
    it.kill()


def _open(installation: Installation, port: int, path: str, body: object = None) -> HTTPResponse:
    anyone = ssl.create_default_context()
    anyone.check_hostname = False
    anyone.verify_mode = ssl.CERT_NONE
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"https://127.0.0.1:{port}{path}", content)
    request.add_header("authorization", f"Bearer {installation.gateway_key}")
    request.add_header("content-type", "application/json")
    return urllib.request.urlopen(request, timeout=30, context=anyone)


def _reports_the_key(installation: Installation, port: int) -> bool:
    with _open(installation, port, "/readyz") as answer:
        return any("stays in use" in each for each in json.load(answer)["notices"])


def test_both_ports_serve_tls_and_report_a_broken_pair(
    installation: Installation, tmp_path: Path
) -> None:
    assert f"https://127.0.0.1:{installation.gateway_port}/v1" in installation.output
    message = {"role": "user", "content": "hello"}
    body = {"model": "sim/sim-small", "messages": [message]}
    with _open(installation, installation.gateway_port, "/v1/chat/completions", body) as answer:
        assert json.load(answer)["choices"]
    wait_until(lambda: installation.json("traces", "list"))
    explained = installation.json("explain", "sim/sim-small", "--text", "hello")
    assert explained["targets"]  # the server trusts the gateway of its own installation
    for port in (installation.gateway_port, installation.server_port):
        with _open(installation, port, "/metrics") as answer:
            assert b"tls_certificate_expiry_timestamp_seconds" in answer.read()
    (tmp_path / "tls.key").write_text("broken")
    for port in (installation.gateway_port, installation.server_port):
        wait_until(lambda port=port: _reports_the_key(installation, port))
    assert installation.json("provider", "list")
