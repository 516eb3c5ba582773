"""A circuit breaker: keeps calls away from a target that fails, and lets it back step by step.

Pure: times are passed in, in seconds of any clock that does not go back.
"""

from typing import Final

FAILURES_IN_A_ROW: Final = 5  # that open it
WINDOW_S: Final = 10.0  # of the failure rate
WINDOW_CALLS: Final = 20  # that a rate needs
FAILURE_RATE: Final = 0.5  # that opens it
PROBES_TO_CLOSE: Final = 3  # successes in a row, one at a time
FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 60.0


class Breaker:
    """Closed: all calls pass. Open: none until a pause is over. Then half open: one call at a time
    passes as a probe. A failed probe doubles the pause; `PROBES_TO_CLOSE` good ones close it."""

    __slots__ = (
        "_calls",
        "_failures",
        "_in_a_row",
        "_pause_s",
        "_probes",
        "_probing",
        "_window_ends",
        "open",
        "open_until",
        "rests_until",
    )

    def __init__(self) -> None:
        self.open = False  # or half open, once `open_until` has passed
        self.open_until = 0.0
        self.rests_until = 0.0  # the target asked for a pause, or its credential is rejected
        self._pause_s = FIRST_PAUSE_S
        self._probing = False
        self._probes = 0
        self._in_a_row = 0
        self._window_ends = 0.0
        self._calls = self._failures = 0

    def admits(self, now: float) -> bool:
        """Returns whether a call may go to the target now."""
        if now < self.rests_until:
            return False
        return not self.open or (now >= self.open_until and not self._probing)

    def admits_at(self) -> float:
        """The time from which a call may pass."""
        return max(self.rests_until, self.open_until if self.open else 0.0)

    def begin(self, now: float) -> bool:
        """Notes that a call goes to the target. Returns whether it is a probe."""
        if not self.open or now < self.open_until or self._probing:
            return False
        self._probing = True
        return True

    def abandon(self, *, probe: bool) -> None:
        """Notes the end of a call that says nothing about the target."""
        if probe:
            self._probing = False

    def succeed(self, *, probe: bool) -> None:
        """Notes a good answer."""
        self._in_a_row = 0
        self._calls += 1
        if probe:
            self._probing = False
            self._probes += 1
            if self._probes >= PROBES_TO_CLOSE:
                self._close()

    def fail(self, now: float, *, probe: bool) -> None:
        """Notes a failure of the target. Calls that began before it opened count no more."""
        if probe:
            self._probing = False
            self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
            self._open(now)
        elif not self.open:
            self._count_failure(now)

    def rest(self, until: float) -> None:
        """Keeps calls away until a time, without a judgement on the target."""
        self.rests_until = max(self.rests_until, until)

    def _count_failure(self, now: float) -> None:
        if now >= self._window_ends:
            self._window_ends = now + WINDOW_S
            self._calls = self._failures = 0
        self._in_a_row += 1
        self._calls += 1
        self._failures += 1
        rate = self._calls >= WINDOW_CALLS and self._failures >= FAILURE_RATE * self._calls
        if rate or self._in_a_row >= FAILURES_IN_A_ROW:
            self._open(now)

    def _open(self, now: float) -> None:
        self.open = True
        self.open_until = now + self._pause_s
        self._probes = 0

    def _close(self) -> None:
        self.open = False
        self._pause_s = FIRST_PAUSE_S
        self._in_a_row = self._calls = self._failures = 0
