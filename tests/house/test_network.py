"""Tests can connect to this machine only."""

import socket

import pytest

from tests.conftest import NetworkUsed


def test_a_connection_to_another_machine_is_refused() -> None:
    with (
        socket.socket() as sock,
        pytest.raises(BaseException, match="opened a connection") as caught,
    ):
        sock.connect(("192.0.2.1", 9))
    assert type(caught.value).__name__ == NetworkUsed.__name__


def test_loopback_is_allowed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()[:2]).close()
