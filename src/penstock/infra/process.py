"""Functions for operating-system processes: end with the parent, lock the home, check the port.

The policy of restarts is in `entrypoints/up`.
"""

import ctypes
import errno
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Sequence
from typing import Final

from penstock.kernel.errors import SetupError

RETIRE_SIGNAL: Final = signal.SIGUSR1  # to a process whose port another one has taken over

_PR_SET_PDEATHSIG: Final = 1
_M_TRIM_THRESHOLD: Final = -1
_OPEN_FILES: Final = 1024 * 1024  # if the system has no limit


def die_with(parent: int) -> None:
    """Makes the kernel kill this process when its parent (a process id) ends.

    Linux only; elsewhere the children of a killed supervisor keep running.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)  # the parent ended before the call above


def keep_freed_memory(size_bytes: int) -> None:
    """Makes the allocator keep this much freed memory, instead of returning it to the kernel and
    requesting it again soon after. GNU libc only; elsewhere it does nothing."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_TRIM_THRESHOLD, size_bytes)


def raise_open_files() -> int:
    """Raises the limit of open files of this process to its maximum and returns it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _OPEN_FILES if hard == resource.RLIM_INFINITY else hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return most


def read_config_argument(arguments: Sequence[str], default: str = "") -> str:
    """Returns the config of this process: its first argument. With `-` it reads standard input,
    because all users of a machine can read command lines."""
    config = arguments[0] if arguments else default
    return sys.stdin.read() if config == "-" else config


def require_free_port(host: str, port: int, flag: str, *, patience_s: float = 1.0) -> None:
    """Raises `SetupError` if the port is in use; `flag` is the option that changes it.

    Binds without SO_REUSEPORT: with it, a second instance would silently receive half the traffic.
    Waits up to `patience_s` for a predecessor that was just killed.
    """
    deadline = time.monotonic() + patience_s
    while (problem := _bind(host, port)) is not None:
        if problem.errno != errno.EADDRINUSE:
            raise SetupError(
                f"Cannot listen on {host}:{port}: {problem.strerror or problem}.",
                hint="Choose another address with --host.",
            )
        if time.monotonic() >= deadline:
            raise SetupError(
                f"Port {port} on {host} is in use by another program.",
                hint=f"Stop it, or choose another port with {flag}.",
            )
        time.sleep(0.05)


def _bind(host: str, port: int) -> OSError | None:
    try:
        socket.create_server((host, port), family=_family(host)).close()
    except OSError as error:
        return error
    return None


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def is_free(host: str, port: int) -> bool:
    """Returns whether the port is free at the moment."""
    return _bind(host, port) is None


def free_port(host: str = "127.0.0.1") -> int:
    """Returns a port that is free at the moment."""
    with socket.create_server((host, 0), family=_family(host)) as server:
        return int(server.getsockname()[1])
