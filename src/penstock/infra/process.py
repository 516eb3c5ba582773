"""What an operating-system process needs to be well-behaved: dying with its parent, holding a
lock, finding its port free. No policy: who restarts whom stands in `entrypoints/up`.
"""

import ctypes
import errno
import fcntl
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from penstock.kernel.errors import SetupError

_PR_SET_PDEATHSIG: Final = 1
_M_TRIM_THRESHOLD: Final = -1
_OPEN_FILES: Final = 1024 * 1024  # where the system sets no limit


def die_with(parent: int) -> None:
    """Has the kernel kill this process as soon as its parent, of that process id, is gone.

    Linux only; elsewhere a supervisor that is killed leaves its children running.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)  # it died before the kernel was told


def keep_freed_memory(size_bytes: int) -> None:
    """Has the allocator keep so much freed memory at hand, where it would give it back to the
    kernel and ask for it again a moment later. GNU libc only; elsewhere nothing happens."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_TRIM_THRESHOLD, size_bytes)


def raise_open_files() -> int:
    """Lets this process open as many files as it is allowed to at all; how many that is."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _OPEN_FILES if hard == resource.RLIM_INFINITY else hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return most


def read_config_argument(arguments: Sequence[str], default: str = "") -> str:
    """The config that this process was started with: its first argument; `-`: it comes over
    standard input, because everybody on a machine can read command lines."""
    config = arguments[0] if arguments else default
    return sys.stdin.read() if config == "-" else config


class FileLock:
    """An exclusive lock that the kernel releases when this process ends, however it ends."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def release(self) -> None:
        """Lets the next one in."""
        os.close(self._fd)


def lock_home(home: Path) -> FileLock:
    """Makes the home (mode 0700) and becomes its only owner.

    `SetupError` naming the other owner's process id, or saying why the folder cannot be used.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = os.open(home / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise SetupError(
            f"The home {home} cannot be used: {error.strerror}.",
            hint="Choose another with --home or PENSTOCK_HOME.",
        ) from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.pread(fd, 32, 0).decode("ascii", "replace").strip() or "unknown"
        os.close(fd)
        raise SetupError(
            f"The home {home} is in use by the process {owner}.",
            hint="Stop that one, or choose another home with --home or PENSTOCK_HOME.",
        ) from None
    os.ftruncate(fd, 0)
    os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
    return FileLock(fd)


def require_free_port(host: str, port: int, flag: str, *, patience_s: float = 1.0) -> None:
    """`SetupError` if somebody listens there already.

    Binds without SO_REUSEPORT: with it a second instance would silently take half the traffic.
    A predecessor that was just killed may need a moment to go: hence `patience_s`.
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
                f"Port {port} on {host} is taken by another program.",
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
    """Whether nobody listens there at the moment."""
    return _bind(host, port) is None


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on at the moment."""
    with socket.create_server((host, 0), family=_family(host)) as server:
        return int(server.getsockname()[1])
