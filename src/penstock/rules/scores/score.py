"""One score as it is submitted, and which scores are valid."""

import hashlib
import math
import re
from decimal import Decimal
from typing import Final

import msgspec

from penstock.kernel.errors import InvalidRequest
from penstock.rules.scores.vocabulary import (
    MAX_COMMENT_CHARS,
    MAX_ID_CHARS,
    MAX_LABEL_CHARS,
    MAX_NAME_CHARS,
    MAX_NUMBER,
    MAX_RATING,
    MIN_RATING,
    NAME_PATTERN,
    TYPE_OF_FEEDBACK,
    FeedbackName,
    OutcomeName,
    ScoreKind,
    ScoreSource,
    ScoreState,
    ScoreType,
)

Value = bool | int | float | str | None

MAX_AMOUNT: Final = 10**12  # of an outcome, in both directions
_AMOUNT_PLACES: Final = 6
_NAME: Final = re.compile(NAME_PATTERN)
_TRACE: Final = re.compile("[0-9a-f]{32}")
_SPAN: Final = re.compile("[0-9a-f]{16}")


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """A judgement of one span (`trace_id` and `span_id`), one trace (`trace_id`) or one session.

    `id`: the caller's own. Without one, the same source and author judge the same target under the
    same name once: a later score replaces the earlier one. `amount`: of an outcome, in the unit of
    the application. `time_ns`: when it was judged; 0: now.
    """

    kind: ScoreKind = ScoreKind.SCORE
    name: str
    value: Value = None
    state: ScoreState = ScoreState.SCORED
    comment: str = ""
    source: ScoreSource = ScoreSource.CODE
    author: str = ""
    trace_id: str = ""
    span_id: str = ""
    session: str = ""
    amount: Decimal | None = None
    id: str = ""
    time_ns: int = 0

    @property
    def type(self) -> ScoreType:
        """Returns the type of the value; a comment alone is one, too."""
        match self.value:
            case bool():
                return ScoreType.BOOLEAN
            case int() | float():
                return ScoreType.NUMERIC
            case str():
                return ScoreType.CATEGORICAL
            case None:
                scored = self.state is ScoreState.SCORED
                return ScoreType.COMMENT if scored else ScoreType.NONE

    def stored_id(self) -> str:
        """Returns the id within a project: scores with the same one replace each other."""
        if self.id:
            parts = ("id", self.source, self.id)
        else:
            target = (self.trace_id, self.span_id, self.session)
            parts = ("of", self.kind, self.name, self.source, self.author, *target)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def check_score(score: Score) -> None:
    """Raises `InvalidRequest` for a score that is not valid."""
    _check_target(score)
    _check_texts(score)
    _check_value(score)
    if score.amount is not None:
        _check_amount(score)
    if score.kind is ScoreKind.OUTCOME:
        _check_outcome(score)
    if score.kind is ScoreKind.FEEDBACK:
        _check_feedback(score)


def _check_target(score: Score) -> None:
    if bool(score.trace_id) == bool(score.session) or (score.span_id and not score.trace_id):
        raise InvalidRequest(
            "A score is about one span, one trace or one session.",
            hint="Send trace_id (with span_id for one call of it), or session.",
            param="trace_id",
        )
    if score.trace_id and not _TRACE.fullmatch(score.trace_id):
        raise InvalidRequest("A trace id has 32 lower-case hex digits.", param="trace_id")
    if score.span_id and not _SPAN.fullmatch(score.span_id):
        raise InvalidRequest("A span id has 16 lower-case hex digits.", param="span_id")


def _check_texts(score: Score) -> None:
    if len(score.name) > MAX_NAME_CHARS or not _NAME.match(score.name):
        raise InvalidRequest(
            f"The name {score.name[:80]!r} is not valid.",
            hint=f"Use at most {MAX_NAME_CHARS} of a-z, 0-9, _, . and -; the first is a letter.",
            param="name",
        )
    limits = {
        "id": MAX_ID_CHARS,
        "author": MAX_ID_CHARS,
        "session": MAX_ID_CHARS,
        "comment": MAX_COMMENT_CHARS,
    }
    for name, limit in limits.items():
        text: str = getattr(score, name)
        if len(text) > limit:
            raise InvalidRequest(f"{name} has more than {limit} characters.", param=name)
        if name != "comment" and not text.isprintable():
            raise InvalidRequest(f"{name} has control characters.", param=name)


def _check_value(score: Score) -> None:
    if score.state is not ScoreState.SCORED:
        if score.value is not None or score.amount is not None:
            raise InvalidRequest(
                f"A score that is {score.state.value} has no value.",
                hint="Say the reason in `comment`.",
                param="value",
            )
        return
    match score.value:
        case bool():
            return
        case int() | float() as number:
            if abs(number) > MAX_NUMBER or not math.isfinite(number):
                raise InvalidRequest("The value is not a usable number.", param="value")
        case str() as label:
            if not 0 < len(label) <= MAX_LABEL_CHARS or not label.isprintable():
                raise InvalidRequest(
                    f"A categorical value has 1 to {MAX_LABEL_CHARS} printable characters.",
                    param="value",
                )
        case None:
            if not score.comment.strip():
                raise InvalidRequest(
                    "A score has a value or a comment.",
                    hint="If it could not be measured, send its `state` instead.",
                    param="value",
                )


def _check_amount(score: Score) -> None:
    amount = score.amount
    if score.kind is not ScoreKind.OUTCOME:
        raise InvalidRequest("Only outcomes have an amount.", param="amount")
    if amount is None or not amount.is_finite() or abs(amount) > MAX_AMOUNT:
        raise InvalidRequest("The amount is not a usable number.", param="amount")
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > _AMOUNT_PLACES:
        raise InvalidRequest(
            f"An amount has at most {_AMOUNT_PLACES} decimal places.", param="amount"
        )


def _check_outcome(score: Score) -> None:
    if score.name not in set(OutcomeName):
        raise InvalidRequest(
            f"There is no outcome {score.name!r}.",
            hint=f"Use one of: {', '.join(OutcomeName)}; or send a score.",
            param="name",
        )
    if score.state is ScoreState.SCORED and not isinstance(score.value, bool):
        raise InvalidRequest("The value of an outcome is true or false.", param="value")


def _check_feedback(score: Score) -> None:
    if score.name not in set(FeedbackName):
        raise InvalidRequest(
            f"There is no feedback {score.name!r}.",
            hint=f"Use one of: {', '.join(FeedbackName)}; or send a score.",
            param="name",
        )
    name = FeedbackName(score.name)
    if score.source is not ScoreSource.USER or score.state is not ScoreState.SCORED:
        raise InvalidRequest("Feedback comes from users, and has a value.", param="source")
    if score.type is not (wanted := TYPE_OF_FEEDBACK[name]):
        raise InvalidRequest(
            f"The value of {name.value!r} is not {wanted.value}.",
            hint="A correction or comment is in `comment`, without a value.",
            param="value",
        )
    if name is FeedbackName.RATING and not _is_rating(score.value):
        raise InvalidRequest(
            f"A rating is a whole number from {MIN_RATING} to {MAX_RATING}.", param="value"
        )


def _is_rating(value: Value) -> bool:
    return isinstance(value, int) and MIN_RATING <= value <= MAX_RATING
