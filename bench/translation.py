"""`python -m bench.translation`: CPU time of translated calls beside those that pass unchanged.

One gateway worker, in front of the simulator in three dialects. Each pair of surface and dialect
is loaded in turn, a few times, so that other work on the machine slows all; the ratio to the
passed call of the same surface counts. A streamed answer has 64 deltas, paced, so that each one
arrives alone. CPU time is user and system time of the worker.
"""

import argparse
import asyncio
import json
import re
import sys
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

import msgspec

from bench.gateway_alone import CREDENTIAL, KEY, gateway_worker
from bench.process import Cores, cpu_seconds, free_port, started, wait_http
from bench.workloads import text
from penstock.rules.snapshot.providers import ProviderEntry
from penstock.sim.config import SimConfig

DELTAS: Final = 64
_MODELS: Final = {
    "openai": ("openai-compatible", "/v1", "gpt-4o-mini"),
    "anthropic": ("anthropic", "/v1", "claude-sonnet-4-5"),
    "google": ("gemini", "/v1beta", "gemini-2.0-flash"),
}
_PROMPT: Final = text(200)
_MESSAGES: Final = [{"role": "user", "content": _PROMPT}]


class Load(NamedTuple):
    """What callers ask for: `calls` of each connection. There are so many connections that the
    worker is never idle, because a call costs an idle one more."""

    name: str
    streamed: bool
    connections: int
    calls: int
    tokens_per_second: float


LOADS: Final = (
    Load("whole", streamed=False, connections=32, calls=60, tokens_per_second=0.0),
    Load(f"{DELTAS} deltas", streamed=True, connections=64, calls=3, tokens_per_second=100.0),
)


class Surface(NamedTuple):
    """A chat format of callers: its path, its body, and the provider that speaks it."""

    path: str
    body: Mapping[str, object]
    native: str
    model_in_path: bool = False


SURFACES: Final = {
    "chat": Surface("/v1/chat/completions", {"messages": _MESSAGES, "max_tokens": 256}, "openai"),
    "responses": Surface("/v1/responses", {"input": _PROMPT, "max_output_tokens": 256}, "openai"),
    "messages": Surface("/v1/messages", {"messages": _MESSAGES, "max_tokens": 256}, "anthropic"),
    "gemini": Surface(
        "/v1beta/models/{model}:{method}",
        {"contents": [{"role": "user", "parts": [{"text": _PROMPT}]}]},
        "google",
        model_in_path=True,
    ),
}


def main(argv: list[str]) -> int:
    """Prints a line for each pair: CPU time of a call and its ratio, first whole, then streamed."""
    parser = argparse.ArgumentParser(prog="python -m bench.translation", description=__doc__)
    parser.add_argument("--surfaces", default=",".join(SURFACES))
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(argv)
    pairs = [(s, p) for s in options.surfaces.split(",") for p in _MODELS]
    for load in LOADS:
        with (
            tempfile.TemporaryDirectory(prefix="penstock-bench-") as folder,
            _installation(Path(folder), load) as (port, pid),
        ):
            rounds = [
                {pair: asyncio.run(_cpu_us(port, pid, load, *pair)) for pair in pairs}
                for _ in range(options.rounds + 1)
            ][1:]
        print(load.name)
        for surface, provider in pairs:
            native = (surface, SURFACES[surface].native)
            cpu = median(each[surface, provider] for each in rounds)
            to_native = median(each[surface, provider] / each[native] for each in rounds)
            print(f"  {surface:9} to {provider:9} {cpu:7,.0f} µs {to_native:5.2f} of passed")
    return 0


@contextmanager
def _installation(folder: Path, load: Load) -> Generator[tuple[int, int]]:
    """Simulator and gateway worker; the worker's port and process."""
    cores, port = Cores.of_machine(), free_port()
    config = SimConfig(port=port, tokens=DELTAS, tokens_per_second=load.tokens_per_second, log="")
    command = [sys.executable, "-m", "penstock.entrypoints.sim"]
    log = folder / "simulator.log"
    command.append(msgspec.json.encode(config).decode())
    address = f"http://127.0.0.1:{port}"
    providers = tuple(
        ProviderEntry(
            name,
            kind,
            address + base,
            (model,),
            private_allowed=True,
            vendor=name,
            secret_id=CREDENTIAL,
        )
        for name, (kind, base, model) in _MODELS.items()
    )
    with started(command, cores=cores.upstream, log=log) as simulator:
        wait_http(f"{address}/healthz", simulator, log, patience_s=20)
        with gateway_worker(
            folder, providers, cores=cores.gateway, log=folder / "worker.log"
        ) as it:
            yield it


async def _cpu_us(port: int, pid: int, load: Load, surface: str, provider: str) -> float:
    """CPU time of a call."""
    model = f"{provider}/{_MODELS[provider][2]}"
    request = _request(SURFACES[surface], model, streamed=load.streamed)
    before = cpu_seconds(pid)
    callers = (_connection(port, request, load.calls) for _ in range(load.connections))
    await asyncio.gather(*callers)
    return (cpu_seconds(pid) - before) / (load.calls * load.connections) * 1e6


def _request(surface: Surface, model: str, *, streamed: bool) -> bytes:
    document = dict(surface.body)
    method = "streamGenerateContent?alt=sse" if streamed else "generateContent"
    path = surface.path.format(model=model, method=method)
    if not surface.model_in_path:
        document["model"] = model
        if streamed:
            document["stream"] = True
    body = json.dumps(document, separators=(",", ":")).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {KEY}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _connection(port: int, request: bytes, calls: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(calls):
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head.lower())
        if length:
            body = await reader.readexactly(int(length[1]))
        else:
            body = await reader.readuntil(b"\r\n0\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit((head + body).decode())
    writer.close()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
