"""The documents of the routes of evaluation schedules."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from pydantic import BaseModel, Field

from penstock.features.conflicts import revision_of
from penstock.features.evaluations.http.bodies import EvaluationPlanBody, Usd
from penstock.features.evaluations.http.views import EvaluatorChoiceView, SimulatedUserView
from penstock.features.evaluations.model import RunState
from penstock.features.evaluations.online.model import BudgetPeriod
from penstock.features.evaluations.schedules.model import (
    MAX_TRIGGERS,
    MOST_KEPT_RUNS,
    EvaluationSchedule,
    ScheduledTarget,
    ScheduleTrigger,
    StartOutcome,
    StoredSchedule,
    TriggerEvent,
)
from penstock.features.evaluations.schedules.service import ShownSchedule, ShownStart
from penstock.infra.web.moments import moment_of
from penstock.infra.web.schemas import RequestBody, Revision

MAX_CRON_CHARS = 100  # of a cron expression
_Word = Annotated[str, Field(max_length=256)]
_Place = Annotated[str, Field(max_length=63)]


class ScheduledTargetBody(RequestBody):
    """The target of each run, found when it starts. One of: a `release`, by its hash; a `model`,
    with or without a version of a `prompt` (its name; `prompt_version` is a number, a label or
    `latest`, by default `production`, or else the latest), which becomes a release; the release
    that answers a `use_case` in an `environment`; the `triggering_release`, which has started the
    run; recorded outputs in the member `output_field` of each item's metadata."""

    release: Annotated[str, Field(pattern=r"^([0-9a-f]{8,64})?$")] = ""
    model: _Word = ""
    prompt: _Word = ""
    prompt_version: _Word = ""
    parameters: dict[str, Any] = Field(max_length=50, default_factory=dict[str, Any])
    use_case: _Place = ""
    environment: _Place = ""
    triggering_release: bool = False
    output_field: _Word = ""

    def target(self) -> ScheduledTarget:
        """Returns the target."""
        return ScheduledTarget(**self.model_dump(exclude={"output_field"}))

    @classmethod
    def of(cls, schedule: EvaluationSchedule) -> "ScheduledTargetBody":
        target = msgspec.structs.asdict(schedule.target)
        return cls(**target, output_field=schedule.plan.output_field)


class ScheduleTriggerBody(RequestBody):
    """A change of the project that starts a run. `name`: of the prompt; of the dataset, by default
    that of the schedule; for a release that of its prompt. `label`: the one that moves. Empty is
    any. Releases that evaluation runs make start none."""

    event: TriggerEvent
    name: _Word = ""
    label: _Place = ""


class EvaluationScheduleBody(EvaluationPlanBody):
    """A schedule of runs. `version` of the dataset: by default the newest at each start. It starts
    at the times of `cron` (five fields: minute, hour, day of the month, month, day of the week) in
    `time_zone`, and after changes (`triggers`). `cost_cap_usd` is of a run, `budget_usd` of all
    runs of a UTC day or month; 0 for none. `keep_runs`: the newest runs that it keeps; older ones
    are removed unless something refers to them. `revision`: that of the schedule that you saw
    (empty: none); if it is another one now, the answer is 409 `evaluation_schedule_changed`. The
    other members are those of a run."""

    target: ScheduledTargetBody
    cron: Annotated[str, Field(max_length=MAX_CRON_CHARS)] = ""
    time_zone: Annotated[str, Field(max_length=64)] = "UTC"
    triggers: Annotated[
        list[ScheduleTriggerBody],
        Field(max_length=MAX_TRIGGERS, default_factory=list[ScheduleTriggerBody]),
    ]
    budget_usd: Usd = 0.0
    budget_period: BudgetPeriod = BudgetPeriod.MONTH
    enabled: bool = True
    keep_runs: Annotated[int, Field(ge=1, le=MOST_KEPT_RUNS)] = 200
    revision: Revision | None = None

    def schedule(self) -> EvaluationSchedule:
        """Returns the schedule. Raises `InvalidRequest`."""
        return EvaluationSchedule(
            plan=self.plan_of(self.target.output_field),
            target=self.target.target(),
            cron=" ".join(self.cron.split()),
            time_zone=self.time_zone,
            triggers=tuple(ScheduleTrigger(**each.model_dump()) for each in self.triggers),
            budget_usd=self.budget_usd,
            budget_period=self.budget_period,
            enabled=self.enabled,
            keep_runs=self.keep_runs,
        )


