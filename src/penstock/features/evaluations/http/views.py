"""The documents that the routes of evaluation runs answer with."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from pydantic import BaseModel

from penstock.features.evaluations.http.endpoints import EndpointView
from penstock.features.evaluations.http.figures import HumanLabelsView, MetricFiguresView
from penstock.features.evaluations.model import (
    EvaluationRun,
    EvaluatorChoice,
    Result,
    ResultState,
    RunState,
)
from penstock.features.evaluations.reporting import RunReport
from penstock.features.evaluations.service.results import ComparedItem, RunComparison
from penstock.features.evaluations.service.runs import ShownRun
from penstock.infra.web.moments import moment_of
from penstock.rules.annotation.calibration import CorrectedRate, JudgeFigures, corrected
from penstock.rules.eval_reports.compare import MetricDifference
from penstock.rules.eval_reports.report import Estimate, MetricReport, SliceReport
from penstock.rules.evaluation.measurements import Measurement
from penstock.rules.evaluation.metrics import MetricFacts, MetricKind
from penstock.rules.scores.vocabulary import ScoreState
from penstock.rules.statistics.wording import Comparison
from penstock.spi.evaluator import EvaluatorDescription


class EvaluatorChoiceView(BaseModel):
    """An evaluator of a run."""

    name: str
    kind: str
    options: dict[str, Any]

    @classmethod
    def of(cls, choice: EvaluatorChoice) -> "EvaluatorChoiceView":
        return cls(name=choice.name, kind=choice.kind, options=choice.options)


class SimulatedUserView(BaseModel):
    """The model that plays the user of a run's conversations."""

    model: str
    instructions: str
    field: str
    max_turns: int
    stop: str


class EvaluationProgressView(BaseModel):
    """The progress of a run. `total` is null while it is unknown. `forecast_usd`: the cost of the
    whole run, if the rest costs as much per result; null while nothing is known."""

    done: int
    total: int | None
    cost_usd: float
    forecast_usd: float | None


class EvaluationRunView(BaseModel):
    """A run. `release` is the hash of what is called, empty for recorded outputs and endpoints."""

    id: str
    state: RunState
    dataset: str
    version: int
    dataset_digest: str
    release: str
    output_field: str
    endpoint: EndpointView | None
    evaluators: list[EvaluatorChoiceView]
    key_id: str
    item_ids: list[str]
    split: str
    repeats: int
    concurrency: int
    cost_cap_usd: float
    label: str
    baseline_run: str
    user: SimulatedUserView | None
    progress: EvaluationProgressView
    error: str
    author: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None

    @classmethod
    def of(cls, shown: ShownRun) -> "EvaluationRunView":
        run, plan = shown.run, shown.run.plan
        return cls(
            id=run.id,
            state=run.state,
            dataset_digest=run.dataset_digest,
            evaluators=[EvaluatorChoiceView.of(each) for each in plan.evaluators],
            item_ids=list(plan.item_ids),
            user=plan.user and SimulatedUserView(**msgspec.structs.asdict(plan.user)),
            endpoint=plan.endpoint and EndpointView.of(plan.endpoint),
            progress=_progress(shown),
            error=run.error,
            author=run.author,
            created_at=moment_of(run.created_ms),
            started_at=_moment(run.started_ms),
            ended_at=_moment(run.ended_ms),
            **{name: getattr(plan, name) for name in _PLAIN},
        )


_PLAIN = (
    *("dataset", "version", "release", "output_field", "key_id", "split", "repeats"),
    *("concurrency", "cost_cap_usd", "label", "baseline_run"),
)


class MetricFactsView(BaseModel):
    """The properties of a metric."""

    kind: MetricKind
    higher_is_better: bool | None
    least: float | None
    most: float | None
    unit: str
    judged: bool

    @classmethod
    def of(cls, facts: MetricFacts) -> "MetricFactsView":
        return cls(**{name: getattr(facts, name) for name in cls.model_fields})


