"""The call log: the tokens and the outcome of each call, for drills to compare with.

Writes one JSON line per finished call, and keeps the most recent calls in memory.
"""

from collections import deque
from collections.abc import Callable
from enum import StrEnum

import msgspec


class CallOutcome(StrEnum):
    """The outcome of a call."""

    RUNNING = "running"
    COMPLETED = "completed"
    CANCELLED = "cancelled"  # the client disconnected
    FAULT = "fault"  # a fault ended or changed the answer; the field `fault` names it
    REFUSED = "refused"  # an invalid request, or one over the rate limit


class LoggedCall(msgspec.Struct, kw_only=True):
    """One call. Times are Unix nanoseconds; 0 = not yet. `tokens` counts the tokens generated until
    the end; for a cancelled call, those that a real provider would have charged."""

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
    """Keeps the last `recent` calls, and writes a line when a call ends."""

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
        """The number of calls since the start."""
        return self._count

    def begin(self, path: str) -> LoggedCall:
        """Registers a new, running call."""
        self._count += 1
        call = LoggedCall(call=self._count, path=path, started_ns=self._now_ns())
        self._calls.append(call)
        return call

    def first_token(self, call: LoggedCall) -> None:
        """Records the time of the first token; later invocations change nothing."""
        if not call.first_token_ns:
            call.first_token_ns = self._now_ns()

    def end(self, call: LoggedCall, outcome: CallOutcome) -> None:
        """Records the outcome and writes the log line."""
        call.outcome = outcome
        call.ended_ns = self._now_ns()
        self._write(self._encode(call) + b"\n")

    def recent(self, after: int, limit: int, tag: str) -> list[LoggedCall]:
        """Returns the calls numbered above `after`, oldest first: at most the last `limit`."""
        chosen = [c for c in self._calls if c.call > after and (not tag or c.tag == tag)]
        return chosen[-limit:] if limit else []
