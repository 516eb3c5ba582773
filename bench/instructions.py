"""`python -m bench.instructions`: user instructions of a gateway worker per call, by callgrind.

They do not depend on what else the machine does, so that a change of one per cent is visible on a
busy one. Time in the kernel is not counted. Each arm has its own worker; `--tree` names checkouts.
"""

import argparse
import asyncio
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Final

import msgspec

from bench.gateway_alone import KEY, PROJECT, canned_providers, write_snapshot
from bench.process import free_port
from bench.workloads import ANSWERS, MODEL, UNARY, answer_body, request_body
from penstock.entrypoints.gateway.config import GatewayConfig
from penstock.rules.guards.policies import Action, Check, GuardrailPolicy, GuardrailsSection, Place
from penstock.rules.limits.documents import LimitEntry, LimitsSection, Measure
from penstock.rules.limits.windows import WindowUnit

CONNECTIONS: Final = 8
WARMUP_CALLS: Final = 25  # of each connection
CALLS: Final = 30  # of each connection
_START_S: Final = 180
_TOTALS: Final = re.compile(r"^totals: (\d+)", re.MULTILINE)
_CACHE: Final = "x-penstock-cache: 60\r\n"
_LIMITS: Final = LimitsSection(
    PROJECT,
    (
        LimitEntry("lim_1", "requests", Measure.REQUESTS, Decimal(10**9), WindowUnit.MINUTE),
        LimitEntry("lim_2", "tokens", Measure.TOKENS, Decimal(10**12), WindowUnit.MINUTE),
        LimitEntry("lim_3", "budget", Measure.SPEND, Decimal(10**6), WindowUnit.MONTH),
    ),
)
_CHECKS: Final = tuple(
    [Check(detector, tuple(Place), Action.REDACT) for detector in ("secrets", "card_numbers")]
)
_GUARDS: Final = GuardrailsSection(PROJECT, (GuardrailPolicy("gdr_1", "all", _CHECKS),))
_LIMITED: Final = {f"{PROJECT}/limits": _LIMITS}
_GUARDED: Final = {f"{PROJECT}/guardrails": _GUARDS}
# The sections of the project, and whether the cache is asked.
ARMS: Final[Mapping[str, tuple[Mapping[str, object], bool]]] = {
    "off": ({}, False),
    "limits": (_LIMITED, False),
    "guards": (_GUARDED, False),
    "cache": ({}, True),
    "all": ({**_LIMITED, **_GUARDED}, True),
}


def main(argv: list[str]) -> int:
    """Prints the instructions of each arm in each tree, and their ratio to the first figure."""
    parser = argparse.ArgumentParser(prog="python -m bench.instructions", description=__doc__)
    parser.add_argument("--arms", default=",".join(ARMS))
    parser.add_argument("--workload", default="small", choices=ANSWERS)
    parser.add_argument("--tree", action="append", default=[], help="a checkout; may be repeated")
    options = parser.parse_args(argv)
    if shutil.which("valgrind") is None:
        raise SystemExit("Install valgrind first.")
    first = 0.0
    for arm in options.arms.split(","):
        for tree in options.tree or [str(Path(__file__).parents[1])]:
            with tempfile.TemporaryDirectory(prefix="penstock-bench-") as folder:
                found = asyncio.run(_measure(arm, options.workload, Path(tree), Path(folder)))
            first = first or found
            print(f"{arm:8}{found:12,.0f}  {found / first:6.3f}  {tree}", flush=True)
    return 0


async def _measure(arm: str, workload: str, tree: Path, folder: Path) -> float:
    """Returns the instructions of one call."""
    policies, cached = ARMS[arm]
    body = answer_body(ANSWERS[workload])
    tool = ["valgrind", "--tool=callgrind", "--instr-atstart=no"]
    tool += [f"--callgrind-out-file={folder}/callgrind.out", sys.executable]
    async with provider(body) as url, worker(folder, url, policies, tree, tool) as (port, pid):
        await load(port, workload, "warm", cached=cached, calls=WARMUP_CALLS)
        _control(pid, "-i", "on")
        begun = time.monotonic()
        await load(port, workload, "call", cached=cached, calls=CALLS)
        _control(pid, "-d")
        await asyncio.sleep(time.monotonic() - begun)  # what the worker does without calls
        _control(pid, "-d")
    busy, idle = [
        int(_TOTALS.findall((folder / f"callgrind.out.{dump}").read_text())[-1]) for dump in (1, 2)
    ]
    return (busy - idle) / (CALLS * CONNECTIONS)


def _control(pid: int, *command: str) -> None:
    subprocess.run(["callgrind_control", *command, str(pid)], check=True, capture_output=True)


@asynccontextmanager
async def provider(body: bytes) -> AsyncGenerator[str]:
    """A provider that answers each request with the same bytes."""
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
    answer = head.encode() + b"\r\n\r\n" + body

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await reader.read(2**20):
            while not _is_whole(request):
                request += await reader.read(2**20)
            writer.write(answer)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"


def _is_whole(message: bytes) -> bool:
    head, found, body = message.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head.lower())
    return bool(found) and length is not None and len(body) >= int(length[1])


@asynccontextmanager
async def worker(
    folder: Path, url: str, policies: Mapping[str, object], tree: Path, tool: Sequence[str]
) -> AsyncGenerator[tuple[int, int]]:
    """A gateway worker that `tool` runs: its port and its process."""
    home, port = folder / "home", free_port()
    (home / "run").mkdir(mode=0o700, parents=True)
    write_snapshot(home, canned_providers(lambda _: url), policies)
    nowhere = f"http://127.0.0.1:{free_port()}"
    config = GatewayConfig(home=str(home), port=port, server_url=nowhere, log_level="error")
    command = [*tool, "-m", "penstock.entrypoints.gateway", msgspec.json.encode(config).decode()]
    env = {**os.environ, "PYTHONPATH": str(tree / "src"), "PYTHONHASHSEED": "0"}
    process = await asyncio.create_subprocess_exec(
        *command, env=env, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(_START_S):
            while not await _answers(port):
                await asyncio.sleep(0.2)
        yield port, process.pid
        process.terminate()
        await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def load(port: int, workload: str, name: str, *, cached: bool, calls: int) -> None:
    """Sends calls on each connection. No two requests are equal, so that no cache has an answer."""
    size = next(each.prompt_size for each in UNARY if each.name.startswith(workload))

    async def connection(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for at in range(calls):
            body = request_body(f"{workload}/{MODEL}", size)
            body = body.replace(b"The quick brown", f"{name} {number:03} {at:06}".encode(), 1)
            head = "POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\n"
            head += f"authorization: Bearer {KEY}\r\ncontent-type: application/json\r\n"
            head += f"{_CACHE if cached else ''}content-length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
            answer = b""
            while not _is_whole(answer):
                answer += await reader.read(2**20)
            if not answer.startswith(b"HTTP/1.1 200"):
                raise SystemExit(answer.decode())
        writer.close()

    await asyncio.gather(*(connection(number) for number in range(CONNECTIONS)))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
