"""A circuit breaker: keeps calls away from a target that fails, and lets it back step by step.

Pure: times are passed in, in seconds of a clock that does not go back and that all workers share.
"""

from typing import Final

from penstock.rules.attempts.breaker_state import (
    FIRST_PAUSE_S,
    BreakerCell,
    BreakerState,
    OwnBreakerCell,
    Probe,
)

FAILURES_IN_A_ROW: Final = 5  # that open it
WINDOW_S: Final = 10.0  # of the failure rate
WINDOW_CALLS: Final = 20  # that a rate needs
FAILURE_RATE: Final = 0.5  # that opens it
CHECK_STEP: Final = 0.25  # of an interval: calls move the next check by no less


class Breaker:
    """Closed: all calls pass. Open: none until a pause is over. Then half open: one call at a time
    passes as a probe. A failed probe doubles the pause; `PROBES_TO_CLOSE` good ones close it.

    The state may be shared with other workers; the counts of failures are this worker's own.
    """

    __slots__ = ("_calls", "_cell", "_failures", "_in_a_row", "_openings", "_window_ends")

    def __init__(self, cell: BreakerCell | None = None) -> None:
        self._cell = cell or OwnBreakerCell()
        self._openings = 0  # that the counts know of
        self._in_a_row = 0
        self._window_ends = 0.0
        self._calls = self._failures = 0

    @property
    def state(self) -> BreakerState:
        """The state now."""
        return self._cell.read()

    def admits(self, now: float) -> bool:
        """Returns whether a call may go to the target now."""
        return self._cell.read().admits(now)

    def take_probe(self, now: float) -> Probe | None:
        """Makes the next call a probe, if the target is half open and nobody else has taken it."""
        if self._cell.read().takes_probe(now) and self._cell.change(lambda it: it.probed(now)):
            state = self._cell.read()
            return Probe(state.openings, state.probe_until)
        return None

    def abandon(self, probe: Probe | None) -> None:
        """Notes the end of a call that says nothing about the target."""
        if probe is not None:
            self._cell.change(lambda it: it.probe_abandoned(probe))

    def succeed(self, probe: Probe | None, *, closes: bool = True) -> None:
        """Notes a good answer. One that does not close the breaker leaves it to the next probe."""
        self._in_a_row = 0
        self._calls += 1
        if probe is not None:
            self._cell.change(lambda it: it.probe_succeeded(probe, closes=closes))

    def fail(self, now: float, probe: Probe | None) -> None:
        """Notes a failure of the target. Calls that began before it opened count no more."""
        state = self._cell.read()
        if probe is not None:
            self._cell.change(lambda it: it.probe_failed(probe, now))
        elif not state.open and self._is_too_much(state, now):
            self.trip(now)

    def rest(self, now: float, rest_s: float) -> None:
        """Keeps calls away for a time, without a judgement on the target."""
        self._cell.change(lambda it: it.resting(now, rest_s))

    def trip(self, now: float) -> None:
        """Opens it at once."""
        self._cell.change(lambda it: it if it.open else it.opened(now, FIRST_PAUSE_S))

    def take_check(self, now: float, every_s: float, heard_at: float, spread: float) -> bool:
        """Returns whether the target is to be checked now, and nobody else does. Each answer to a
        call, the last one at `heard_at`, moves the next check away; the first check is at a random
        time within the interval (`spread`: 0 to 1), as after a change of the interval."""
        due = self._cell.read().check_at
        if not 0 < due <= now + every_s:
            self._cell.change(lambda it: it.checking_at(now + spread * every_s))
        elif heard_at + every_s > due + CHECK_STEP * every_s:
            self._cell.change(lambda it: it.checking_at(heard_at + every_s))
        elif now >= due:
            following = now + every_s
            return self._cell.change(
                lambda it: it.checking_at(following) if now >= it.check_at else it
            )
        return False

    def _is_too_much(self, state: BreakerState, now: float) -> bool:
        """Counts a failure. Returns whether it is one too many."""
        if state.openings != self._openings:
            self._openings = state.openings
            self._in_a_row = self._calls = self._failures = 0
        if now >= self._window_ends:
            self._window_ends = now + WINDOW_S
            self._calls = self._failures = 0
        self._in_a_row += 1
        self._calls += 1
        self._failures += 1
        rate = self._calls >= WINDOW_CALLS and self._failures >= FAILURE_RATE * self._calls
        return rate or self._in_a_row >= FAILURES_IN_A_ROW