class EstimateView(BaseModel):
    """A mean over items with its interval of 95 %; null where the data give none."""

    items: int
    mean: float | None
    low: float | None
    high: float | None

    @classmethod
    def of(cls, found: Estimate) -> "EstimateView":
        return cls(items=found.items, mean=found.mean, low=found.low, high=found.high)


class SliceView(BaseModel):
    """A metric on the items with a value of a member of their metadata."""

    field: str
    value: str
    estimate: EstimateView

    @classmethod
    def of(cls, found: SliceReport) -> "SliceView":
        return cls(field=found.field, value=found.value, estimate=EstimateView.of(found.estimate))


class MetricReportView(BaseModel):
    """The figures of a metric: `scored` of `samples` have a value, `states` says what became of
    all. `figures`: of metrics that have more to say than their mean. `human`: of metrics whose
    answers annotators have labelled, too."""

    name: str
    facts: MetricFactsView
    samples: int
    scored: int
    states: dict[ScoreState, int]
    estimate: EstimateView
    labels: dict[str, int]
    slices: list[SliceView]
    figures: MetricFiguresView | None
    human: HumanLabelsView | None

    @classmethod
    def of(cls, found: MetricReport, human: JudgeFigures | None) -> "MetricReportView":
        return cls(
            name=found.name,
            facts=MetricFactsView.of(found.facts),
            samples=found.samples,
            scored=found.scored,
            states={ScoreState(name): count for name, count in found.states.items()},
            estimate=EstimateView.of(found.estimate),
            labels=found.labels,
            slices=[SliceView.of(each) for each in found.slices],
            figures=MetricFiguresView.of(found.figures),
            human=human and HumanLabelsView.of(human, _corrected(found, human)),
        )


class EvaluationReportView(BaseModel):
    """The report of a run that has ended. `rows`: results by state. `user_cost_usd`: the part of
    the cost that simulated users have."""

    run: EvaluationRunView
    rows: dict[ResultState, int]
    cost_usd: float
    user_cost_usd: float
    metrics: list[MetricReportView]

    @classmethod
    def of(cls, shown: ShownRun, human: Mapping[str, JudgeFigures]) -> "EvaluationReportView":
        report = report_in(shown.run)
        return cls(
            run=EvaluationRunView.of(shown),
            rows={ResultState(name): count for name, count in report.rows.items()},
            cost_usd=report.cost_usd,
            user_cost_usd=report.user_cost_usd,
            metrics=[MetricReportView.of(each, human.get(each.name)) for each in report.metrics],
        )


class MeasurementView(BaseModel):
    """A measurement of an answer. There is a value only if the state is `scored`."""

    state: ScoreState
    value: bool | float | str | None
    reason: str
    details: dict[str, Any]
    cost_usd: float

    @classmethod
    def of(cls, found: Measurement) -> "MeasurementView":
        return cls(**{name: getattr(found, name) for name in cls.model_fields})


class AnsweredToolCallView(BaseModel):
    """A tool call of an answer."""

    name: str
    arguments: Any


class ResultView(BaseModel):
    """One item and repeat. `trace_id`: its call, the last one of a conversation, whose `messages`
    are here. `error`: why there is no answer."""

    item_id: str
    repeat: int
    state: ResultState
    output: str
    tool_calls: list[AnsweredToolCallView]
    finish_reason: str
    latency_ms: float | None
    answer_cost_usd: float | None
    cost_usd: float
    user_cost_usd: float
    messages: list[dict[str, Any]]
    input_tokens: int | None
    output_tokens: int | None
    trace_id: str
    span_id: str
    error: str
    measurements: dict[str, MeasurementView]

    @classmethod
    def of(cls, found: Result) -> "ResultView":
        answer = found.answer
        return cls(
            item_id=found.item_id,
            repeat=found.repeat,
            state=found.state,
            output=answer.output,
            tool_calls=[
                AnsweredToolCallView(name=each.name, arguments=each.arguments)
                for each in answer.tool_calls
            ],
            finish_reason=answer.finish_reason,
            latency_ms=answer.latency_ms,
            answer_cost_usd=answer.cost_usd,
            cost_usd=found.cost_usd,
            user_cost_usd=answer.user_cost_usd,
            messages=list(answer.messages),
            input_tokens=answer.input_tokens,
            output_tokens=answer.output_tokens,
            trace_id=answer.trace_id,
            span_id=answer.span_id,
            error=answer.error,
            measurements={
                name: MeasurementView.of(each) for name, each in found.measurements.items()
            },
        )


