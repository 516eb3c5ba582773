"""A budget for retries: a share of the calls, so that retries cannot multiply an outage."""

from typing import Final

SHARE: Final = 0.1  # retries per call
BURST: Final = 10.0  # retries that may come without calls before them


class RetryBudget:
    """In any period with n calls, at most `SHARE` · n + `BURST` retries are allowed."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = BURST

    def note_call(self, share: float = SHARE) -> None:
        """Adds the share of one call."""
        self._left = min(self._left + share, BURST)

    def take(self) -> bool:
        """Takes one retry, if there is one."""
        if self._left < 1:
            return False
        self._left -= 1
        return True
