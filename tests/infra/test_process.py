"""Ports: a port in use is an error."""

import socket

import pytest

from penstock.infra.process import free_port, require_free_port
from penstock.kernel.errors import SetupError


def test_a_port_that_is_used_with_reuseport_counts_as_taken() -> None:
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as server:
        port = server.getsockname()[1]
        with pytest.raises(SetupError) as caught:
            require_free_port("127.0.0.1", port, "--gateway-port", patience_s=0)
    assert caught.value.sentence() == (
        f"Port {port} on 127.0.0.1 is in use by another program. "
        "Stop it, or choose another port with --gateway-port."
    )


def test_connections_in_time_wait_do_not_block_the_port() -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)) as server:
        client = socket.create_connection(("127.0.0.1", port))
        server.accept()[0].close()  # the side that closes first stays in TIME_WAIT
        client.close()
    require_free_port("127.0.0.1", port, "--gateway-port", patience_s=0)


def test_an_address_of_another_machine_is_a_one_line_error() -> None:
    with pytest.raises(SetupError, match=r"Cannot listen on 192\.0\.2\.1:"):
        require_free_port("192.0.2.1", 4000, "--gateway-port")
