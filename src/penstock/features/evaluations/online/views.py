"""The documents of the routes of online evaluations."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from penstock.features.evaluations.http.bodies import EvaluatorBody
from penstock.features.evaluations.http.views import EvaluatorChoiceView, MetricFactsView
from penstock.features.evaluations.online.figures import (
    GroupFigures,
    MetricFigure,
    OnlineFigures,
)
from penstock.features.evaluations.online.model import (
    MAX_DAILY_CALLS,
    MAX_DELAY_S,
    MAX_EVALUATORS,
    MIN_DELAY_S,
    BudgetPeriod,
    DrawCounts,
    OnlineFilter,
    OnlineRule,
)
from penstock.features.evaluations.online.rules import ShownOnlineRule
from penstock.features.feedback.model import StoredScore
from penstock.infra.web.moments import moment_of
from penstock.infra.web.schemas import RequestBody
from penstock.rules.scores.vocabulary import ScoreState
from penstock.rules.statistics.sampled import SampledMean

MAX_VALUES = 50  # values of a dimension in the filter of an online evaluation
_Word = Annotated[str, Field(max_length=400)]
_Named = Annotated[
    dict[_Word, Annotated[list[_Word], Field(max_length=MAX_VALUES)]], Field(max_length=MAX_VALUES)
]


class OnlineFilterBody(RequestBody):
    """Selects answered calls as the list of traces does. `only`: allowed values by dimension, such
    as `use_case`, `release`, `environment`, `request_model` (a model, route or use case as it was
    asked for); `tags`: by tag; `text` occurs in input or output."""

    only: Annotated[_Named, Field(default_factory=dict[str, list[str]])]
    tags: Annotated[_Named, Field(default_factory=dict[str, list[str]])]
    text: _Word = ""

    def filter(self) -> OnlineFilter:
        """Returns the filter."""
        return OnlineFilter(
            {name: tuple(values) for name, values in self.only.items()},
            {name: tuple(values) for name, values in self.tags.items()},
            self.text,
        )

    @classmethod
    def of(cls, found: OnlineFilter) -> "OnlineFilterBody":
        only = {name: list(values) for name, values in found.only.items()}
        return cls(
            only=only, tags={name: list(each) for name, each in found.tags.items()}, text=found.text
        )


class OnlineEvaluationBody(RequestBody):
    """An online evaluation. `share`: the part of the traces that is measured; a call waits for
    `delay_s`; at most `daily_calls` of one UTC day. `budget_usd`: what judges may cost in a period;
    `key_id`: the key as which they are called. Both are needed with judges only.
    `context_variable`: the variable of a request to a use case that has the passages. `version`:
    the one that you saw (0: none); if it is another one now, the answer is 409
    `online_evaluation_changed`."""

    filter: Annotated[
        OnlineFilterBody, Field(default_factory=lambda: OnlineFilterBody.of(OnlineFilter()))
    ]
    evaluators: Annotated[list[EvaluatorBody], Field(min_length=1, max_length=MAX_EVALUATORS)]
    share: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = 0.05
    delay_s: Annotated[int, Field(ge=MIN_DELAY_S, le=MAX_DELAY_S)] = MIN_DELAY_S
    daily_calls: Annotated[int, Field(ge=1, le=MAX_DAILY_CALLS)] = 1000
    budget_usd: Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)] = 0.0
    budget_period: BudgetPeriod = BudgetPeriod.DAY
    key_id: Annotated[str, Field(max_length=64, pattern=r"^[\w-]*$")] = ""
    context_variable: Annotated[str, Field(max_length=100)] = ""
    enabled: bool = True
    version: Annotated[int, Field(ge=0)] | None = None

    def rule(self) -> OnlineRule:
        """Returns the rule. Raises `InvalidRequest` for options that are too large."""
        return OnlineRule(
            evaluators=tuple(each.choice() for each in self.evaluators),
            filter=self.filter.filter(),
            **{name: getattr(self, name) for name in _PLAIN},
        )


_PLAIN = (
    *("share", "delay_s", "daily_calls", "budget_usd", "budget_period", "key_id"),
    *("context_variable", "enabled"),
)


class DrawCountsView(BaseModel):
    """Calls: `eligible` are those that the filter selects; of these the sample has `drawn`, and
    should have had also those that were skipped because the `budget` was spent, the calls of the
    day were used (`daily_calls`), or the measurements were late (`backlog`). `measured` are drawn
    ones with scores; judges have cost `cost_usd` for them."""

    eligible: int
    drawn: int
    skipped_budget: int
    skipped_daily_calls: int
    skipped_backlog: int
    measured: int
    cost_usd: float

    @classmethod
    def of(cls, found: DrawCounts) -> "DrawCountsView":
        return cls(
            eligible=found.eligible,
            drawn=found.drawn,
            skipped_budget=found.budget,
            skipped_daily_calls=found.daily_calls,
            skipped_backlog=found.backlog,
            measured=found.measured,
            cost_usd=found.cost_usd,
        )


class OnlineEvaluationView(BaseModel):
    """An online evaluation with what it has done. `version` counts its changes. `counts`: of the
    last seven days; `waiting`: drawn calls without scores yet. Calls that were stored before
    `seen_until` were looked at. `budget_spent`: its judges pause until the next period."""

    name: str
    version: int
    filter: OnlineFilterBody
    evaluators: list[EvaluatorChoiceView]
    share: float
    delay_s: int
    daily_calls: int
    budget_usd: float
    budget_period: BudgetPeriod
    key_id: str
    context_variable: str
    enabled: bool
    counts: DrawCountsView
    waiting: int
    spent_usd: float
    spent_in: str
    budget_spent: bool
    seen_until: datetime
    error: str
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, shown: ShownOnlineRule) -> "OnlineEvaluationView":
        stored, spent = shown.stored, shown.stored.spent(shown.now_ms)
        return cls(
            name=stored.name,
            version=stored.version,
            filter=OnlineFilterBody.of(stored.rule.filter),
            evaluators=[EvaluatorChoiceView.of(each) for each in stored.rule.evaluators],
            counts=DrawCountsView.of(shown.counts),
            waiting=shown.waiting,
            spent_usd=spent.usd,
            spent_in=spent.period,
            budget_spent=spent.exhausted,
            seen_until=moment_of(stored.drawing.position.stored_ns // 1_000_000),
            error=stored.drawing.error,
            created_at=moment_of(stored.created_ms),
            updated_at=moment_of(stored.updated_ms),
            **{name: getattr(stored.rule, name) for name in _PLAIN},
        )


class SampledEstimateView(BaseModel):
    """A rate or mean of all eligible calls, with its interval of 95 %: null where the data give
    none. `covered`: the share of the calls that are of an hour and release with scored ones."""

    mean: float
    low: float | None
    high: float | None
    covered: float

    @classmethod
    def of(cls, found: SampledMean | None) -> "SampledEstimateView | None":
        return None if found is None else cls(**found._asdict())


class OnlineMetricView(BaseModel):
    """A metric in a group of calls: `scored` of the measured ones have a value; `states` says what
    became of all."""

    scored: int
    states: dict[ScoreState, int]
    estimate: SampledEstimateView | None
    labels: dict[str, int]

    @classmethod
    def of(cls, found: MetricFigure) -> "OnlineMetricView":
        return cls(
            scored=found.scored,
            states={ScoreState(name): count for name, count in found.states.items() if count},
            estimate=SampledEstimateView.of(found.estimate),
            labels=dict(found.labels),
        )


class OnlineGroupView(BaseModel):
    """A group of calls. `value`: its release, or the time at which its step begins."""

    value: str
    counts: DrawCountsView
    metrics: dict[str, OnlineMetricView]

    @classmethod
    def of(cls, value: str, found: GroupFigures) -> "OnlineGroupView":
        return cls(
            value=value,
            counts=DrawCountsView.of(found.counts),
            metrics={name: OnlineMetricView.of(each) for name, each in found.metrics.items()},
        )


class OnlineFiguresView(BaseModel):
    """The figures of an online evaluation: of all its calls, of the releases with most of them, and
    in steps of time (of `step_s` seconds; those without calls are left out)."""

    facts: dict[str, MetricFactsView]
    total: OnlineGroupView
    releases: list[OnlineGroupView]
    step_s: int
    series: list[OnlineGroupView]

    @classmethod
    def of(cls, found: OnlineFigures) -> "OnlineFiguresView":
        times = {moment_of(at).isoformat(): each for at, each in found.series.items()}
        return cls(
            facts={name: MetricFactsView.of(each) for name, each in found.facts.items()},
            total=OnlineGroupView.of("", found.total),
            releases=_groups(found.releases),
            step_s=found.bucket_ms // 1000,
            series=_groups(times),
        )


class OnlineScoreView(BaseModel):
    """The value of a metric for a call. `comment` is the reason."""

    trace_id: str
    span_id: str
    called_at: datetime
    release: str
    value: bool | float | str | None
    comment: str

    @classmethod
    def of(cls, found: StoredScore) -> "OnlineScoreView":
        number: bool | float | None = found.number
        if found.type == "boolean" and found.number is not None:
            number = bool(found.number)
        return cls(
            trace_id=found.trace_id,
            span_id=found.span_id,
            called_at=moment_of(found.scored_ns // 1_000_000),
            release=found.release,
            value=found.label if number is None else number,
            comment=found.comment,
        )


class OnlineScoresView(BaseModel):
    """Calls with the worst values of a metric."""

    items: list[OnlineScoreView]

    @classmethod
    def of(cls, found: Sequence[StoredScore]) -> "OnlineScoresView":
        return cls(items=[OnlineScoreView.of(each) for each in found])


def _groups(found: Mapping[str, GroupFigures]) -> list[OnlineGroupView]:
    return [OnlineGroupView.of(value, each) for value, each in found.items()]
