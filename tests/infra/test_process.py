"""Locks and ports: one owner per home, and a port in use is an error."""

import os
import socket
from pathlib import Path

import pytest

from penstock.infra.process import free_port, lock_home, require_free_port
from penstock.kernel.errors import SetupError


def test_a_home_is_private_and_has_one_owner(tmp_path: Path) -> None:
    home = tmp_path / "a" / "home"
    lock = lock_home(home)
    assert home.stat().st_mode & 0o777 == 0o700
    with pytest.raises(SetupError) as caught:
        lock_home(home)
    assert str(home) in caught.value.sentence()
    assert f"process {os.getpid()}" in caught.value.sentence()
    lock.release()
    lock_home(home).release()


def test_a_home_that_cannot_be_created_is_a_one_line_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="cannot be used: Not a directory"):
        lock_home(tmp_path / "file" / "home")


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
