"""Fixtures and options of all tests. Tests connect to this machine only."""

import gc
import ipaddress
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, settings

_OPENING = {"socket.connect", "socket.sendto"}
_EXAMPLES = 25  # of a property test that sets no number; each run draws others


class NetworkUsed(BaseException):
    """A test opened a connection to another machine. Not an `Exception`, so that code under test
    that handles connection errors does not handle it."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--drill-full", action="store_true", help="Run drills at their full size.")
    parser.addoption("--drill-seed", type=int, help="Repeat the kill times of an earlier run.")
    parser.addoption("--drill-seeds", type=int, help="How many seeds, from --drill-seed on. [50]")
    parser.addoption(
        "--law-examples",
        type=int,
        help="Generated examples per property test. [25, or a small number that the test sets]",
    )
    parser.addoption("--write-clients", action="store_true", help="Write docs/clients.md anew.")
    parser.addoption("--write-codec-digests", action="store_true", help="Write codec_digests.json.")
    parser.addoption("--law-seed", type=int, help="Repeat the generated calls of an earlier run.")


def pytest_configure(config: pytest.Config) -> None:
    """Sets the size of property tests, and restores signals that `nohup` or `&` ignores, because
    child processes inherit this. The duration of an example depends on the machine, so it is not
    limited."""
    wanted: int | None = config.getoption("--law-examples")
    settings.register_profile("penstock", deadline=None, max_examples=wanted or _EXAMPLES)
    settings.load_profile("penstock")
    for number, usual in (
        (signal.SIGINT, signal.default_int_handler),
        (signal.SIGHUP, signal.SIG_DFL),
    ):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, usual)


@pytest.hookimpl(tryfirst=True)
def pytest_collection() -> None:
    """Collects without the garbage collector, which would take a third of the time."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Excludes from the collector what was imported: it lives as long as the process."""
    gc.freeze()
    gc.enable()


LawSettings = Callable[[int], settings]


@pytest.fixture(scope="session")
def law(request: pytest.FixtureRequest) -> LawSettings:
    """Settings of a property test with real processes: `law(small)` runs `small` examples, or
    `--law-examples`. Disables the health checks of hypothesis: examples are slow and share one
    fixture."""
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

    An audit hook sees every Python socket, including those of asyncio and C extensions. Hooks
    cannot be removed, so it is disabled at the end.
    """
    with loopback_only():
        yield


@contextmanager
def loopback_only() -> Iterator[None]:
    active = True

    def reject(event: str, arguments: tuple[object, ...]) -> None:
        if active and event in _OPENING and not _is_here(arguments):
            raise NetworkUsed(f"a test opened a connection to {arguments[1]!r}")

    sys.addaudithook(reject)
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
