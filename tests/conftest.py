"""Shared by all tests: nothing leaves this machine. What a single test needs stands beside it."""

import ipaddress
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says something about the machine, not about the law.
settings.register_profile("penstock", deadline=None)
settings.load_profile("penstock")

_OPENING = {"socket.connect", "socket.sendto"}


class NetworkUsed(BaseException):
    """Not an `Exception`: code under test that forgives connection errors must not forgive this."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--drill-full", action="store_true", help="Drills at their full size.")
    parser.addoption("--drill-seed", type=int, help="Kill at the times of an earlier run.")
    parser.addoption(
        "--law-examples",
        type=int,
        help="Generated requests per law; without it a small draw, made by each law itself.",
    )
    parser.addoption("--law-seed", type=int, help="Draw the calls of an earlier run.")


def pytest_configure() -> None:
    """Whoever starts the tests with `nohup` or `&` has these ignored, and our processes too."""
    for number, usual in (
        (signal.SIGINT, signal.default_int_handler),
        (signal.SIGHUP, signal.SIG_DFL),
    ):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, usual)


LawSettings = Callable[[int], settings]


@pytest.fixture(scope="session")
def law(request: pytest.FixtureRequest) -> LawSettings:
    """Settings of a law against real processes: `law(small)` draws `small` examples, or as many
    as `--law-examples` says. Examples are slow and share one world, so hypothesis must not
    complain about either."""
    wanted: int | None = request.config.getoption("--law-examples")

    def sized(small: int) -> settings:
        return settings(
            max_examples=wanted or small,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )

    return sized


@pytest.fixture(autouse=True, scope="session")
def _loopback_only() -> Iterator[None]:
    """Refuses connections from the test process to anything but this machine.

    An audit hook sees every socket, asyncio's and C extensions' of Python sockets included;
    hooks cannot be removed, so it is switched off at the end.
    """
    with loopback_only():
        yield


@contextmanager
def loopback_only() -> Iterator[None]:
    active = True

    def refuse(event: str, arguments: tuple[object, ...]) -> None:
        if active and event in _OPENING and not _is_here(arguments):
            raise NetworkUsed(f"a test opened a connection to {arguments[1]!r}")

    sys.addaudithook(refuse)
    try:
        yield
    finally:
        active = False


def _is_here(arguments: tuple[object, ...]) -> bool:
    sock, address = arguments[0], arguments[1]
    if not isinstance(sock, socket.socket) or sock.family not in {socket.AF_INET, socket.AF_INET6}:
        return True
    host = str(address[0]) if isinstance(address, tuple) else ""
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback or host in {"0.0.0.0", "::"}
    except ValueError:
        return host == "localhost"
