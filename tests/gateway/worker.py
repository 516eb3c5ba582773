"""One gateway worker as its own process, and the records in its spool."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from penstock.infra.spool.frame import Frame, Kind, scan
from penstock.rules.call import CallBegin, CallEnd, decode_begin, decode_end
from tests.ports import free_port

GATEWAY = ("-m", "penstock.entrypoints.gateway")
_LISTENS = "0A"  # a state in /proc/net/tcp


@dataclass
class Worker:
    """A running worker."""

    home: Path
    port: int
    process: asyncio.subprocess.Process

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def begins(self) -> list[CallBegin]:
        return [decode_begin(frame.payload) for frame in self._frames(Kind.BEGIN)]

    def ends(self) -> list[CallEnd]:
        return [decode_end(frame.payload) for frame in self._frames(Kind.END)]

    async def end_of(self, trace_id: str, timeout_s: float = 30.0) -> CallEnd:
        """Waits for the record of one trace: a call can be recorded after its answer."""
        async with asyncio.timeout(timeout_s):
            while not (found := [end for end in self.ends() if end.begin.trace_id == trace_id]):
                await asyncio.sleep(0.01)
        (end,) = found
        return end

    async def wait_for_ends(self, count: int, timeout_s: float = 30.0) -> list[CallEnd]:
        """Waits for `count` end records."""
        async with asyncio.timeout(timeout_s):
            while len(found := self.ends()) < count:
                await asyncio.sleep(0.01)
        return found

    def memory_bytes(self) -> int:
        """Anonymous memory of the process."""
        text = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        line = next(line for line in text.splitlines() if line.startswith("Pss_Anon:"))
        return int(line.split()[1]) * 1024

    def _frames(self, kind: Kind) -> list[Frame]:
        found: list[Frame] = []
        for path in sorted((self.home / "spool").glob("*.spool")):
            frames = scan(path.read_bytes())
            found += [f for f in frames if isinstance(f, Frame) and f.kind is kind]
        return found


@asynccontextmanager
async def worker(
    home: Path, *, program: Sequence[str] = GATEWAY, **config: object
) -> AsyncIterator[Worker]:
    """Starts a worker on a free port; there is no server behind it."""
    port = int(str(config.get("port") or free_port()))
    others = listener_count(port)
    config_fields = {"home": str(home), "port": port, "server_url": "http://127.0.0.1:9"}
    config_fields |= {"ship_rest_s": 0.1, **config}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *program,
        msgspec.json.encode(config_fields).decode(),
        env={**os.environ, "PYTHONPATH": "src:tests"},
    )
    try:
        await _listening(port, process, others)
        yield Worker(home, port, process)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), 30)
            except TimeoutError:
                process.kill()
                await process.wait()


async def _listening(port: int, process: asyncio.subprocess.Process, others: int) -> None:
    """Waits until one more process than `others` listens on the port."""
    async with asyncio.timeout(60):
        while listener_count(port) <= others:
            assert process.returncode is None, "the worker ended while starting"
            await asyncio.sleep(0.02)


def listener_count(port: int) -> int:
    """Returns how many sockets of IPv4 listen on a port, which workers may share."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(f":{port:04X}") and row[3] == _LISTENS for row in rows)
