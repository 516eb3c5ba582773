"""The state of a circuit breaker that several workers share, and its changes.

Pure: times are passed in, in seconds of a clock that does not go back and that all workers share.
"""

from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

PROBES_TO_CLOSE: Final = 3  # successes in a row, one at a time
FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 60.0
PROBE_LEASE_S: Final = 10.0  # then another probe may go, although the first has not ended


class Probe(NamedTuple):
    """A call that tries a half-open target: the opening that it is for, the end of its lease."""

    opening: int
    until: float


class BreakerState(NamedTuple):
    """`openings`: how often it has opened. `pause_s`: of this opening; 0: closed. `probe_until`: a
    call tries the target until then. `rests_until`: the target asked for a pause (`rest_s`), or its
    credential is rejected. `check_at`: when the target is to be checked without a call."""

    openings: int = 0
    good_probes: int = 0
    pause_s: float = 0.0
    open_until: float = 0.0
    probe_until: float = 0.0
    rests_until: float = 0.0
    rest_s: float = 0.0
    check_at: float = 0.0

    @property
    def open(self) -> bool:
        """Open, or half open once `open_until` has passed."""
        return self.pause_s > 0

    def admits(self, now: float) -> bool:
        """Returns whether a call may go to the target now."""
        if now < self.rests_until:
            return False
        return not self.pause_s or self.takes_probe(now)

    def admits_at(self) -> float:
        """The time from which a call may pass."""
        return max(self.rests_until, self.open_until if self.pause_s else 0.0)

    def takes_probe(self, now: float) -> bool:
        """Returns whether it is half open and no probe is on its way."""
        return self.pause_s > 0 and now >= self.open_until and now >= self.probe_until

    def opened(self, now: float, pause_s: float) -> "BreakerState":
        """Returns it open for a pause."""
        return self._replace(
            openings=(self.openings + 1) & 0xFFFF_FFFF,
            good_probes=0,
            pause_s=min(pause_s, LONGEST_PAUSE_S),
            open_until=now + min(pause_s, LONGEST_PAUSE_S),
            probe_until=0.0,
        )

    def probed(self, now: float) -> "BreakerState":
        """Returns it with a probe that begins now, if there may be one."""
        return self._replace(probe_until=now + PROBE_LEASE_S) if self.takes_probe(now) else self

    def probe_succeeded(self, probe: Probe, *, closes: bool = True) -> "BreakerState":
        """Returns it after a good probe; closed after enough of them. One that does not close it
        counts for all but the last."""
        if not self._awaits(probe):
            return self
        good = self.good_probes + 1 if closes else min(self.good_probes + 1, PROBES_TO_CLOSE - 1)
        if good >= PROBES_TO_CLOSE:
            return self._replace(good_probes=0, pause_s=0.0, open_until=0.0, probe_until=0.0)
        return self.probe_abandoned(probe)._replace(good_probes=good)

    def probe_failed(self, probe: Probe, now: float) -> "BreakerState":
        """Returns it open for twice the pause."""
        return self.opened(now, 2 * self.pause_s) if self._awaits(probe) else self

    def probe_abandoned(self, probe: Probe) -> "BreakerState":
        """Returns it after a probe that says nothing about the target."""
        if self._awaits(probe) and self.probe_until == probe.until:
            return self._replace(probe_until=0.0)
        return self

    def resting(self, now: float, rest_s: float) -> "BreakerState":
        """Returns it without calls for a time, which is no judgement on the target."""
        if now + rest_s <= self.rests_until:
            return self
        return self._replace(rests_until=now + rest_s, rest_s=rest_s)

    def checking_at(self, at: float) -> "BreakerState":
        """Returns it with another time for the next check."""
        return self._replace(check_at=at)

    def _awaits(self, probe: Probe) -> bool:
        """Returns false for a probe of an earlier opening: its news is old."""
        return self.pause_s > 0 and self.openings == probe.opening


class BreakerCell(Protocol):
    """The place of a state."""

    def read(self) -> BreakerState:
        """Returns the state, as far as it is known here."""
        ...

    def change(self, step: Callable[[BreakerState], BreakerState]) -> bool:
        """Applies `step`, which returns its argument if there is nothing to change. Nobody else
        changes the state meanwhile. Returns whether it changed."""
        ...


class OwnBreakerCell:
    """A state that nobody else knows."""

    __slots__ = ("_state",)

    def __init__(self) -> None:
        self._state = BreakerState()

    def read(self) -> BreakerState:
        """Implements `BreakerCell`."""
        return self._state

    def change(self, step: Callable[[BreakerState], BreakerState]) -> bool:
        """Implements `BreakerCell`."""
        before = self._state
        self._state = step(before)
        return self._state is not before
