"""One supervised process: started, watched, told to stop. When to start again is decided here,
by the law of `backoff`; what to start is the plan's.
"""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from penstock.entrypoints.up.backoff import RestartBackoff
from penstock.infra.process import die_with


@dataclass(frozen=True)
class Program:
    """What to run: a module and its config as JSON. `stop_rank`: lower ones are stopped first.
    `announces`: it writes a line to standard output once it is at work."""

    name: str
    module: str
    config: str
    stop_rank: int
    announces: bool = False


class Child:
    """A program and the process that runs it at the moment, if one does."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.backoff = RestartBackoff()
        self.start_at_s: float | None = 0.0  # when to start it; None while it runs
        self._process: subprocess.Popen[bytes] | None = None
        self._started_s = 0.0
        self._announced = False

    @property
    def pid(self) -> int | None:
        """The process's id; None while none runs."""
        return self._process.pid if self._process else None

    @property
    def has_started(self) -> bool:
        """Whether it runs, and has said so if it is one that does."""
        return self._process is not None and (self._announced or not self.program.announces)

    @property
    def output_fd(self) -> int | None:
        """The file descriptor that the process talks to; None when it has no more to say."""
        out = self._process.stdout if self._process else None
        return None if out is None or out.closed else out.fileno()

    def start(self, now_s: float) -> None:
        """Starts the process: in a group of its own, so that Ctrl-C reaches the supervisor only,
        and bound to the supervisor's life. Its config goes over standard input: it may hold a
        password, and command lines are for everybody to read."""
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and modules
            [sys.executable, "-m", self.program.module, "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            process_group=0,
            preexec_fn=partial(die_with, os.getpid()),  # noqa: PLW1509 - the supervisor has one thread
        )
        if self._process.stdin:
            with suppress(BrokenPipeError), self._process.stdin as told:
                told.write(self.program.config.encode())  # fits into the pipe: nobody waits
        self._announced = False
        self._started_s = now_s
        self.start_at_s = None

    def read_output(self) -> None:
        """Takes in what there is of its output_fd; its first word says that it is at work."""
        if (output_fd := self.output_fd) is not None and os.read(output_fd, 65536):
            self._announced = True
        else:
            self._close_output()

    def poll(self, now_s: float) -> int | None:
        """The exit code if the process has ended since the last look (negative: the signal)."""
        if self._process is None or (code := self._process.poll()) is None:
            return None
        self._close_output()
        self._process = None
        self.backoff = self.backoff.after(now_s - self._started_s)
        self.start_at_s = now_s + self.backoff.delay_s
        return code

    def _close_output(self) -> None:
        if self._process is not None and self._process.stdout is not None:
            self._process.stdout.close()

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal if the process still runs."""
        if self._process is not None:
            self._process.send_signal(number)
