"""The lock of a home: one process runs the installation, and its file names the addresses.

The first line of the file is the process id, the second the addresses as JSON, the third the state
of rolling restarts. They are valid only while the lock is held: the kernel releases it when the
process ends, however it ends.
"""

import fcntl
import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from penstock.infra.home import Home
from penstock.kernel.errors import SetupError

_PATIENCE_S: Final = 0.2  # `find_running` holds a shared lock for a moment
_MAX_BYTES: Final = 4096  # of the lock file; the rest is ignored


class Addresses(NamedTuple):
    """The URLs of a running installation; empty where it runs no such process."""

    server_url: str = ""
    gateway_url: str = ""


class RestartState(NamedTuple):
    """The number of rolling restarts that were asked for, and what came of the last one: `running`,
    `done` or `failed`, with a sentence."""

    number: int = 0
    state: str = "done"
    detail: str = ""


class RunningOwner(NamedTuple):
    """The process that runs an installation. `restart`: `None` if it knows no rolling restarts."""

    pid: int
    restart: RestartState | None


class HomeLock:
    """The exclusive lock of a home. The kernel releases it when this process ends."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._addresses = Addresses()
        self._restart: RestartState | None = None

    def publish(self, addresses: Addresses) -> None:
        """Writes the addresses into the lock file, for `find_running`."""
        self._addresses = addresses
        self._write()

    def publish_restart(self, state: RestartState) -> None:
        """Writes the state of rolling restarts into the lock file, for `find_owner`."""
        self._restart = state
        self._write()

    def release(self) -> None:
        """Releases the lock."""
        os.close(self._fd)

    def _write(self) -> None:
        lines = [str(os.getpid()), json.dumps(self._addresses._asdict())]
        if self._restart is not None:
            lines.append(json.dumps(self._restart._asdict()))
        data = "".join(f"{line}\n" for line in lines).encode()
        os.pwrite(self._fd, data, 0)
        os.ftruncate(self._fd, len(data))


def lock_home(home: Path) -> HomeLock:
    """Creates the home (mode 0700) if needed, and locks it.

    Raises `SetupError` with the process id of the owner, or if the folder cannot be used.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = os.open(Home(home).lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise SetupError(
            f"The home {home} cannot be used: {error.strerror}.",
            hint="Choose another with --home or PENSTOCK_HOME.",
        ) from error
    if not _lock(fd, fcntl.LOCK_EX, _PATIENCE_S):
        owner = _read(fd)[0] or "unknown"
        os.close(fd)
        raise SetupError(
            f"The home {home} is in use by process {owner}.",
            hint="Stop that one, or choose another home with --home or PENSTOCK_HOME.",
        )
    lock = HomeLock(fd)
    lock.publish(Addresses())
    return lock


def find_running(home: Path) -> Addresses | None:
    """Returns the addresses of the installation that runs in this home; `None` if none runs."""
    try:
        fd = os.open(Home(home).lock, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        if _lock(fd, fcntl.LOCK_SH, 0):
            return None
        with suppress(ValueError, TypeError):
            return Addresses(**json.loads(_read(fd)[1]))
        return Addresses()
    finally:
        os.close(fd)


def find_owner(home: Path) -> RunningOwner | None:
    """Returns the process that runs the installation of this home; `None` if none runs."""
    if find_running(home) is None:
        return None
    with Home(home).lock.open("rb") as file:
        pid, _, restart = _read(file.fileno())
    try:
        return RunningOwner(int(pid), RestartState(**json.loads(restart)) if restart else None)
    except (ValueError, TypeError):
        return None


def _lock(fd: int, kind: int, patience_s: float) -> bool:
    deadline = time.monotonic() + patience_s
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(fd, kind | fcntl.LOCK_NB)
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.01)


def _read(fd: int) -> tuple[str, str, str]:
    """The process id, the addresses, and the state of restarts in the lock file."""
    text = os.pread(fd, _MAX_BYTES, 0).decode("ascii", "replace")
    first, second, third, *_ = (*text.split("\n"), "", "", "")
    return first.strip(), second.strip(), third.strip()
