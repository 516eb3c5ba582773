"""Runs wrk, the load generator of the unary workloads, and parses its result."""

import os
import subprocess
from pathlib import Path
from typing import Final

import msgspec

from bench.process import pinned

SCRIPT: Final = Path(__file__).parent / "lua" / "post.lua"


class Load(msgspec.Struct, frozen=True):
    """One run of wrk. `failed` counts broken or refused connections and timeouts."""

    requests: int
    duration_us: int
    received_bytes: int
    failed: int
    not_2xx: int
    p50_us: int
    p90_us: int
    p99_us: int
    p999_us: int
    max_us: int

    @property
    def rate(self) -> float:
        """Successful requests per second."""
        return (self.requests - self.not_2xx) / self.duration_us * 1e6


def run(
    url: str,
    token: str,
    body: Path,
    *,
    connections: int,
    seconds: float,
    cores: str,
    realtime: bool = False,
    rate: float = 0.0,
    distinct: bool = False,
    asks_cache: bool = False,
) -> Load:
    """Runs wrk once: each connection calls again at once, or all together make `rate` calls a
    second. `distinct`: no two requests are the same. `asks_cache`: for answers that it does not
    have. Raises `ValueError` with its error
    output if it printed no result."""
    command = [
        *pinned(cores, realtime=realtime),
        *("wrk", "-t", "1", "-c", str(connections), "-d", f"{round(seconds)}s"),
        *("--timeout", "30s", "-s", str(SCRIPT), url),
    ]
    env = {"PATH": os.environ["PATH"], "BENCH_BODY": str(body), "BENCH_TOKEN": token}
    env["BENCH_DISTINCT"] = "1" if distinct or asks_cache else ""
    env["BENCH_CACHE"] = "1" if asks_cache else ""
    env["BENCH_RATE"] = f"{rate:f}"
    ran = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    return parse(ran.stdout, ran.stderr)


def parse(output: str, error_output: str = "") -> Load:
    """Parses the result line of the script."""
    for line in output.splitlines():
        if line.startswith("BENCH "):
            return msgspec.json.decode(line.removeprefix("BENCH "), type=Load)
    msg = f"wrk printed no result: {(error_output or output).strip()[-500:]}"
    raise ValueError(msg)
