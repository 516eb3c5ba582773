"""The log of calls: what each one generated and how it ended, so that drills can prove things.

One JSON line per ended call to a stream; the recent ones, running ones too, in memory.
"""

from collections import deque
from collections.abc import Callable
from enum import StrEnum

import msgspec


class CallOutcome(StrEnum):
    """How a call ended."""

    RUNNING = "running"
    COMPLETED = "completed"
    CANCELLED = "cancelled"  # the client left
    FAULT = "fault"  # a fault ended or changed it; `fault` says which
    REFUSED = "refused"  # an invalid request, or one over the rate limit


class LoggedCall(msgspec.Struct, kw_only=True):
    """One call. Times are Unix nanoseconds, 0 = has not happened. `tokens` are those generated
    by the end: of a cancelled call, what a real model would have been paid for."""

    call: int  # counts up from 1
    path: str
    tag: str = ""
    traceparent: str = ""
    id: str = ""
    model: str = ""
    stream: bool = False
    status: int = 0
    fault: str = ""
    outcome: CallOutcome = CallOutcome.RUNNING
    started_ns: int
    first_token_ns: int = 0
    ended_ns: int = 0
    tokens: int = 0


class CallLog:
    """Knows the last `recent` calls and writes a line for each that ends."""

    def __init__(
        self, recent: int, now_ns: Callable[[], int], write: Callable[[bytes], object]
    ) -> None:
        self._calls: deque[LoggedCall] = deque(maxlen=recent)
        self._now_ns = now_ns
        self._write = write
        self._encode = msgspec.json.Encoder().encode
        self._count = 0

    @property
    def count(self) -> int:
        """How many calls there have been."""
        return self._count

    def begin(self, path: str) -> LoggedCall:
        """A new call, running."""
        self._count += 1
        call = LoggedCall(call=self._count, path=path, started_ns=self._now_ns())
        self._calls.append(call)
        return call

    def first_token(self, call: LoggedCall) -> None:
        """Notes the time of the first token, once."""
        if not call.first_token_ns:
            call.first_token_ns = self._now_ns()

    def end(self, call: LoggedCall, outcome: CallOutcome) -> None:
        """Notes the end and writes the line."""
        call.outcome = outcome
        call.ended_ns = self._now_ns()
        self._write(self._encode(call) + b"\n")

    def recent(self, after: int, limit: int, tag: str) -> list[LoggedCall]:
        """The calls with a number above `after`, oldest first, at most the last `limit`."""
        chosen = [c for c in self._calls if c.call > after and (not tag or c.tag == tag)]
        return chosen[-limit:] if limit else []
