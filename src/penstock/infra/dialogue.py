"""Processes that run a program of ours beside a library that we do not let into our own process.

Parent and program exchange lines of JSON. The program gets a folder of its own, no variable of our
environment, and a path on which our modules come last. One that does not answer is killed.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, cast
from weakref import finalize

import penstock
from penstock.kernel.errors import UpstreamFailed

MAX_LINE_BYTES: Final = 8 * 1024 * 1024  # of a message of a program; then it is killed
MAX_PROCESSES: Final = 4  # of one program; further dialogues wait
_PROGRAM: Final = (
    "import runpy, sys; sys.path.append(sys.argv[1]);"
    " from penstock.infra.process import die_with; die_with(int(sys.argv[3]));"
    " runpy.run_module(sys.argv[2], run_name='__main__')"
)
_ROOT: Final = str(Path(next(iter(penstock.__path__))).parent)


class Dialogue:
    """A started program. One dialogue at a time."""

    def __init__(self, python: str, module: str, variables: Mapping[str, str]) -> None:
        """Raises `UpstreamFailed` if it cannot be started."""
        self._folder = TemporaryDirectory(prefix="penstock-library-")
        where = self._folder.name
        own = {"HOME": where, "TMPDIR": where, "PATH": os.defpath, "LANG": "C.UTF-8"}
        try:
            self._process = subprocess.Popen(  # noqa: S603 - no part of the command is of others
                [python, "-P", "-c", _PROGRAM, _ROOT, module, str(os.getpid())],
                cwd=where,
                env={**own, **variables},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            self._folder.cleanup()
            raise UpstreamFailed(f"The process of {module} cannot be started: {error}.") from error
        self._threads = ThreadPoolExecutor(1, "dialogue")
        self.close = finalize(self, _end, self._process, self._threads, self._folder)

    @property
    def process_id(self) -> int:
        """The number of the process."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """True if the process is no more."""
        return self._process.poll() is not None

    async def tell(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Sends a message, returns the next one of the program. Raises `UpstreamFailed` if it has
        ended or says too much."""
        loop = asyncio.get_running_loop()
        line = await loop.run_in_executor(self._threads, self._exchange, json.dumps(message))
        try:
            found = json.loads(line) if len(line) <= MAX_LINE_BYTES else None
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise UpstreamFailed("The process of the library ended before it answered.")
        return cast("dict[str, Any]", found)

    def _exchange(self, line: str) -> bytes:
        sent, received = self._process.stdin, self._process.stdout
        if sent is None or received is None:
            return b""
        with suppress(OSError):
            sent.write(line.encode() + b"\n")
            sent.flush()
        return received.readline(MAX_LINE_BYTES + 1)


class Dialogues:
    """The processes of one program: those that are free wait for the next dialogue."""

    def __init__(self, python: str, module: str, variables: Mapping[str, str]) -> None:
        """`python` runs it; empty: the Python of this process."""
        self._start = (python or sys.executable, module, variables)
        self._free: list[Dialogue] = []
        self._places: tuple[asyncio.AbstractEventLoop, asyncio.Semaphore] | None = None

    @asynccontextmanager
    async def one(self) -> AsyncGenerator[Dialogue]:
        """Lends a process. One whose dialogue was not ended properly is killed."""
        async with self._semaphore():
            dialogue = self._taken()
            try:
                yield dialogue
            except BaseException:
                dialogue.close()
                raise
            self._free.append(dialogue)

    def close(self) -> None:
        """Ends the processes that are free."""
        while self._free:
            self._free.pop().close()

    def _taken(self) -> Dialogue:
        while self._free:
            dialogue = self._free.pop()
            if not dialogue.ended:
                return dialogue
            dialogue.close()
        return Dialogue(*self._start)

    def _semaphore(self) -> asyncio.Semaphore:
        """A semaphore belongs to an event loop, processes do not."""
        loop = asyncio.get_running_loop()
        if self._places is None or self._places[0] is not loop:
            self._places = (loop, asyncio.Semaphore(MAX_PROCESSES))
        return self._places[1]


def _end(
    process: "subprocess.Popen[bytes]",
    threads: ThreadPoolExecutor,
    folder: "TemporaryDirectory[str]",
) -> None:
    """Kills the process with all that it started; a thread that reads from it ends with it."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, 9)
    process.wait()
    threads.shutdown()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with suppress(OSError):
                stream.close()
    folder.cleanup()
