"""One contender, one round: every workload once, with its processor time and what it stored."""

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
from bench.process import cpu_seconds, memory_mb, taskset
from bench.streams import StreamLoad
from bench.workloads import UNARY, Streams, Workload, request_body


class Unary(msgspec.Struct, frozen=True):
    """A unary workload's figures. Processor figures are 0 where nothing stands between."""

    rate: float
    p50_us: int
    p99_us: int
    failed: int
    cpu_us_per_call: float
    cpu_share: float


class Paced(msgspec.Struct, frozen=True):
    """The waves' figures; the contender's processor time is per delta."""

    waves: list[StreamLoad]
    cpu_us_per_delta: float


class Ledger(msgspec.Struct, frozen=True):
    """Calls as three parties counted them: the client the answered ones, the providers those that
    reached them, the store those that it holds. wrk stops in mid-call: up to one call a
    connection reaches the gateway without being counted as answered."""

    answered: int
    seen: int
    stored: int
    broken_off: int  # the most that wrk can have broken off

    @property
    def holds(self) -> bool:
        """Stored is every call that was answered or reached a provider, and none besides, but
        those that wrk broke off before they went out."""
        return max(self.answered, self.seen) <= self.stored <= self.seen + self.broken_off


class Round(msgspec.Struct, frozen=True):
    """What one contender did in one round."""

    contender: str
    unary: dict[str, Unary]
    paced: Paced | None
    memory_mb: float
    ledger: Ledger | None


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    seconds: float
    warmup_s: float
    waves: int
    workloads: tuple[Workload, ...] = UNARY


class Session:
    """Drives one running contender."""

    def __init__(self, bench: Bench, entry: Entry, plan: Plan) -> None:
        self._bench, self._entry, self._plan = bench, entry, plan
        self._answered = self._broken_off = self._streams = 0
        self._seen_before = self._seen()

    def unary(self, workload: Workload) -> Unary:
        """Warms up, then measures. `ValueError` if the answers are not the provider's."""
        route = workload.name.partition("@")[0]
        body = request_body(self._entry.model[route], workload.prompt_size)
        self._check_answer(route, body, workload)
        self._load(route, body, workload.connections, self._plan.warmup_s)
        before = cpu_seconds(self._entry.pid) if self._entry.pid else 0.0
        load = self._load(route, body, workload.connections, self._plan.seconds)
        spent = cpu_seconds(self._entry.pid) - before if self._entry.pid else 0.0
        return Unary(
            rate=load.rate,
            p50_us=load.p50_us,
            p99_us=load.p99_us,
            failed=load.failed + load.not_2xx,
            cpu_us_per_call=spent / max(load.requests, 1) * 1e6,
            cpu_share=spent / (load.duration_us / 1e6),
        )

    def paced(self) -> Paced:
        """The waves of streams, one after the other."""
        body = self._file("paced", request_body(self._entry.model["paced"], 200, stream=True))
        port = self._entry.port if self._entry.pid else self._bench.providers.paced
        before = cpu_seconds(self._entry.pid) if self._entry.pid else 0.0
        waves = [self._wave(port, body) for _ in range(self._plan.waves)]
        spent = cpu_seconds(self._entry.pid) - before if self._entry.pid else 0.0
        deltas = sum(wave.started for wave in waves) * Streams().delta_count
        return Paced(waves, spent / max(deltas, 1) * 1e6)

    def ledger(self) -> Ledger | None:
        """After the load: who counted what."""
        if self._entry.stored is None:
            return None
        seen = self._seen() - self._seen_before - 1 + self._streams  # 1: the question itself
        stored = self._entry.stored()
        return Ledger(self._answered, seen, stored, self._broken_off)

    def _wave(self, port: int, body: Path) -> StreamLoad:
        path = self._entry.path["paced"]
        command = [sys.executable, "-m", "bench.streams", "127.0.0.1", str(port), path]
        command += [self._entry.token or "none", str(body)]
        pinned = [*taskset(self._bench.cores.load), *command]
        ran = subprocess.run(pinned, capture_output=True, check=False)
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
        url = f"http://127.0.0.1:{self._bench.providers.canned}/status"
        with urllib.request.urlopen(url, timeout=10) as page:
            return nginx.requests_seen(page.read().decode())


def measure(name: str, start: Start, bench: Bench, plan: Plan) -> Iterator[str | Round]:
    """Starts the contender, loads it, ends it. Yields what it is at, then the figures."""
    yield "starting"
    with start(bench) as entry:
        session = Session(bench, entry, plan)
        unary: dict[str, Unary] = {}
        for workload in plan.workloads:
            yield workload.name
            unary[workload.name] = session.unary(workload)
        yield "streams"
        paced = session.paced() if plan.waves else None
        memory = memory_mb(entry.pid) if entry.pid else 0.0
        if entry.stored:
            yield "draining"
        ledger = session.ledger()
        yield Round(name, unary, paced, memory, ledger)
        time.sleep(0.5)  # sockets of one contender close before the next is measured
