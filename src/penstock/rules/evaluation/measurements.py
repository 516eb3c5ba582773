"""A measurement: what one evaluator says of one sample. Never a silent number: each has a state."""

from typing import Any, Final

from msgspec.structs import replace

from penstock.rules.document import Document
from penstock.rules.scores.vocabulary import MAX_NUMBER, ScoreState

MAX_REASON_CHARS: Final = 4000  # of a measurement; more is cut

Value = bool | int | float | str | None


class Measurement(Document, frozen=True):
    """A state, with a value only if it is `scored`. `reason` is for people; `details` is JSON, for
    whoever looks closer: claims with their decisions, votes of a panel. `cost_usd`: what the judge
    cost."""

    state: ScoreState
    value: Value = None
    reason: str = ""
    details: dict[str, Any] = {}  # noqa: RUF012 - msgspec copies it for each measurement
    cost_usd: float = 0.0

    def costing(self, cost_usd: float) -> "Measurement":
        """Returns the same with what its judges cost."""
        return replace(self, cost_usd=cost_usd)


def scored(value: bool | float | str, reason: str = "", **details: Any) -> Measurement:  # noqa: FBT001 - a value, not a switch
    """A value. A number that is not finite, or beyond what a score may be, becomes `unmeasured`:
    a sum with it would say nothing about the others."""
    if isinstance(value, int | float) and not abs(value) <= MAX_NUMBER:
        return unmeasured(f"the value is not within ±{MAX_NUMBER:g}")
    return Measurement(ScoreState.SCORED, value, reason[:MAX_REASON_CHARS], details)


def abstained(reason: str, **details: Any) -> Measurement:
    """The judge had no opinion, or the answer declines."""
    return Measurement(ScoreState.ABSTAINED, None, reason[:MAX_REASON_CHARS], details)


def unmeasured(reason: str, **details: Any) -> Measurement:
    """There was nothing to judge: no claim in the answer, nothing expected."""
    return Measurement(ScoreState.UNMEASURED, None, reason[:MAX_REASON_CHARS], details)


def judge_error(reason: str, **details: Any) -> Measurement:
    """The judge answered, and its answer could not be used; or the evaluator raised."""
    return Measurement(ScoreState.JUDGE_ERROR, None, reason[:MAX_REASON_CHARS], details)


def infrastructure_error(reason: str, **details: Any) -> Measurement:
    """No answer came: because of a provider, a network or a limit."""
    return Measurement(ScoreState.INFRASTRUCTURE_ERROR, None, reason[:MAX_REASON_CHARS], details)
