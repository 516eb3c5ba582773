"""The script of an answer: which bytes to send after which token, and how to end. Pure."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

EVENT_STREAM: Final = b"text/event-stream; charset=utf-8"


class Ending(StrEnum):
    """The behaviour after the last step."""

    COMPLETE = "complete"
    CUT = "cut"  # closed without the end of the body
    RESET = "reset"  # TCP RST
    STALL = "stall"  # sends nothing more until the client disconnects


@dataclass(frozen=True, slots=True)
class ScriptStep:
    """Bytes to send `pause_s` after `tokens` more tokens are generated."""

    data: bytes
    tokens: int = 0
    pause_s: float = 0.0


@dataclass(frozen=True, slots=True)
class StreamErrors:
    """The events of faults in a stream: one that is not JSON, and the vendor's error event."""

    malformed: bytes = b""
    error: bytes = b""


@dataclass(frozen=True, slots=True)
class Script:
    """A complete answer. `head_first`: sends status and headers before the first token (streams),
    or else with the first bytes (documents). `length` is the Content-Length of a document."""

    content_type: bytes
    steps: tuple[ScriptStep, ...]
    head_first: bool
    length: int | None = None
    ending: Ending = Ending.COMPLETE
    errors: StreamErrors = StreamErrors()


@dataclass(frozen=True, slots=True)
class Pace:
    """The times at which tokens are generated: the first after `latency_s`, the
    others at `tokens_per_second`. 0 = no delay."""

    latency_s: float
    tokens_per_second: float

    @property
    def takes_time(self) -> bool:
        """True if there is any delay."""
        return self.latency_s > 0 or self.tokens_per_second > 0

    def due_s(self, tokens: int) -> float:
        """Returns the seconds after the start at which that many tokens are generated."""
        if self.tokens_per_second <= 0:
            return self.latency_s
        return self.latency_s + max(tokens - 1, 0) / self.tokens_per_second

    def generated(self, elapsed_s: float, total: int) -> int:
        """Returns how many of `total` tokens are generated after `elapsed_s`."""
        if elapsed_s < self.latency_s:
            return 0
        if self.tokens_per_second <= 0:
            return total
        return min(total, 1 + math.floor((elapsed_s - self.latency_s) * self.tokens_per_second))
