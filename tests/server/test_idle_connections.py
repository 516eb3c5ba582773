"""Idle and half-open connections stop neither REST nor ingest."""

import contextlib
import socket
import time
from pathlib import Path

import pytest

from penstock.infra.spool.frame import Kind, encode
from server.running import by_key, running


@pytest.mark.parametrize("most", [1000, 10_000])
def test_rest_and_ingest_answer_beside_idle_connections(
    tmp_path: Path, most: int, pytestconfig: pytest.Config
) -> None:
    count = 10_000 if pytestconfig.getoption("--drill-full") else 1_500
    with running(tmp_path / "home", http={"max_connections": most}) as server:
        server.wait_for("/readyz")
        gateway = by_key((server.home / "gateway.token").read_text().strip())
        with contextlib.ExitStack() as held:
            for number in range(count):
                sock = held.enter_context(socket.create_connection(("127.0.0.1", server.port)))
                if number % 2:
                    sock.sendall(b"POST /api/v1/session HTTP/1.1\r\nhost:")
            begun = time.monotonic()
            for number in range(5):
                assert server.call("GET", "/api/v1/projects", server.root).status == 200
                assert server.call("GET", "/healthz").status == 200
                stored = server.call(
                    "POST",
                    "/internal/v1/calls",
                    gateway,
                    encode(Kind.CUT, b""),
                    {"x-penstock-batch": f"{'0' * 32}-1:{number}-{number + 1}"},
                )
                assert stored.status == 200, stored.body
            assert time.monotonic() - begun < 20
