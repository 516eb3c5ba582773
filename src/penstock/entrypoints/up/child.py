"""One supervised process: starts it, watches it, sends it signals.

`backoff` decides when to restart it; `plan` decides what to start.
"""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from penstock.entrypoints.up.backoff import RestartBackoff
from penstock.infra.process import die_with


class ServedPort(NamedTuple):
    """A port that a program serves, and the flag that sets it. `/readyz` tells its readiness.
    `certificate`: the file with its certificate; empty without TLS."""

    number: int
    flag: str
    certificate: str = ""


@dataclass(frozen=True)
class Program:
    """One process of an installation: the module to run, and its configuration as JSON.

    Lower `stop_rank`s stop first. `announces`: the process writes a line to standard output once
    it serves. `port`: the installation is ready once this port is.
    """

    name: str
    module: str
    config: str
    stop_rank: int
    announces: bool = False
    port: ServedPort | None = None


class Child:
    """A program, and its current process if it runs."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.backoff = RestartBackoff()
        self.start_at_s: float | None = 0.0  # when to start the process; None while it runs
        self._process: subprocess.Popen[bytes] | None = None
        self._started_s = 0.0
        self._announced = False

    @property
    def pid(self) -> int | None:
        """The process id; None while no process runs."""
        return self._process.pid if self._process else None

    @property
    def has_started(self) -> bool:
        """True if the process runs, and has announced that it serves (if it announces)."""
        return self._process is not None and (self._announced or not self.program.announces)

    @property
    def output_fd(self) -> int | None:
        """The pipe from the process's standard output; None once it is closed."""
        out = self._process.stdout if self._process else None
        return None if out is None or out.closed else out.fileno()

    def start(self, now_s: float) -> None:
        """Starts the process in a new process group, so that Ctrl-C reaches only the supervisor.
        The process ends when the supervisor ends. Passes the configuration on standard input,
        because it may contain a password and all users can read command lines."""
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and modules
            [sys.executable, "-m", self.program.module, "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            process_group=0,
            preexec_fn=partial(die_with, os.getpid()),  # noqa: PLW1509 - the supervisor has one thread
        )
        if self._process.stdin:
            with suppress(BrokenPipeError), self._process.stdin as stdin:
                stdin.write(
                    self.program.config.encode()
                )  # fits into the pipe, so the write does not block
        self._announced = False
        self._started_s = now_s
        self.start_at_s = None

    def read_output(self) -> None:
        """Reads and discards available output. The first output announces that it serves."""
        if (output_fd := self.output_fd) is not None and os.read(output_fd, 65536):
            self._announced = True
        else:
            self._close_output()

    def poll(self, now_s: float) -> int | None:
        """Returns the exit code if the process has ended (negative: the signal), else None."""
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
        """Sends a signal if the process runs."""
        if self._process is not None:
            self._process.send_signal(number)
