"""Values of rules: a rule adds recorded calls to a dataset, again and again. No SQL, no HTTP."""

from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from penstock.features.feedback.model import DIMENSIONS as SCORE_DIMENSIONS
from penstock.features.feedback.model import ScoreFilter
from penstock.features.traces.model import DIMENSIONS, Filter
from penstock.kernel.errors import InvalidRequest
from penstock.rules.document import Document
from penstock.rules.scores.vocabulary import ScoreKind

MIN_INTERVAL_S: Final = 60
MAX_INTERVAL_S: Final = 7 * 24 * 3600  # between two versions of a rule; more is refused
MIN_DELAY_S: Final = 60  # an insert in progress may have an earlier time of storage than now
MAX_DELAY_S: Final = 30 * 24 * 3600  # that a call waits for feedback; more is refused
MAX_DAILY_CAP: Final = 10_000  # items that a rule adds on one day
DAY_MS: Final = 24 * 3600 * 1000

FeedbackChoice = Literal["low", "high"]


class CallSelection(Document, frozen=True):
    """The calls to choose. `only`: allowed values by dimension; `tags`: by tag; `text` occurs in
    input or output. With `feedback`, those whose users were content (`high`) or not (`low`)."""

    only: dict[str, tuple[str, ...]] = {}  # noqa: RUF012 - msgspec copies it for each selection
    tags: dict[str, tuple[str, ...]] = {}  # noqa: RUF012 - msgspec copies it for each selection
    text: str = ""
    errors_only: bool = False
    feedback: FeedbackChoice | None = None

    def calls(self) -> Filter:
        """Returns the filter of calls."""
        return Filter(only=self.only, tags=self.tags, errors_only=self.errors_only, text=self.text)

    def scores(self) -> ScoreFilter:
        """Returns the filter of feedback."""
        only = {**self.only, "kind": (ScoreKind.FEEDBACK.value,)}
        return ScoreFilter(only=only, positive=self.feedback == "high")


class DatasetRule(CallSelection, frozen=True):
    """A rule. `share`: the part of the traces that is taken; `daily_cap`: items of one UTC day;
    a version at most every `interval_s`; a call or feedback waits `delay_s` after it arrived. What
    arrives while it is not `enabled` is not added later."""

    share: float = 1.0
    daily_cap: int = 100
    interval_s: int = 900
    delay_s: int = 300
    keep_output: bool = True
    enabled: bool = True


class RulePosition(msgspec.Struct, frozen=True, array_like=True):
    """A position in the order of storage: a rule has seen everything before. `start_ns` and `id`
    order what was stored at the same time."""

    stored_ns: int
    start_ns: int = 0
    id: str = ""


@dataclass(frozen=True, slots=True)
class RuleProgress:
    """The work that a rule has done. `day` (since 1970) is that of `added_today`; `skipped` calls
    are no examples; `error` is of the last time, empty if it went well."""

    position: RulePosition
    day: int = 0
    added_today: int = 0
    added: int = 0
    skipped: int = 0
    error: str = ""
    ran_ms: int = 0
    next_ms: int = 0


@dataclass(frozen=True, slots=True)
class StoredRule:
    """The rule of a dataset with its progress."""

    dataset_id: str
    project_id: str
    dataset: str
    rule: DatasetRule
    progress: RuleProgress


def check_selection(selection: CallSelection) -> None:
    """Raises `InvalidRequest` for a dimension that does not exist, and for what feedback does not
    know of its call."""
    chosen = selection.feedback is not None
    known = SCORE_DIMENSIONS if chosen else DIMENSIONS
    for name in selection.only:
        if name not in known:
            raise InvalidRequest(
                f"{'Feedback has' if chosen else 'Calls have'} no dimension {name[:64]!r}.",
                hint=f"There are: {', '.join(known)}",
                param=f"filter.only.{name[:64]}",
            )
    if chosen and (selection.tags or selection.text or selection.errors_only):
        raise InvalidRequest(
            "`feedback` cannot be combined with `tags`, `text` and `errors_only`.",
            hint=f"Use `only` with: {', '.join(known)}",
            param="filter.feedback",
        )
