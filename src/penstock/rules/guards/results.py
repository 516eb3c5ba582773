"""What the checks of a call have found, without a word of its texts."""

from collections.abc import Callable
from typing import Final

from penstock.kernel.errors import PenstockError
from penstock.rules.call import CheckResult
from penstock.rules.guards.plan import ANSWERED, ActiveCheck
from penstock.rules.guards.policies import Action, OnFailure, Place

MAX_HEADER_CHARS: Final = 512  # of the answer header
_DONE: Final = {Action.FLAG: "flagged", Action.REDACT: "redacted", Action.BLOCK: "blocked"}
_WORDS: Final = {place: place.value.replace("_", " ") for place in Place}


class GuardrailBlocked(PenstockError):
    """A check found something that its policy blocks. `ask_again`: how often the model may be asked
    for another answer."""

    status = 400
    default_code = "guardrail_blocked"

    def __init__(self, active: ActiveCheck, place: Place) -> None:
        super().__init__(
            f"The guardrail policy {active.policy.name!r} blocks this call: its check"
            f" {active.check.detector!r} found something in the {_WORDS[place]}.",
            hint="Leave it out, or ask who maintains the policy.",
        )
        self.ask_again = active.check.ask_again if place in ANSWERED else 0


class GuardrailFailed(PenstockError):
    """A check could not judge a text, and its policy does not let such texts pass."""

    status = 503
    default_code = "guardrail_failed"
    ask_again = 0

    def __init__(self, active: ActiveCheck, place: Place, reason: str) -> None:
        super().__init__(
            f"The check {active.check.detector!r} of the guardrail policy {active.policy.name!r}"
            f" could not judge the {_WORDS[place]}: {reason}.",
            hint="Try again later, or ask who maintains the policy.",
        )


class _Tally:
    """The findings of one check in one place."""

    __slots__ = ("active", "count", "duration_ns", "failure", "place")

    def __init__(self, active: ActiveCheck, place: Place) -> None:
        self.active = active
        self.place = place
        self.count = 0
        self.duration_ns = 0
        self.failure = ""

    def result(self) -> CheckResult:
        policy, check = self.active.policy, self.active.check
        return CheckResult(
            policy.name,
            policy.version,
            check.detector,
            self.place,
            check.action,
            self.count,
            self.duration_ns,
            self.failure,
        )


class CheckResults:
    """The results of one call so far. `now_ns` is a monotonic clock."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self.now_ns = now_ns
        self._tallies: dict[tuple[int, Place], _Tally] = {}

    def found(self, active: ActiveCheck, place: Place, count: int = 1) -> None:
        """Notes findings. Raises `GuardrailBlocked` if the check blocks."""
        self._tally(active, place).count += count
        if active.check.action is Action.BLOCK:
            raise GuardrailBlocked(active, place)

    def note_time(self, active: ActiveCheck, place: Place, duration_ns: int) -> None:
        """Notes the time of a check."""
        self._tally(active, place).duration_ns += duration_ns

    def took(self, active: ActiveCheck, place: Place, duration_ns: int) -> bool:
        """Notes the time of one search. Returns false if it took longer than it may. Raises
        `GuardrailFailed` like `failed` then."""
        self.note_time(active, place, duration_ns)
        if duration_ns <= active.check.timeout_ms * 1_000_000:
            return True
        self.failed(active, place, "it took too long")
        return False

    def failed(self, active: ActiveCheck, place: Place, reason: str) -> None:
        """Notes that a check cannot judge a text. Raises `GuardrailFailed` if its policy is closed;
        otherwise the text passes."""
        self._tally(active, place).failure = reason
        if active.check.on_failure is OnFailure.CLOSED:
            raise GuardrailFailed(active, place, reason)

    def has_found(self, active: ActiveCheck, place: Place) -> bool:
        """Returns whether a check has found something in a place."""
        tally = self._tallies.get((id(active), place))
        return tally is not None and tally.count > 0

    def records(self) -> tuple[CheckResult, ...]:
        """Returns what a record keeps: checks with findings, failures, or I/O."""
        if not self._tallies:
            return ()
        kept = (
            tally
            for tally in self._tallies.values()
            if tally.count or tally.failure or tally.active.remote
        )
        return tuple([tally.result() for tally in kept])

    def header(self) -> bytes:
        """Returns the value of the answer header: `redacted=card_numbers:2, failed=names:1`."""
        if not self._tallies:
            return b""
        sums: dict[str, int] = {}
        for tally in self._tallies.values():
            check = tally.active.check
            if tally.count:
                name = f"{_DONE[check.action]}={check.detector}"
                sums[name] = sums.get(name, 0) + tally.count
            if tally.failure:
                name = f"failed={check.detector}"
                sums[name] = sums.get(name, 0) + 1
        text = ", ".join([f"{name}:{count}" for name, count in sums.items()])
        return text[:MAX_HEADER_CHARS].encode("ascii", "replace")

    def _tally(self, active: ActiveCheck, place: Place) -> _Tally:
        key = (id(active), place)
        tally = self._tallies.get(key)
        if tally is None:
            tally = self._tallies[key] = _Tally(active, place)
        return tally