class ComparedItemView(BaseModel):
    """An item in two runs. Negative `advantage`: the second run is worse on it, summed over
    metrics, each relative to its widest difference."""

    item_id: str
    advantage: float
    before: list[ResultView]
    after: list[ResultView]

    @classmethod
    def of(cls, found: ComparedItem) -> "ComparedItemView":
        return cls(
            item_id=found.item_id,
            advantage=found.advantage,
            before=[ResultView.of(each) for each in found.before],
            after=[ResultView.of(each) for each in found.after],
        )


class MetricDifferenceView(BaseModel):
    """The difference of a run to the first one in one metric, on `items` that both have. `p` counts
    all differences of the comparison (Holm). `visible`: what it could see with a probability of
    80 %."""

    metric: str
    run: str
    items: int
    baseline: EstimateView
    candidate: EstimateView
    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    visible: float | None
    better: int
    worse: int
    outcome: Comparison
    text: str

    @classmethod
    def of(cls, found: MetricDifference) -> "MetricDifferenceView":
        values: dict[str, Any] = msgspec.structs.asdict(found) | {
            "baseline": EstimateView.of(found.baseline),
            "candidate": EstimateView.of(found.candidate),
            "outcome": Comparison(found.outcome),
        }
        return cls(**values)


class EvaluationComparisonView(BaseModel):
    """Runs compared with the first of them. `warnings`: what makes them less comparable."""

    runs: list[str]
    differences: list[MetricDifferenceView]
    warnings: list[str]

    @classmethod
    def of(cls, found: RunComparison) -> "EvaluationComparisonView":
        return cls(
            runs=[each.id for each in found.runs],
            differences=[MetricDifferenceView.of(each) for each in found.differences],
            warnings=list(found.warnings),
        )


class UploadedOutputsView(BaseModel):
    """The number of outputs that the run has now."""

    outputs: int


class EvaluatorView(BaseModel):
    """An installed evaluator. `options`: the JSON schema of its options."""

    kind: str
    summary: str
    options: dict[str, Any]
    source: str

    @classmethod
    def of(cls, kind: str, text: EvaluatorDescription) -> "EvaluatorView":
        return cls(kind=kind, summary=text.summary, options=text.options, source=text.source)


def report_in(run: EvaluationRun) -> RunReport:
    """Returns the report of a run; an empty one before its end."""
    return msgspec.convert(run.report or {"rows": {}, "cost_usd": 0.0, "metrics": ()}, RunReport)


def _progress(shown: ShownRun) -> EvaluationProgressView:
    found, total = shown.progress, shown.progress.total or None
    forecast = found.cost_usd * total / found.done if total and found.done else None
    return EvaluationProgressView(
        done=found.done, total=total, cost_usd=found.cost_usd, forecast_usd=forecast
    )


def _corrected(found: MetricReport, human: JudgeFigures) -> CorrectedRate | None:
    """The rate of a metric of yes and no, corrected; none for others."""
    mean, items = found.estimate.mean, found.estimate.items
    if found.facts.kind is not MetricKind.RATE or mean is None:
        return None
    return corrected(mean, items, human)


def _moment(ms: int) -> datetime | None:
    return moment_of(ms) if ms else None
