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
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

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
        try:
            process = await asyncio.create_subprocess_exec(
                *words,
                cwd=folder,
                env={},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise UpstreamFailed(f"The sandbox command cannot be started: {error}.") from error
        output = bytearray()
        ended = False
        try:
            async with asyncio.timeout(self._timeout_s):
                ended = await _read(process, output)
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


async def _read(process: asyncio.subprocess.Process, output: bytearray) -> bool:
    """Reads all output; false if there is more than is kept."""
    stream = process.stdout
    while stream is not None and (part := await stream.read(8192)):
        output += part[: MAX_OUTPUT_BYTES - len(output)]
        if len(output) >= MAX_OUTPUT_BYTES:
            return False
    return True
