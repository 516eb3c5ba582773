"""Measures one gateway in one round: each workload once, its CPU time, its stored calls."""

import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bench import nginx, wrk
from bench.contenders import Bench, Entry, Start
from bench.process import cpu_seconds, memory_mb, pinned, prioritised
from bench.server import Reading
from bench.streams import StreamLoad
from bench.workloads import UNARY, Streams, Workload, request_body


class Unary(msgspec.Struct, frozen=True):
    """The figures of a unary workload. CPU figures are those of the gateway, and 0 for direct
    calls. `server_cpu_us_per_call` is that of the server until each call is stored and merged; None
    if nothing is stored. `server_idle_share` is its CPU use when idle, which is not included."""

    rate: float
    p50_us: int
    p99_us: int
    failed: int
    cpu_us_per_call: float
    cpu_share: float
    server_cpu_us_per_call: float | None = None
    server_idle_share: float = 0.0


class Paced(msgspec.Struct, frozen=True):
    """The figures of the waves of streams, and the gateway's CPU time per delta."""

    waves: list[StreamLoad]
    cpu_us_per_delta: float


class CallCounts(msgspec.Struct, frozen=True):
    """Three counts of calls: answered (by the client), seen (by the providers), stored (by the
    server). wrk aborts at its end: up to one call per connection reaches the gateway without being
    counted as answered."""

    answered: int
    seen: int
    stored: int
    broken_off: int  # the maximum that wrk may have aborted

    @property
    def holds(self) -> bool:
        """True if every answered or seen call is stored, and at most the aborted ones besides."""
        return max(self.answered, self.seen) <= self.stored <= self.seen + self.broken_off


class Round(msgspec.Struct, frozen=True):
    """The figures of one gateway in one round."""

    contender: str
    unary: dict[str, Unary]
    paced: Paced | None
    memory_mb: float
    ledger: CallCounts | None


@dataclass(frozen=True, slots=True)
class Plan:
    """The extent of the measurement."""

    seconds: float
    warmup_s: float
    waves: int
    quiet_s: float  # without a merge: the store has merged all it will
    workloads: tuple[Workload, ...] = UNARY
    stream_count: int = 256

    @property
    def streams(self) -> Streams:
        """Returns one wave of streams."""
        return Streams(self.stream_count)


