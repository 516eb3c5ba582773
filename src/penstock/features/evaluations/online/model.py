"""Values of online evaluation: rules, their progress, samples. No SQL, no HTTP."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Final

import msgspec

from penstock.features.evaluations.model import EvaluatorChoice, FindEvaluator
from penstock.features.traces.model import DIMENSIONS, Cursor, Filter
from penstock.kernel.errors import InvalidRequest, NotFound
from penstock.rules.document import Document
from penstock.rules.evaluation.measurements import Measurement
from penstock.rules.evaluation.metrics import MetricFacts, MetricKind
from penstock.rules.evaluation.samples import Sample, relations_in
from penstock.rules.scores.vocabulary import MAX_NAME_CHARS, NAME_PATTERN, ONLINE_AUTHOR

JOB_KIND: Final = "online_evaluation"
MAX_RULES: Final = 50  # online evaluations of a project
MAX_EVALUATORS: Final = 16  # of an online evaluation
MIN_DELAY_S: Final = 60  # an insert in progress may have an earlier time of storage than now
MAX_DELAY_S: Final = 7 * 24 * 3600  # that a call waits before it is drawn; more is refused
MAX_DAILY_CALLS: Final = 100_000  # that an online evaluation measures on one day
MAX_WAITING: Final = 2_000  # drawn calls of a rule that wait for the worker; then it draws no more
MAX_WAITING_BYTES: Final = 64 * 1024 * 1024  # of their content
MAX_SAMPLE_BYTES: Final = 1024 * 1024  # of the content of a call; a larger one is `unmeasured`
MAX_LAG_S: Final = 3600.0  # that a rule may be late; beyond it, it draws a smaller share
MAX_ATTEMPTS: Final = 3  # at a call whose measurement ends the process; then it is a `judge_error`
HOUR_MS: Final = 3_600_000
EVALUATION_TAGS: Final = ("eval_run", "eval_judge")  # calls with them are never drawn
ANSWERING: Final = ("chat", "text_completion")  # operations whose answer is a text
_RULE_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,62}")


class BudgetPeriod(StrEnum):
    """The time for which a budget is, in UTC."""

    DAY = "day"
    MONTH = "month"

    def current(self, now_ms: int) -> str:
        """Returns the period of a time: `2026-11-30` or `2026-11`."""
        moment = datetime.fromtimestamp(now_ms / 1000, UTC)
        return moment.strftime("%Y-%m-%d" if self is BudgetPeriod.DAY else "%Y-%m")


class OnlineFilter(Document, frozen=True):
    """The calls that an online evaluation is about, of those that were answered: by default with
    text. `only`: allowed values by dimension; `tags`: by tag; `text` occurs in input or output."""

    only: dict[str, tuple[str, ...]] = {}  # noqa: RUF012 - msgspec copies it for each filter
    tags: dict[str, tuple[str, ...]] = {}  # noqa: RUF012 - msgspec copies it for each filter
    text: str = ""

    def calls(self) -> Filter:
        """Returns the filter of calls."""
        only = {"operation": ANSWERING, **self.only, "status": ("ok",)}
        return Filter(only=only, tags=self.tags, text=self.text)


class OnlineRule(Document, frozen=True):
    """An online evaluation. `share`: the part of the traces that is drawn; `delay_s`: for which a
    call waits; `daily_calls`: at most of one UTC day. `budget_usd` is what judges may cost in a
    period; 0 without judges. `key_id`: the key as which they are called. `context_variable`: the
    variable of a request that has the passages."""

    evaluators: tuple[EvaluatorChoice, ...]
    filter: OnlineFilter = OnlineFilter()
    share: float = 0.05
    delay_s: int = 60
    daily_calls: int = 1000
    budget_usd: float = 0.0
    budget_period: BudgetPeriod = BudgetPeriod.DAY
    key_id: str = ""
    context_variable: str = ""
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class RuleDrawing:
    """The progress of a rule with drawing calls. `day` (since 1970) is that of `drawn_today`.
    `error`: of the last time, empty if it went well. `job_id`: of the job that measures."""

    position: Cursor
    day: int = 0
    drawn_today: int = 0
    error: str = ""
    job_id: str = ""
    looked_ms: int = 0
    next_ms: int = 0


@dataclass(frozen=True, slots=True)
class RuleSpending:
    """The cost of judges in a period, in USD. `exhausted`: it has no space for another call."""

    period: str = ""
    usd: float = 0.0
    exhausted: bool = False


@dataclass(frozen=True, slots=True)
class StoredOnlineRule:
    """A rule as it is stored. `version` counts its changes."""

    id: str
    project_id: str
    name: str
    version: int
    rule: OnlineRule
    drawing: RuleDrawing
    spending: RuleSpending = field(default_factory=RuleSpending)
    created_ms: int = 0
    updated_ms: int = 0

    @property
    def author(self) -> str:
        """The author of its scores."""
        return ONLINE_AUTHOR + self.name

    def spent(self, now_ms: int) -> RuleSpending:
        """Returns what was spent in the period of a time."""
        current = self.rule.budget_period.current(now_ms)
        return self.spending if self.spending.period == current else RuleSpending(current)


class SampleState(StrEnum):
    """The states of a drawn call. Once its scores are written, it is removed."""

    WAITING = "waiting"
    MEASURED = "measured"


@dataclass(frozen=True, slots=True)
class SampledCall:
    """A drawn call. `hour_ms`: of its start; `stored_ns` is its place in the order. `attempts`:
    measurements that have begun."""

    rule_id: str
    span_id: str
    trace_id: str
    release: str
    start_ns: int
    stored_ns: int
    state: SampleState = SampleState.WAITING
    attempts: int = 0
    sample: Sample | None = None
    measurements: Mapping[str, Measurement] = field(default_factory=dict[str, Measurement])
    cost_usd: float = 0.0

    @property
    def stratum(self) -> tuple[int, str]:
        """The hour and the release of the call: within them, each call counts as much."""
        return stratum_of(self.start_ns, self.release)


def stratum_of(start_ns: int, release: str) -> tuple[int, str]:
    """Returns the hour (in Unix ms) and the release of a call."""
    return start_ns // 1_000_000 // HOUR_MS * HOUR_MS, release


class DrawCounts(msgspec.Struct, kw_only=True):
    """Calls of an hour and release. `eligible` is all that the filter selects. Of those, the sample
    has `drawn` and, of what it should have, not drawn: because the `budget` was spent, the calls of
    the day were used (`daily_calls`), or the rule was late (`backlog`). `measured`: drawn calls
    with scores; `cost_usd` of their judges."""

    eligible: int = 0
    drawn: int = 0
    budget: int = 0
    daily_calls: int = 0
    backlog: int = 0
    measured: int = 0
    cost_usd: float = 0.0

    def plus(self, other: "DrawCounts") -> "DrawCounts":
        """Returns the sums."""
        names = DrawCounts.__struct_fields__
        return DrawCounts(**{name: getattr(self, name) + getattr(other, name) for name in names})


Strata = dict[tuple[int, str], DrawCounts]
Usd = Annotated[float, msgspec.Meta(ge=0)]


def check_name(name: str) -> None:
    """Raises `InvalidRequest` for a name that a rule cannot have."""
    if not _RULE_NAME.fullmatch(name):
        raise InvalidRequest(
            f"{name[:64]!r} is no name of an online evaluation.",
            hint="Use at most 63 of a-z, 0-9 and -; the first is a letter.",
            code="online_evaluation_invalid",
            param="name",
        )


def check_rule(rule: OnlineRule, find: FindEvaluator) -> None:
    """Raises `InvalidRequest` for a rule that cannot be carried out, `NotFound` for an evaluator
    that is not installed."""
    for name in rule.filter.only:
        if name not in DIMENSIONS or name == "status":
            known = ", ".join(each for each in DIMENSIONS if each != "status")
            raise _invalid(
                f"Answered calls have no dimension {name[:64]!r}.",
                f"filter.only.{name[:64]}",
                f"There are: {known}",
            )
    if not rule.evaluators:
        raise _invalid("An online evaluation has at least one evaluator.", "evaluators")
    names = [each.name for each in rule.evaluators]
    if len(set(names)) < len(names):
        raise _invalid("Two evaluators have the same name.", "evaluators")
    judged = [_is_judged(at, each, find) for at, each in enumerate(rule.evaluators)]
    if any(judged):
        _check_judges(rule)


def facts_of(stored: StoredOnlineRule, find: FindEvaluator) -> dict[str, MetricFacts]:
    """Returns the metrics of a rule. Of one whose evaluator is not installed any more, no direction
    is known."""
    found: dict[str, MetricFacts] = {}
    for each in stored.rule.evaluators:
        try:
            found[each.name] = find(each.kind).facts(each.options)
        except NotFound:
            found[each.name] = MetricFacts(MetricKind.MEAN, None)
    return found


def _is_judged(at: int, choice: EvaluatorChoice, find: FindEvaluator) -> bool:
    """Checks a choice. Returns whether it asks models."""
    if len(choice.name) > MAX_NAME_CHARS or not re.fullmatch(NAME_PATTERN, choice.name):
        raise _invalid(f"{choice.name[:64]!r} is no name of a score.", f"evaluators.{at}.name")
    evaluator = find(choice.kind)
    if problem := evaluator.problem_of(choice.options):
        raise _invalid(f"The evaluator {choice.name}: {problem}", f"evaluators.{at}.options")
    facts = evaluator.facts(choice.options)
    if relations_in(facts.needs):
        message = f"{choice.name} compares answers of a run, which live traffic does not have."
        raise _invalid(message, f"evaluators.{at}.kind")
    if "expected" in facts.needs:
        message = f"{choice.name} needs an expected answer, which live traffic does not have."
        raise _invalid(message, f"evaluators.{at}.kind")
    return facts.judged


def _check_judges(rule: OnlineRule) -> None:
    if not rule.key_id:
        hint = "Its limits and budgets hold. List keys: penstock key list"
        raise _invalid("Judges call models, so they need a key of the project.", "key_id", hint)
    if rule.budget_usd <= 0:
        hint = "Set what they may cost in a day or a month, such as 5."
        raise _invalid("Judges cost money: a budget of 0 allows none.", "budget_usd", hint)


def _invalid(message: str, param: str, hint: str = "") -> InvalidRequest:
    return InvalidRequest(message, hint=hint, code="online_evaluation_invalid", param=param)
