"""One supervised process: started, watched, told to stop. When to start again is decided here,
by the law of `restarts`; what to start is the plan's.
"""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from functools import partial

from penstock.entrypoints.up.restarts import Restarts
from penstock.infra.process import die_with


@dataclass(frozen=True)
class Program:
    """What to run: a module and its config as JSON. `stop_rank`: lower ones are stopped first."""

    name: str
    module: str
    config: str
    stop_rank: int


class Child:
    """A program and the process that runs it at the moment, if one does."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.restarts = Restarts()
        self.due_s: float | None = 0.0  # when to start it; None while it runs
        self._process: subprocess.Popen[bytes] | None = None
        self._started_s = 0.0

    @property
    def pid(self) -> int | None:
        """The process's id; None while none runs."""
        return self._process.pid if self._process else None

    def start(self, now_s: float) -> None:
        """Starts the process: in a group of its own, so that Ctrl-C reaches the supervisor only,
        and bound to the supervisor's life."""
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and modules
            [sys.executable, "-m", self.program.module, self.program.config],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # what they have to say, they log
            process_group=0,
            preexec_fn=partial(die_with, os.getpid()),  # noqa: PLW1509 - the supervisor has one thread
        )
        self._started_s = now_s
        self.due_s = None

    def poll(self, now_s: float) -> int | None:
        """The exit code if the process has ended since the last look (negative: the signal)."""
        if self._process is None or (code := self._process.poll()) is None:
            return None
        self._process = None
        self.restarts = self.restarts.after(now_s - self._started_s)
        self.due_s = now_s + self.restarts.delay_s
        return code

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal if the process still runs."""
        if self._process is not None:
            self._process.send_signal(number)