class Session:
    """Measures one running gateway."""

    def __init__(self, bench: Bench, entry: Entry, plan: Plan) -> None:
        self._bench, self._entry, self._plan = bench, entry, plan
        self._answered = self._broken_off = self._streams = self._status_reads = 0
        self._seen_before = self._seen()
        self._status_reads = 0

    def unary(self, workload: Workload) -> Unary:
        """Warms up, then measures. Raises `ValueError` for a wrong answer."""
        route = workload.name.partition("@")[0]
        body = request_body(self._entry.model[route], workload.prompt_size)
        self._check_answer(route, body, workload)
        self._load(route, body, workload.connections, self._plan.warmup_s)
        idle, seen = self._settled(), self._seen()
        before = cpu_seconds(self._entry.pid) if self._entry.pid else 0.0
        load = self._load(route, body, workload.connections, self._plan.seconds)
        spent = cpu_seconds(self._entry.pid) - before if self._entry.pid else 0.0
        stored = self._seen() - seen - 1  # 1: this request
        return Unary(
            rate=load.rate,
            p50_us=load.p50_us,
            p99_us=load.p99_us,
            failed=load.failed + load.not_2xx,
            cpu_us_per_call=spent / max(load.requests, 1) * 1e6,
            cpu_share=spent / (load.duration_us / 1e6),
            **self._storing(idle, stored),
        )

    def _settled(self) -> Reading | None:
        server = self._entry.server
        return server.settle(self._plan.quiet_s) if server else None

    def _storing(self, before: Reading | None, calls: int) -> dict[str, float]:
        after = self._settled()
        if before is None or after is None:
            return {}
        return {
            "server_cpu_us_per_call": after.spent_since(before) / max(calls, 1) * 1e6,
            "server_idle_share": after.idle_share,
        }

    def paced(self) -> Paced:
        """Runs the waves of streams, one after the other."""
        body = self._file("paced", request_body(self._entry.model["paced"], 200, stream=True))
        port = self._entry.port if self._entry.pid else self._bench.providers.paced
        before = cpu_seconds(self._entry.pid) if self._entry.pid else 0.0
        waves = [self._wave(port, body) for _ in range(self._plan.waves)]
        spent = cpu_seconds(self._entry.pid) - before if self._entry.pid else 0.0
        deltas = sum(wave.started for wave in waves) * self._plan.streams.delta_count
        return Paced(waves, spent / max(deltas, 1) * 1e6)

    def ledger(self) -> CallCounts | None:
        """Returns the three counts, after the load."""
        server = self._entry.server
        if server is None:
            return None
        seen = self._seen() - self._seen_before - self._status_reads + self._streams
        server.settle(self._plan.quiet_s)
        stored = server.stored()
        return CallCounts(self._answered, seen, stored, self._broken_off)

    def _wave(self, port: int, body: Path) -> StreamLoad:
        path = self._entry.path["paced"]
        command = [sys.executable, "-m", "bench.streams", "127.0.0.1", str(port), path]
        command += [self._entry.token or "none", str(body), str(self._plan.streams.count)]
        cores = self._bench.cores
        ran = subprocess.run([*pinned(cores.load), *command], capture_output=True, check=False)
        if ran.returncode:
            raise ValueError(f"the stream client failed: {ran.stderr.decode()[-500:]}")
        wave = msgspec.json.decode(ran.stdout, type=StreamLoad)
        self._answered += wave.clean
        self._streams += wave.started
        return wave

    def _load(self, route: str, body: bytes, connections: int, seconds: float) -> wrk.Load:
        load = wrk.run(
            self._url(route),
            self._entry.token,
            self._file(route, body),
            connections=connections,
            seconds=seconds,
            cores=self._bench.cores.load,
            realtime=has_priority(self._bench, self._entry),
            asks_cache=self._entry.asks_cache,
        )
        self._answered += load.requests
        self._broken_off += connections
        return load

    def _check_answer(self, route: str, body: bytes, workload: Workload) -> None:
        headers = {"content-type": "application/json"}
        headers["authorization"] = f"Bearer {self._entry.token or 'none'}"
        request = urllib.request.Request(self._url(route), body, headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            document = msgspec.json.decode(answer.read())
        content = document["choices"][0]["message"]["content"]
        if len(content) != workload.answer_size:
            raise ValueError(f"{route}: {len(content)} bytes of text, not {workload.answer_size}")
        self._answered += 1

    def _url(self, route: str) -> str:
        return f"http://127.0.0.1:{self._entry.port}{self._entry.path[route]}"

    def _file(self, name: str, body: bytes) -> Path:
        path = self._bench.folder / f"body-{name}.json"
        path.write_bytes(body)
        return path

    def _seen(self) -> int:
        self._status_reads += 1
        url = f"http://127.0.0.1:{self._bench.providers.canned}/status"
        with urllib.request.urlopen(url, timeout=10) as page:
            return nginx.requests_seen(page.read().decode())


def has_priority(bench: Bench, entry: Entry) -> bool:
    """Returns whether load generator and provider have real-time priority: only over a server on
    their core. Without one they may fill the core, and the kernel would stop real-time processes
    for 50 ms in each second."""
    return bench.cores.realtime and entry.server is not None


def measure(name: str, start: Start, bench: Bench, plan: Plan) -> Iterator[str | Round]:
    """Starts the gateway, loads it, ends it. Yields progress, then the figures."""
    yield "starting"
    with (
        start(bench) as entry,
        prioritised(bench.providers.pid, realtime=has_priority(bench, entry)),
    ):
        session = Session(bench, entry, plan)
        unary: dict[str, Unary] = {}
        for workload in plan.workloads:
            yield workload.name
            unary[workload.name] = session.unary(workload)
        yield "streams"
        paced = session.paced() if plan.waves else None
        memory = memory_mb(entry.pid) if entry.pid else 0.0
        if entry.server:
            yield "draining"
        ledger = session.ledger()
        yield Round(name, unary, paced, memory, ledger)
        time.sleep(0.5)  # let its sockets close before the next measurement
