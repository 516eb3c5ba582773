"""The closed sets of scores, outcomes and feedback, and the limits of their texts."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

MAX_BATCH: Final = 1000  # scores of one request
MAX_NAME_CHARS: Final = 64  # of a score
MAX_ID_CHARS: Final = 200  # of the caller's id of a score, of an author, of a session
MAX_LABEL_CHARS: Final = 200  # of a categorical value
MAX_COMMENT_CHARS: Final = 10_000  # of a comment, or of a corrected answer
MAX_NUMBER: Final = 1e15  # of a numeric value, in both directions
NAME_PATTERN: Final = r"^[a-z][a-z0-9_.\-]*$"
ONLINE_AUTHOR: Final = "online:"  # begins authors of scores of online evaluations, with their name
ANNOTATION_ID: Final = "annotation/"  # begins ids of scores of annotation queues


class ScoreKind(StrEnum):
    """The kind of a row. `FEEDBACK` comes from end users and is shown in the inbox."""

    SCORE = "score"
    OUTCOME = "outcome"
    FEEDBACK = "feedback"


class ScoreSource(StrEnum):
    """The origin of a judgement."""

    USER = "user"  # an end user of the application
    CODE = "code"
    EVALUATOR = "evaluator"
    ANNOTATOR = "annotator"


class ScoreState(StrEnum):
    """The result of a judgement. Only `SCORED` has a value; the others are counted apart, so that
    a missing value never becomes a zero."""

    SCORED = "scored"
    ABSTAINED = "abstained"  # the judge had no opinion
    UNMEASURED = "unmeasured"  # there was nothing to judge
    JUDGE_ERROR = "judge_error"
    INFRASTRUCTURE_ERROR = "infrastructure_error"


class ScoreType(StrEnum):
    """The type of a value; `NONE` if there is none."""

    NUMERIC = "numeric"
    CATEGORICAL = "categorical"
    BOOLEAN = "boolean"
    COMMENT = "comment"
    NONE = ""


class OutcomeName(StrEnum):
    """The end of a task or conversation; a boolean, with an amount if there is one."""

    COMPLETED = "task_completed"
    RESOLVED = "resolved"
    HANDED_OVER = "handed_over"
    CONVERTED = "converted"


class FeedbackName(StrEnum):
    """The statements of an end user about an answer, and acts with it."""

    THUMBS = "thumbs"
    RATING = "rating"
    CATEGORY = "category"
    CORRECTION = "correction"
    COMMENT = "comment"
    COPIED = "copied"
    RETRIED = "retried"
    ABANDONED = "abandoned"
    EDITED = "edited"


MIN_RATING, MAX_RATING = 1, 5
IMPLICIT: Final = frozenset(
    {FeedbackName.COPIED, FeedbackName.RETRIED, FeedbackName.ABANDONED, FeedbackName.EDITED}
)
TYPE_OF_FEEDBACK: Final[Mapping[FeedbackName, ScoreType]] = {
    FeedbackName.THUMBS: ScoreType.BOOLEAN,
    FeedbackName.RATING: ScoreType.NUMERIC,
    FeedbackName.CATEGORY: ScoreType.CATEGORICAL,
    FeedbackName.CORRECTION: ScoreType.COMMENT,
    FeedbackName.COMMENT: ScoreType.COMMENT,
    **dict.fromkeys(IMPLICIT, ScoreType.BOOLEAN),
}
