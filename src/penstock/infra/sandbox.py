"""Runs the operator's sandbox command: time, output and number at once are bounded, its environment
is empty, and its process group ends with it.

What isolates the code (network, files, memory, processes that leave the group) is the command: a
container, nsjail, bubblewrap.
"""

import asyncio
import os
import shlex
import shutil
import signal
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Final

from penstock.kernel.errors import SetupError, UpstreamFailed
from penstock.spi.sandbox import SandboxResult

MAX_AT_ONCE: Final = 4  # commands that run; the others wait
MAX_OUTPUT_BYTES: Final = 64 * 1024  # of a command; then it is ended
FOLDER: Final = "{folder}"


class SandboxCommand:
    """`spi.sandbox.Sandbox`. `command` is split as a shell does, without one; `{folder}` in it is
    the folder of the files. Raises `SetupError` for a program that is not there."""

    def __init__(self, command: str, timeout_s: float) -> None:
        try:
            words = shlex.split(command)
        except ValueError as error:
            raise SetupError(f"evaluation.sandbox_command cannot be split: {error}.") from error
        program = shutil.which(words[0]) if words else None
        if program is None:
            raise SetupError(
                f"evaluation.sandbox_command names no program: {command[:200]}",
                hint="Install it, or give its whole path.",
            )
        self._words = [program, *words[1:]]
        self._timeout_s = timeout_s
        self._places = asyncio.Semaphore(MAX_AT_ONCE)

    async def run(self, files: Mapping[str, str]) -> SandboxResult:
        """Returns how the command ended. Raises `UpstreamFailed` if it cannot be started."""
        async with self._places:
            with TemporaryDirectory(prefix="penstock-sandbox-") as folder:
                for name, text in files.items():
                    (Path(folder) / name).write_text(text, "utf-8", "replace")
                return await self._run(folder)

    async def _run(self, folder: str) -> SandboxResult:
        words = [each.replace(FOLDER, folder) for each in self._words]
        output, ended = bytearray(), False
        async with _pipe() as (writing, stream):
            process = await _start(words, folder, writing)
            try:
                async with asyncio.timeout(self._timeout_s):
                    ended = await _read(stream, output)
                    if ended:
                        await process.wait()
            except TimeoutError:
                ended = False
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        return SandboxResult(
            process.returncode if ended else None, output.decode("utf-8", "replace")
        )


@asynccontextmanager
async def _pipe() -> AsyncGenerator[tuple[IO[bytes], asyncio.StreamReader]]:
    """Opens a pipe for the output of a command.

    Not asyncio's own: with that, the wait for the process also waits for the end of the output,
    which nobody reads once there is too much, and which another process may hold open."""
    stream = asyncio.StreamReader()
    reading, writing = _ends()
    with writing:
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(stream), reading
        )
        try:
            yield writing, stream
        finally:
            transport.close()


def _ends() -> tuple[IO[bytes], IO[bytes]]:
    reading, writing = os.pipe()
    return os.fdopen(reading, "rb", buffering=0), os.fdopen(writing, "wb", buffering=0)


async def _start(words: list[str], folder: str, output: IO[bytes]) -> asyncio.subprocess.Process:
    """Starts the command; only it has the writing end of its output then."""
    try:
        return await asyncio.create_subprocess_exec(
            *words,
            cwd=folder,
            env={},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise UpstreamFailed(f"The sandbox command cannot be started: {error}.") from error
    finally:
        output.close()


async def _read(stream: asyncio.StreamReader, output: bytearray) -> bool:
    """Reads all output; false if there is more than is kept."""
    while part := await stream.read(8192):
        output += part[: MAX_OUTPUT_BYTES - len(output)]
        if len(output) >= MAX_OUTPUT_BYTES:
            return False
    return True
