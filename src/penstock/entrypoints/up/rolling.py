"""A rolling restart: replaces processes that serve a shared port, one after the other.

The new process gets the listening socket of the old one, so that no connection that waits in its
queue is lost. Once it has announced that it serves, the old one stops accepting (SIGUSR1), and ends
with its last call.
"""

import signal
from collections.abc import Callable
from typing import Final, NamedTuple

from penstock.entrypoints.up.child import Child
from penstock.infra.home_lock import RestartState
from penstock.infra.process import RETIRE_SIGNAL

START_WITHIN_S: Final = 60.0  # a new process that has not announced itself by then is given up
_KILL_AFTER_S: Final = 5.0


class RollingLimits(NamedTuple):
    """`drain_s`: after that the next process is replaced, although the old one has calls; also the
    time that these get at a stop. `retire_s`: then the old one is stopped."""

    drain_s: float
    retire_s: float


class _Retired(NamedTuple):
    child: Child
    stop_at: float
    kill_at: float


class RollingRestart:
    """Replaces members of `children`, in place. `publish` receives each new state."""

    def __init__(
        self,
        children: list[Child],
        limits: RollingLimits,
        report: Callable[[str], None],
        publish: Callable[[RestartState], None],
    ) -> None:
        self._children = children
        self._limits = limits
        self._report = report
        self._publish = publish
        self._number = 0
        self._waiting: list[Child] = []  # to be replaced
        self._successor: Child | None = None
        self._give_up_at = self._next_at = 0.0
        self._retired: list[_Retired] = []

    @property
    def processes(self) -> list[Child]:
        """The processes that are not among the children: a new one that starts, and old ones."""
        starting = [self._successor] if self._successor else []
        return starting + [one.child for one in self._retired]

    def begin(self, now: float, *, ready: bool) -> None:
        """Begins with the first process, unless something is against it."""
        self._watch_retired(now)
        self._number += 1
        serving = [child for child in self._children if child.program.listen]
        if self._waiting or self._successor:
            self._end("failed", "A restart is in progress.")
        elif self._retired:
            self._end("failed", f"{len(self._retired)} replaced processes still have calls.")
        elif not ready or not serving:
            self._end("failed", "Nothing to restart." if ready else "It is still starting.")
        else:
            self._waiting, self._next_at = serving, 0.0
            self._publish(RestartState(self._number, "running", f"{len(serving)} to restart"))

    def advance(self, now: float) -> None:
        """Does what is due."""
        self._watch_retired(now)
        if self._successor is not None:
            self._watch_successor(self._successor, self._waiting[0], now)
        elif self._waiting and (now >= self._next_at or not self._retired):
            self._successor = self._waiting[0].successor()
            self._successor.start(now)
            self._give_up_at = now + START_WITHIN_S

    def _watch_successor(self, successor: Child, old: Child, now: float) -> None:
        name = old.program.name
        if successor.poll(now) is not None:
            self._give_up(f"The new process of {name} ended before it served; the old one goes on.")
        elif successor.has_started:
            self._children[self._children.index(old)] = successor
            self._waiting.pop(0)
            self._successor = None
            self._retire(old, now)
            if self._waiting:
                todo = f"{name} is new, {len(self._waiting)} to restart"
                self._publish(RestartState(self._number, "running", todo))
            else:
                self._end("done", "")
        elif now >= self._give_up_at:
            successor.signal(signal.SIGKILL)

    def _retire(self, old: Child, now: float) -> None:
        old.forget_socket()
        old.signal(RETIRE_SIGNAL)
        stop_at = now + self._limits.retire_s
        kill_at = stop_at + self._limits.drain_s + _KILL_AFTER_S
        self._retired.append(_Retired(old, stop_at, kill_at))
        self._next_at = now + self._limits.drain_s

    def _watch_retired(self, now: float) -> None:
        for one in list(self._retired):
            if one.child.pid is None or one.child.poll(now) is not None:
                self._retired.remove(one)
            elif now >= one.kill_at:
                one.child.signal(signal.SIGKILL)
            elif now >= one.stop_at:
                one.child.signal(signal.SIGTERM)

    def _give_up(self, why: str) -> None:
        self._waiting, self._successor = [], None
        self._end("failed", why)

    def _end(self, state: str, detail: str) -> None:
        if detail:
            self._report(detail)
        self._publish(RestartState(self._number, state, detail))
