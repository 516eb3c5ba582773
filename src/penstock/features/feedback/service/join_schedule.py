"""When scores that wait for their calls are looked at."""

from typing import Final

TICK_S: Final = 2.0
LONGEST_PAUSE_S: Final = 300.0  # while scores wait, and no call arrives for them


class JoinSchedule:
    """Each tick at first, then more seldom while no call arrives; at once after a new score, so
    that those that wait long do not delay it."""

    def __init__(self) -> None:
        self._pause_s = TICK_S
        self._passed_s = 0.0  # since the last look

    def is_due(self, *, fresh: bool) -> bool:
        """Counts a tick. `fresh`: a score has begun to wait since the last one."""
        self._passed_s += TICK_S
        if fresh:
            self._pause_s = TICK_S
        return self._passed_s >= self._pause_s

    def looked(self, joined: int) -> None:
        """Notes a look that has joined so many scores."""
        self._passed_s = 0.0
        self._pause_s = TICK_S if joined else min(2 * self._pause_s, LONGEST_PAUSE_S)
