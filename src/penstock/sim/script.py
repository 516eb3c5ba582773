"""The script of an answer: which bytes go out after which token, and how it ends. Pure."""

import math
from dataclasses import dataclass
from enum import StrEnum


class Ending(StrEnum):
    """What happens after the last step."""

    COMPLETE = "complete"
    CUT = "cut"  # closed without the end of the body
    RESET = "reset"  # TCP RST
    STALL = "stall"  # nothing more, until the client leaves


@dataclass(frozen=True, slots=True)
class ScriptStep:
    """Bytes that go out once `tokens` more tokens are generated, and `pause_s` later."""

    data: bytes
    tokens: int = 0
    pause_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Script:
    """A whole answer. `head_first`: status and headers go out before the first token (streams);
    otherwise with the first bytes (documents). `length` is the Content-Length of a document."""

    content_type: bytes
    steps: tuple[ScriptStep, ...]
    head_first: bool
    length: int | None = None
    ending: Ending = Ending.COMPLETE


@dataclass(frozen=True, slots=True)
class Pace:
    """When tokens come: the first after `latency_s`, then `tokens_per_second`; 0 = at once."""

    latency_s: float
    tokens_per_second: float

    @property
    def takes_time(self) -> bool:
        """False if everything is there at once."""
        return self.latency_s > 0 or self.tokens_per_second > 0

    def due_s(self, tokens: int) -> float:
        """Seconds after the start at which that many tokens are generated."""
        if self.tokens_per_second <= 0:
            return self.latency_s
        return self.latency_s + max(tokens - 1, 0) / self.tokens_per_second

    def generated(self, elapsed_s: float, total: int) -> int:
        """How many of `total` tokens are there after `elapsed_s`."""
        if elapsed_s < self.latency_s:
            return 0
        if self.tokens_per_second <= 0:
            return total
        return min(total, 1 + math.floor((elapsed_s - self.latency_s) * self.tokens_per_second))
