"""What a worker has seen of each target: load, latency, retry budget; and its breaker, the state of
which all workers of a machine share.
"""

from hashlib import blake2b
from math import exp
from typing import Final, Protocol

from penstock.rules.attempts.breaker import Breaker
from penstock.rules.attempts.breaker_state import BreakerCell, Probe
from penstock.rules.attempts.failure_causes import FailureCause
from penstock.rules.attempts.peak_ewma import PeakEwma
from penstock.rules.attempts.retry_budget import RetryBudget
from penstock.rules.attempts.slow_quantile import SlowQuantile

MAX_TARGETS: Final = 4096  # of one worker; callers do not choose them, the configuration does
TOKENS_DECAY_S: Final = 60.0
CREDENTIAL_REST_S: Final = 30.0  # after the provider has rejected our credential
RATE_LIMIT_REST_S: Final = 1.0  # after a 429 without Retry-After
LONGEST_REST_S: Final = 300.0  # whatever Retry-After says


class TargetHealth:
    """The state of one provider's model. Times are of the event loop's clock, in seconds."""

    __slots__ = (
        "_tokens",
        "_tokens_at",
        "breaker",
        "heard_at",
        "hedges",
        "in_flight",
        "latency",
        "retries",
        "slow",
    )

    def __init__(self, cell: BreakerCell | None = None) -> None:
        self.breaker = Breaker(cell)
        self.retries = RetryBudget()
        self.latency = PeakEwma()
        self.hedges = RetryBudget()  # second requests for calls that began here
        self.slow = SlowQuantile()
        self.in_flight = 0
        self.heard_at = 0.0  # the last good answer to this worker
        self._tokens = 0.0
        self._tokens_at = 0.0

    def begin(self) -> None:
        """Notes a call to the target."""
        self.in_flight += 1

    def succeed(self, now: float, latency_s: float, tokens: int, probe: Probe | None) -> None:
        """Notes a good answer."""
        self.in_flight -= 1
        self.heard_at = now
        self.breaker.succeed(probe)
        self._tokens = self.recent_tokens(now) + tokens
        self._tokens_at = now
        if latency_s > 0:
            self.latency.observe(latency_s, now)
            self.slow.observe(latency_s)

    def fail(
        self, now: float, cause: FailureCause, retry_after_s: int | None, probe: Probe | None
    ) -> None:
        """Notes a failure. The breaker counts those of the target; one that asks for a pause, or
        rejects our credential, rests; an error that is the caller's own is a good sign."""
        self.in_flight -= 1
        match cause:
            case FailureCause.UNAVAILABLE:
                self.breaker.fail(now, probe)
            case FailureCause.RATE_LIMIT | FailureCause.CREDENTIAL:
                self.rest(now, cause, retry_after_s, probe)
            case FailureCause.UNSUPPORTED:
                self.breaker.abandon(probe)
            case _:
                self.breaker.succeed(probe)

    def rest(
        self, now: float, cause: FailureCause, retry_after_s: int | None, probe: Probe | None
    ) -> None:
        """Keeps calls away for a while: the target asked for it, or rejects our credential."""
        rest_s = CREDENTIAL_REST_S
        if cause is FailureCause.RATE_LIMIT:
            wanted = RATE_LIMIT_REST_S if retry_after_s is None else retry_after_s
            rest_s = min(wanted, LONGEST_REST_S)
        self.breaker.abandon(probe)
        self.breaker.rest(now, rest_s)

    def note_good_check(self, now: float, probe: Probe | None, *, closes: bool) -> None:
        """Notes that the target has answered a check. `closes`: like a call."""
        self.heard_at = now
        self.breaker.succeed(probe, closes=closes)

    def note_failed_check(self, now: float, probe: Probe | None) -> None:
        """Notes that the target has failed its check, and that it did so twice if it was no probe:
        it gets no calls."""
        if probe is None:
            self.breaker.trip(now)
        else:
            self.breaker.fail(now, probe)

    def abandon(self, probe: Probe | None) -> None:
        """Notes the end of a call that says nothing about the target."""
        self.in_flight -= 1
        self.breaker.abandon(probe)

    def recent_tokens(self, now: float) -> float:
        """The tokens of about the last minute."""
        return self._tokens * exp((self._tokens_at - now) / TOKENS_DECAY_S)


class BreakerCells(Protocol):
    """The places of the states of breakers."""

    @property
    def problem(self) -> str:
        """The reason if workers do not share them; else empty."""
        ...

    def cell(self, key: bytes) -> BreakerCell:
        """Returns the place of a target's state. `key`: 16 bytes that name the target."""
        ...


class TargetHealths:
    """The health of all targets of a worker. It outlives snapshots."""

    def __init__(self, cells: BreakerCells) -> None:
        self._cells = cells
        self._known: dict[tuple[str, str, str], TargetHealth] = {}

    @property
    def problem(self) -> str:
        """The reason if workers do not share what they know of targets; else empty."""
        return self._cells.problem

    def unavailable(self, now: float) -> dict[tuple[str, str], int]:
        """Returns for each provider and model whether it gets no calls of routes now, in how many
        projects."""
        found: dict[tuple[str, str], int] = {}
        for (_, provider, model), health in self._known.items():
            count = found.get((provider, model), 0)
            found[provider, model] = count + (not health.breaker.admits(now))
        return found

    def of(self, project_id: str, provider: str, model: str) -> TargetHealth:
        """Returns the health of a target; a new one is healthy."""
        key = (project_id, provider, model)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= MAX_TARGETS:
                self._known.clear()  # calls in progress keep theirs
            name = blake2b("\0".join(key).encode("utf-8", "replace"), digest_size=16)
            found = self._known[key] = TargetHealth(self._cells.cell(name.digest()))
        return found