class ScheduleState(StrEnum):
    """The states of a schedule."""

    WAITING = "waiting"  # for a time or a change
    RUNNING = "running"  # its run has not ended, or has ended within the last seconds
    FAILING = "failing"  # its last run could not start, or did not finish
    PAUSED = "paused"


class ScheduleStartView(BaseModel):
    """An entry of the log of a schedule: the `cause` that came, whether a run has started
    (`run_id`), was skipped, or could not start, and why. `run_state`: of the run, null if there is
    none any more."""

    at: datetime
    cause: str
    outcome: StartOutcome
    run_id: str
    run_state: RunState | None
    reason: str

    @classmethod
    def of(cls, shown: ShownStart) -> "ScheduleStartView":
        found = shown.start
        return cls(
            at=moment_of(found.at_ms),
            cause=found.cause,
            outcome=found.outcome,
            run_id=found.run_id,
            run_state=shown.run_state,
            reason=found.reason,
        )


class ScheduleStartsView(BaseModel):
    """The newest entries of the log of a schedule."""

    items: list[ScheduleStartView]


class EvaluationScheduleView(BaseModel):
    """A schedule with what it has done. `revision` is another one after each change of it.
    `version` of the dataset is null for the newest. `next_at`: the next time of its cron
    expression. `last`: the newest entry of its log; `run_id`: its last run, with its `run_state`
    (null if it is removed). `spent_usd`: what its runs have cost in this period. `error`: why the
    last start or run failed."""

    name: str
    revision: str
    state: ScheduleState
    error: str
    enabled: bool
    target: ScheduledTargetBody
    cron: str
    time_zone: str
    triggers: list[ScheduleTriggerBody]
    next_at: datetime | None
    last: ScheduleStartView | None
    run_id: str
    run_state: RunState | None
    budget_usd: float
    budget_period: BudgetPeriod
    spent_usd: float
    keep_runs: int
    dataset: str
    version: int | None
    evaluators: list[EvaluatorChoiceView]
    key_id: str
    split: str
    repeats: int
    concurrency: int
    cost_cap_usd: float
    label: str
    baseline_run: str
    user: SimulatedUserView | None
    author: str
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, shown: ShownSchedule) -> "EvaluationScheduleView":
        stored, schedule = shown.stored, shown.stored.schedule
        plan, next_ms = schedule.plan, stored.progress.next_ms
        return cls(
            name=stored.name,
            revision=revision_of(schedule),
            state=_state(stored),
            error=stored.progress.error,
            target=ScheduledTargetBody.of(schedule),
            triggers=[
                ScheduleTriggerBody(**msgspec.structs.asdict(each)) for each in schedule.triggers
            ],
            next_at=moment_of(next_ms) if next_ms else None,
            last=shown.last and ScheduleStartView.of(shown.last),
            run_id=stored.progress.run_id,
            run_state=shown.run_state,
            spent_usd=stored.spent(shown.now_ms),
            version=plan.version or None,
            evaluators=[EvaluatorChoiceView.of(each) for each in plan.evaluators],
            user=plan.user and SimulatedUserView(**msgspec.structs.asdict(plan.user)),
            author=stored.author,
            created_at=moment_of(stored.created_ms),
            updated_at=moment_of(stored.updated_ms),
            **{name: getattr(plan, name) for name in _OF_PLAN},
            **{name: getattr(schedule, name) for name in _OF_SCHEDULE},
        )


_OF_PLAN = (
    *("dataset", "key_id", "split", "repeats", "concurrency", "cost_cap_usd", "label"),
    "baseline_run",
)
_OF_SCHEDULE = ("enabled", "cron", "time_zone", "budget_usd", "budget_period", "keep_runs")


def _state(stored: StoredSchedule) -> ScheduleState:
    if not stored.progress.settled:
        return ScheduleState.RUNNING
    if not stored.schedule.enabled:
        return ScheduleState.PAUSED
    return ScheduleState.FAILING if stored.progress.error else ScheduleState.WAITING
