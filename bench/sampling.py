"""Attributes the CPU time of a Python process to the steps of a call, by sampling.

Every few milliseconds of the process's CPU time a signal arrives; the CPU time that each Python
thread has used since its last sample is added to the step in which the thread is.
"""

import itertools
import json
import os
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import main_thread
from types import FrameType
from typing import Final

FOLDER: Final = "BENCH_SAMPLES"
DUMP: Final = signal.SIGWINCH  # the column store takes others, such as SIGRTMIN, for itself
_EVERY_S: Final = 0.004
_OTHER: Final = "the rest: interpreter, event loop"

# The innermost module of a stack that is in this table decides.
STEPS: Final[Mapping[str, str]] = {
    "penstock.infra.spool.frame": "frames: checksum, scan",
    "penstock.infra.spool.send": "shipping",
    "penstock.infra.spool.ship": "shipping",
    "penstock.infra.spool": "spool: write",
    "penstock.infra.egress": "provider: connection",
    "penstock.infra.http_server": "HTTP server",
    "penstock.infra.web": "HTTP server",
    "uvicorn": "HTTP server",
    "fastapi": "HTTP server",
    "starlette": "HTTP server",
    "penstock.infra.columns.embedded": "insert",
    "penstock.infra.columns.connection": "insert",
    "penstock.infra.columns": "insert: encode rows",
    "penstock.rules.call": "record: encode, decode",
    "penstock.features.traces.http": "HTTP server",
    "penstock.features.traces": "rows",
    "penstock.features.traces.ingest": "scan, decode",
    "penstock.rules.wire": "wire format",
    "penstock.plugins": "wire format",
    "penstock.gateway.metrics": "metrics",
    "penstock.gateway.stages.authenticate": "key",
    "penstock.gateway.caller": "key",
    "penstock.gateway.stages.read": "request: read, resolve",
    "penstock.gateway.stages.resolve": "request: read, resolve",
    "penstock.gateway.stages.dispatch": "provider: request, answer",
    "penstock.gateway.stages.attempts": "provider: request, answer",
    "penstock.gateway.stages.relay": "provider: request, answer",
    "penstock.gateway.stages.settle": "settle: usage, price",
    "penstock.rules.prices.price": "settle: usage, price",
    "penstock.gateway.stages.record": "record: build",
    "penstock.gateway.http": "HTTP server",
    "penstock.gateway": "pipeline, call object",
}


def step_of(modules: list[str]) -> str:
    """Returns the step of a stack of modules, innermost first. The longest prefix decides."""
    for module in modules:
        for end in range(len(module), 0, -1):
            if step := STEPS.get(module[:end]):
                return step
    return _OTHER


class Sampler:
    """The CPU seconds of each step, of all Python threads of this process."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._steps: dict[tuple[str, ...], str] = {}
        self._used: defaultdict[int, float] = defaultdict(float)

    def start(self) -> None:
        """Samples from now on. Call it in the main thread."""
        self._used.update({thread: _used(thread) for thread in _frames()})
        signal.signal(signal.SIGPROF, self._take)
        signal.siginterrupt(signal.SIGPROF, False)  # noqa: FBT003 - positional only
        signal.setitimer(signal.ITIMER_PROF, _EVERY_S, _EVERY_S)

    def stop(self) -> None:
        """Ends sampling."""
        signal.setitimer(signal.ITIMER_PROF, 0)

    def _take(self, number: int, interrupted: FrameType | None) -> None:
        del number
        main = main_thread().ident
        for thread, frame in _frames().items():
            used = _used(thread)
            spent = used - self._used[thread]
            self._used[thread] = used
            if spent > 0:
                self.seconds[self._step(interrupted if thread == main else frame)] += spent

    def _step(self, frame: FrameType | None) -> str:
        modules: list[str] = []
        while frame is not None:
            name = frame.f_globals.get("__name__", "")
            if not modules or modules[-1] != name:
                modules.append(name)
            frame = frame.f_back
        key = tuple(modules)
        if key not in self._steps:
            self._steps[key] = step_of(modules)
        return self._steps[key]


def _frames() -> dict[int, FrameType]:
    return sys._current_frames()  # noqa: SLF001 - the documented way to the frames of all threads


def _used(thread: int) -> float:
    """The CPU seconds of a thread of this process; 0 if it has ended."""
    with suppress(OSError):
        return time.clock_gettime(time.pthread_getcpuclockid(thread))
    return 0.0


def start_in_child() -> None:
    """Samples this process if it is a gateway or a server of the benchmark. The signal `DUMP`
    writes the seconds to a file in the folder that the environment names."""
    folder = os.environ.get(FOLDER, "")
    if not folder or not any(word.startswith("penstock.entrypoints.") for word in sys.orig_argv):
        return
    sampler, numbers = Sampler(), itertools.count(1)

    def dump(number: int, frame: FrameType | None) -> None:
        del number, frame
        file = Path(folder) / f"{os.getpid()}-{next(numbers)}.json"
        draft = file.with_suffix(".draft")
        draft.write_text(json.dumps(sampler.seconds))
        draft.rename(file)

    signal.signal(DUMP, dump)
    sampler.start()
