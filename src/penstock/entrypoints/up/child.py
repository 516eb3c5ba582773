"""One supervised process: starts it, watches it, sends it signals.

`backoff` decides when to restart it; `plan` decides what to start.
"""

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from penstock.entrypoints.up.backoff import RestartBackoff
from penstock.infra.listening import bound_socket
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
    it serves. `port`: the installation is ready once this port is. `listen`: host and port of a
    socket that the process gets as `listen_fd`, so that its successor can have it. `wanted`: a
    file; the process runs only while it is there, and removes it before it ends.
    """

    name: str
    module: str
    config: str
    stop_rank: int
    announces: bool = False
    port: ServedPort | None = None
    listen: tuple[str, int] | None = None
    wanted: str = ""


class Child:
    """A program, and its current process if it runs."""

    def __init__(self, program: Program, sock: socket.socket | None = None) -> None:
        self.program = program
        self._sock = sock
        self.backoff = RestartBackoff()
        self.start_at_s: float | None = 0.0  # when to start the process; None while it runs
        self._process: subprocess.Popen[bytes] | None = None
        self._started_s = 0.0
        self._announced = False

    @property
    def pid(self) -> int | None:
        """The process id; None while no process runs."""
        return self._process.pid if self._process else None

    def is_due(self, now_s: float) -> bool:
        """Returns whether the process is to be started now."""
        due = self.start_at_s is not None and self.start_at_s <= now_s
        wanted = self.program.wanted
        return due and (not wanted or os.path.exists(wanted))  # noqa: PTH110 - once a second, for ever

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
        sock = self._socket()
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and modules
            [sys.executable, "-m", self.program.module, "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            process_group=0,
            pass_fds=(sock.fileno(),) if sock else (),
            preexec_fn=partial(die_with, os.getpid()),  # noqa: PLW1509 - the supervisor has one thread
        )
        if self._process.stdin:
            with suppress(BrokenPipeError), self._process.stdin as stdin:
                stdin.write(self._config(sock))  # fits into the pipe: the write does not block
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
        self.forget_socket()  # other workers get the next connections
        self._process = None
        self.backoff = self.backoff.after(now_s - self._started_s)
        self.start_at_s = now_s + self.backoff.delay_s
        return code

    def successor(self) -> "Child":
        """Returns a child of the same program that gets the same socket."""
        return Child(self.program, self._sock.dup() if self._sock else None)

    def forget_socket(self) -> None:
        """Closes the socket in this process."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    def _socket(self) -> socket.socket | None:
        """Returns the socket of the next process. Without one it binds its own, and reports why it
        cannot."""
        if self._sock is None and self.program.listen is not None:
            with suppress(OSError):
                self._sock = bound_socket(*self.program.listen, share_port=True)
        return self._sock

    def _config(self, sock: socket.socket | None) -> bytes:
        if sock is None:
            return self.program.config.encode()
        return json.dumps(json.loads(self.program.config) | {"listen_fd": sock.fileno()}).encode()

    def _close_output(self) -> None:
        if self._process is not None and self._process.stdout is not None:
            self._process.stdout.close()

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal if the process runs."""
        if self._process is not None:
            self._process.send_signal(number)
