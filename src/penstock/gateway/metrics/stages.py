"""The gateway's own time of calls, split by stage: sums, because a sum costs a tenth of a
histogram. Uses times that the stages take anyway, and one more clock reading."""

from itertools import pairwise
from typing import Final

from penstock.gateway.call import Call

STAGES: Final = (
    *("receive", "resolve", "reserve", "guard"),
    *("look_up", "prepare", "retry", "finish"),
)


class StageTimes:
    """Nanoseconds since the start of the worker. Without `receive`, which includes the wait for the
    request, they add up to the own time of all calls:

    * `receive`: the request's body; authentication
    * `resolve`: reading the request, choosing the target
    * `reserve`: limits
    * `guard`: guardrail checks of the request
    * `look_up`: cache and idempotency key, if one is wanted
    * `prepare`: the request for the provider, without the time to fetch its media
    * `retry`: between two attempts, pauses included
    * `finish`: usage, price, record
    """

    __slots__ = STAGES

    def __init__(self) -> None:
        self.receive = self.resolve = self.reserve = self.guard = 0
        self.look_up = self.prepare = self.retry = self.finish = 0

    def observe(self, call: Call, end_ns: int) -> None:
        """Adds a call. One that ended early has spent the rest in the stage that it reached."""
        attempts = call.attempts
        first_ns = attempts[0].start_ns if attempts else end_ns
        ready_ns = call.ready_ns
        reached_ns = call.resolved_ns or first_ns
        self.receive += ready_ns - call.start_ns
        self.resolve += reached_ns - ready_ns
        if reserved_ns := call.reserved_ns:
            self.reserve += reserved_ns - reached_ns
            reached_ns = reserved_ns
        if guarded_ns := call.guarded_ns:
            self.guard += guarded_ns - reached_ns
            reached_ns = guarded_ns
        if looked_up_ns := call.looked_up_ns:
            self.look_up += looked_up_ns - reached_ns
            reached_ns = looked_up_ns
        self.prepare += first_ns - reached_ns - call.fetched_ns
        if attempts:
            self.finish += end_ns - attempts[-1].end_ns
            if len(attempts) > 1:
                for before, after in pairwise(attempts):
                    self.retry += after.start_ns - before.end_ns
