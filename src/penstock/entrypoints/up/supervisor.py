"""The supervisor's loop: starts, watches and restarts processes; lets calls finish before a stop.

One thread, no asyncio: it waits for a signal, for output of a process, or for the next restart. It
does nothing else, to have few ways to fail.
"""

import os
import select
import signal
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Final

from penstock.entrypoints.up.child import Child, Program
from penstock.entrypoints.up.rolling import RollingLimits, RollingRestart
from penstock.infra.home_lock import RestartState
from penstock.infra.main import SETUP_EXIT
from penstock.kernel.errors import SetupError
from penstock.kernel.time import Clock

RESTART_SIGNAL: Final = signal.SIGUSR2
_STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_WANTED_EVERY_S: Final = 1.0  # between two looks for programs that run only when they are wanted
_KILL_AFTER_S = 5.0  # after `drain_s`, the time that calls get to finish


class Supervisor:
    """Keeps the programs running until a signal stops it. `report` receives one line per event."""

    def __init__(
        self,
        programs: Sequence[Program],
        *,
        drain_s: float,
        retire_s: float,
        clock: Clock,
        report: Callable[[str], None],
        publish: Callable[[RestartState], None],
    ) -> None:
        self._children = [Child(program) for program in programs]
        self._drain_s = drain_s
        self._clock = clock
        self._report = report
        limits = RollingLimits(drain_s, retire_s)
        self._rolling = RollingRestart(self._children, limits, report, publish)
        self._publish = publish
        self._restart_wanted = False
        self._stops = 0
        self._ready = False

    def run(self, tick: Callable[[], bool]) -> None:
        """Runs until SIGTERM, SIGINT or SIGHUP; SIGUSR2 begins a rolling restart. Once all programs
        have started, calls `tick` every 20 ms until it returns True (ready).

        Raises `SetupError` if a process exits twice with the setup exit code before that.
        """
        awake, waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, self._on_signal)
        signal.signal(RESTART_SIGNAL, self._on_signal)
        for number in _STOPPING:
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup ignores SIGHUP
                signal.signal(number, self._on_signal)
        self._publish(RestartState())  # from now on a restart may be asked for
        try:
            while not self._stops:
                self._start_due()
                self._ready = self._ready or (self._all_have_started() and tick())
                self._roll()
                self._wait(awake, self._next_due_s())
                self._reap()
        finally:
            self._stop(awake)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del frame
        self._restart_wanted |= number == RESTART_SIGNAL
        self._stops += number in _STOPPING

    def _roll(self) -> None:
        now = self._clock.monotonic()
        if self._restart_wanted:
            self._restart_wanted = False
            self._rolling.begin(now, ready=self._ready)
        self._rolling.advance(now)

    def _all_have_started(self) -> bool:
        return all(child.has_started or child.program.wanted for child in self._children)

    def _wait(self, awake: int, seconds: float | None) -> None:
        """Waits for a signal, for output of a child, or for the time-out."""
        children = [*self._children, *self._rolling.processes]
        outputs = {child.output_fd: child for child in children if child.output_fd is not None}
        readable, _, _ = select.select([awake, *outputs], [], [], seconds)
        for fd in readable:
            if fd == awake:
                os.read(awake, 4096)
            else:
                outputs[fd].read_output()

    def _start_due(self) -> None:
        now = self._clock.monotonic()
        for child in self._children:
            if child.is_due(now) and (self._ready or not child.program.wanted):
                child.start(now)

    def _next_due_s(self) -> float | None:
        """Seconds until the next start is due; None = wait for a signal."""
        if not self._ready or self._rolling.processes:
            return 0.02
        now = self._clock.monotonic()
        return min(
            (
                max(_WANTED_EVERY_S if child.program.wanted else 0.0, child.start_at_s - now)
                for child in self._children
                if child.start_at_s is not None
            ),
            default=None,
        )

    def _reap(self) -> None:
        now = self._clock.monotonic()
        for child in self._children:
            if (code := child.poll(now)) is None:
                continue
            if code == SETUP_EXIT and not self._ready and child.backoff.early_count > 1:
                raise SetupError(f"The {child.program.name} cannot start. See the message above.")
            if child.program.wanted and code == 0:
                continue
            delay = f" in {child.backoff.delay_s:.1f} s" if child.backoff.delay_s else ""
            self._report(f"{child.program.name} ended ({_how(code)}); restarting it{delay}")

    def _stop(self, awake: int) -> None:
        """Stops the programs by rank: first those that serve calls. A second signal kills all."""
        children = [*self._children, *self._rolling.processes]
        for rank in sorted({child.program.stop_rank for child in children}):
            group = [child for child in children if child.program.stop_rank == rank]
            self._stop_group(awake, group)
        signal.set_wakeup_fd(-1)

    def _stop_group(self, awake: int, group: list[Child]) -> None:
        deadline = self._clock.monotonic() + self._drain_s + _KILL_AFTER_S
        for child in group:
            child.signal(signal.SIGTERM)
        while any(child.pid for child in group):
            now = self._clock.monotonic()
            if now >= deadline or self._stops > 1:
                for child in group:
                    child.signal(signal.SIGKILL)
            self._wait(awake, 0.1)
            for child in group:
                child.poll(now)


def _how(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    return signal.Signals(-code).name
