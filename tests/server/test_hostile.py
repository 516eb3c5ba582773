"""What a review sent to the server, one request each; `test_law` sends the rest."""

import base64
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.server.running import Caller, Server, by_key

Send = Callable[..., int]


@pytest.fixture
def project(server: Server) -> str:
    return f"/api/v1/projects/{server.project_id()}"


def _status(server: Server, method: str, path: str, body: object = None, **headers: str) -> int:
    return server.call(method, path, server.root, body, headers).status


def test_an_origin_that_is_no_url_is_a_foreign_one(server: Server) -> None:
    assert _status(server, "POST", "/api/v1/projects", {"name": "x"}, origin="http://[") == 403


@pytest.mark.parametrize("text", ["\\ud800", "\\u0000", "\\udc00\\ud800"])
def test_text_that_no_store_holds_is_refused_everywhere(server: Server, text: str) -> None:
    body = b'{"email": "a@b", "password": "%s"}' % text.encode()
    assert server.call("POST", "/api/v1/session", body=body).status == 422
    assert _status(server, "POST", "/api/v1/projects", b'{"name": "%s"}' % text.encode()) == 422


@pytest.mark.parametrize("cursor", ["9" * 200, "9" * 18, "9" * 19, "-1", "²", "", "x"])
def test_an_audit_cursor_is_a_position_or_refused(
    server: Server, project: str, cursor: str
) -> None:
    text = base64.urlsafe_b64encode(cursor.encode()).decode().rstrip("=")
    assert _status(server, "GET", f"{project}/audit?cursor={text}") in {200, 400}


@pytest.mark.parametrize(
    "cursor",
    [b"[%d,%b]" % (2**63, b'""'), b'[-1,""]', b'[1,"%b"]' % (b"a" * 65), b'[1,"",%d]' % 2**63],
)
def test_a_cursor_of_traces_is_bounded(server: Server, cursor: bytes) -> None:
    text = base64.urlsafe_b64encode(cursor).decode().rstrip("=")
    assert _status(server, "GET", f"/api/v1/traces?cursor={text}") == 400
    assert _status(server, "GET", f"/api/v1/traces/tail?after={text}") == 400


def test_an_overview_of_all_times_has_a_bounded_number_of_buckets(server: Server) -> None:
    server.wait_for("/readyz")
    query = "from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59Z"
    answer = server.call("GET", f"/api/v1/overview?{query}", server.root)
    assert answer.status == 200
    assert 1 < len(answer.json()["series"]) <= 61


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-12:00", "2263-01-01T00:00:00Z"]
)
def test_a_range_may_begin_and_end_anywhere(server: Server, moment: str) -> None:
    server.wait_for("/readyz")
    for route in ("traces", "overview", "traces/facets"):
        for query in (f"from={moment}", f"to={moment}", f"from=0001-01-01T00:00:00Z&to={moment}"):
            assert _status(server, "GET", f"/api/v1/{route}?{query}") in {200, 400}


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_time_that_stores_cannot_hold_is_refused_and_lists_answer_on(
    server: Server, project: str, moment: str
) -> None:
    assert _status(server, "POST", f"{project}/keys", {"name": "x", "expires_at": moment}) == 422
    price = {"model": "*", "prices": [{"unit": "requests", "price": "1"}], "starts_at": moment}
    assert _status(server, "POST", f"{project}/prices", price) == 422
    assert _status(server, "GET", f"{project}/keys") == 200
    assert _status(server, "GET", f"{project}/prices") == 200


@pytest.mark.parametrize(
    "url", ["https://[::1/v1", f"https://{'x' * 300}/v1", "https://a.example:99999/v1"]
)
def test_an_address_that_cannot_be_is_refused(server: Server, project: str, url: str) -> None:
    body = {"name": "odd", "base_url": url}
    assert _status(server, "POST", f"{project}/providers", body) == 400
    fine = {"name": "odd", "base_url": "https://a.example/v1"}
    assert _status(server, "POST", f"{project}/providers", fine) == 201
    assert _status(server, "PATCH", f"{project}/providers/odd", {"base_url": url}) == 400
    assert _status(server, "DELETE", f"{project}/providers/odd") == 204


@pytest.mark.parametrize(
    "price",
    [
        {"price": "0E-1000000"},
        {"price": "0E+1000000"},
        {"price": "1." + "0" * 5000},
        {"price": "1", "tiers": [{"above": 10**23, "price": "1"}]},
    ],
)
def test_a_price_that_cannot_be_stored_is_rejected(
    server: Server, project: str, price: dict[str, object]
) -> None:
    body = {"model": "*", "prices": [{"unit": "requests", **price}]}
    assert _status(server, "POST", f"{project}/prices", body) in {400, 422}


@pytest.mark.parametrize("parts", ["bytes=,,", "bytes=9-1", "bytes=0-0"])
def test_pages_are_sent_completely_for_any_range_header(server: Server, parts: str) -> None:
    assert _status(server, "GET", "/", range=parts) == 200


def test_the_name_of_a_fault_is_cut(server: Server) -> None:
    refused = server.call("POST", "/api/v1/projects", server.root, {"x" * 60_000: 1, "name": "n"})
    assert refused.status == 422
    assert len(refused.body) < 1000


def test_strangers_get_no_body_read_on_internal_routes(server: Server) -> None:
    """Five callers without the token send 90 MB each; the server keeps none of it."""
    before = _memory(server)
    threads = [threading.Thread(target=_send_much, args=(server,)) for _ in range(5)]
    peak = before
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        peak = max(peak, _memory(server))
        time.sleep(0.02)
    assert peak - before < 50 * 2**20
    assert _status(server, "GET", "/api/v1/session") == 200


def _send_much(server: Server) -> None:
    head = b"POST /internal/v1/calls HTTP/1.1\r\nhost: x\r\ncontent-length: 94371840\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), 10) as sock:
        try:
            sock.sendall(head)
            for _ in range(90):
                sock.sendall(b"x" * 2**20)
        except OSError:
            return  # hung up on, as it should be


def test_a_stranger_may_send_what_signing_in_needs(server: Server) -> None:
    body = {"email": "a@b", "password": "x" * 100, "more": "x" * 70_000}
    for caller, status in ((Caller(), 401), (by_key("pk_x"), 401), (server.root, 422)):
        assert server.call("POST", "/api/v1/session", caller, body).status == status


def test_a_body_sent_in_single_bytes_is_read_without_delay(server: Server) -> None:
    pieces = b'{"name": "' + b"x" * 60_000
    framed = b"".join(b"1\r\n%c\r\n" % byte for byte in pieces) + b"0\r\n\r\n"
    head = (
        f"POST /api/v1/projects HTTP/1.1\r\nhost: 127.0.0.1\r\ntransfer-encoding: chunked\r\n"
        f"authorization: {server.root.headers['authorization']}\r\n"
        "content-type: application/json\r\n\r\n"
    ).encode()
    start = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.port), 60) as sock:
        sock.sendall(head + framed)
        assert sock.recv(65536).startswith(b"HTTP/1.1 422")
    assert time.monotonic() - start < 10


def _memory(server: Server) -> int:
    """Anonymous memory of the process."""
    text = Path(f"/proc/{server.process.pid}/smaps_rollup").read_text()
    line = next(line for line in text.splitlines() if line.startswith("Pss_Anon:"))
    return int(line.split()[1]) * 1024
