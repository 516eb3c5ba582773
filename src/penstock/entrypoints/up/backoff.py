"""The restart delay of a process: none at first, then growing with each early end."""

from dataclasses import dataclass
from typing import Final

SETTLED_S: Final = 20.0  # a process that ran this long starts again without delay
FIRST_DELAY_S: Final = 0.1
LONGEST_DELAY_S: Final = 10.0


@dataclass(frozen=True)
class RestartBackoff:
    """Counts how often in a row a process ended early."""

    early_count: int = 0

    def after(self, lived_s: float) -> "RestartBackoff":
        """Returns the count after the process ended `lived_s` seconds after its start."""
        return RestartBackoff(1 if lived_s >= SETTLED_S else self.early_count + 1)

    @property
    def delay_s(self) -> float:
        """0, 0.1, 0.2, 0.4 … 10 seconds. It never stops restarting."""
        if self.early_count <= 1:
            return 0.0
        return min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** min(self.early_count - 2, 16))
