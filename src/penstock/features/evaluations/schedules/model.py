"""Values of evaluation schedules: when and what they start, their progress. No SQL, no HTTP."""

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Protocol

from msgspec.structs import replace
from sqlalchemy import Connection

from penstock.features.access import Principal
from penstock.features.conflicts import AuditedEvents
from penstock.features.evaluations.model import EvaluationPlan, FindEvaluator, check_plan
from penstock.features.evaluations.online.model import BudgetPeriod
from penstock.features.evaluations.schedules.times import check_times
from penstock.features.webhooks.model import AuditedChange
from penstock.kernel.errors import InvalidRequest
from penstock.rules.document import Document

MAX_SCHEDULES: Final = 100  # evaluation schedules of a project
MAX_TRIGGERS: Final = 10  # of a schedule
MAX_STARTS: Final = 100  # in the log of a schedule, and those whose runs it keeps
MOST_KEPT_RUNS: Final = 1_000  # of a schedule; of older ones those stay that something refers to
MAX_LATE_MS: Final = 3_600_000  # for which a start may be late; a later one is skipped
MAX_CHANGES: Final = 5_000  # audited changes of one look for triggers
MAX_REASON_CHARS: Final = 1000  # of an error or a reason that is shown; the rest is cut
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,62}")
_ANY_RELEASE: Final = "0" * 64  # stands for the one that is resolved at a start


class TriggerEvent(StrEnum):
    """The changes of a project that start runs."""

    PROMPT_VERSION = "prompt_version"  # a new version of a prompt
    PROMPT_LABEL = "prompt_label"  # a label moves to a version of a prompt
    RELEASE = "release"  # a new release
    DATASET_VERSION = "dataset_version"  # a new version of a dataset


class ScheduleTrigger(Document, frozen=True):
    """A change that starts a run. `name`: of the prompt or dataset, for a release that of its
    prompt; empty for any. `label`: the label that moves, empty for any."""

    event: TriggerEvent
    name: str = ""
    label: str = ""


class ScheduledTarget(Document, frozen=True):
    """The target of runs, found at each start: a `release`; a `model` with or without a `prompt`,
    of which `prompt_version` names the version (a number, a label, `latest`; empty: `production`,
    or else the latest); the release that answers a `use_case` in an `environment`; the
    `triggering_release`; or, without any, the recorded outputs of the plan's `output_field`."""

    release: str = ""
    model: str = ""
    prompt: str = ""
    prompt_version: str = ""
    parameters: dict[str, Any] = {}  # noqa: RUF012 - msgspec copies it for each target
    use_case: str = ""
    environment: str = ""
    triggering_release: bool = False

    @property
    def calls(self) -> bool:
        """Returns whether models are called."""
        return bool(self.release or self.model or self.use_case or self.triggering_release)


class EvaluationSchedule(Document, frozen=True):
    """A schedule. `plan`: of its runs; version 0 is the newest at each start. It starts at the
    times of `cron` in `time_zone`, and after `triggers`. `budget_usd`: what its runs may cost in a
    period; 0 for no budget. `keep_runs`: how many of its runs it keeps, the newest."""

    plan: EvaluationPlan
    target: ScheduledTarget
    cron: str = ""
    time_zone: str = "UTC"
    triggers: tuple[ScheduleTrigger, ...] = ()
    budget_usd: float = 0.0
    budget_period: BudgetPeriod = BudgetPeriod.MONTH
    enabled: bool = True
    keep_runs: int = 200


@dataclass(frozen=True, slots=True)
class ScheduleProgress:
    """The work that a schedule has done. `seen`: the number of the last audited change that was
    looked at. `slot_ms`: the last time of its cron that has come, `next_ms` the next one (0 without
    cron), computed at `looked_ms`. `run_id`: its last run; `settled`: the run has ended, and its
    cost is in `spent_usd` of the period. `error`: of the last start or run, empty if it went
    well."""

    seen: int = 0
    slot_ms: int = 0
    next_ms: int = 0
    looked_ms: int = 0
    run_id: str = ""
    run_period: str = ""
    settled: bool = True
    spent_period: str = ""
    spent_usd: float = 0.0
    error: str = ""


@dataclass(frozen=True, slots=True)
class StoredSchedule:
    """A schedule as it is stored. `version` counts all writes of its row."""

    id: str
    project_id: str
    name: str
    version: int
    schedule: EvaluationSchedule
    progress: ScheduleProgress = field(default_factory=ScheduleProgress)
    author: str = ""
    created_ms: int = 0
    updated_ms: int = 0

    @property
    def actor(self) -> Principal:
        """Returns who starts its runs."""
        label = f"evaluation schedule {self.name}"
        return Principal("system", "evaluation_schedule", label, {}, instance_admin=True)

    def with_progress(self, progress: ScheduleProgress) -> "StoredSchedule":
        """Returns the next write of it."""
        return dataclasses.replace(self, version=self.version + 1, progress=progress)

    def spent(self, now_ms: int) -> float:
        """Returns what its runs have cost in the period of a time."""
        period = self.schedule.budget_period.current(now_ms)
        return self.progress.spent_usd if self.progress.spent_period == period else 0.0


class StartOutcome(StrEnum):
    """The ends of an attempt to start a run."""

    STARTED = "started"
    SKIPPED = "skipped"  # the last run had not ended, the budget was spent, or it was too late
    FAILED = "failed"  # the run could not start


@dataclass(frozen=True, slots=True)
class ScheduleStart:
    """An attempt to start a run. `cause`: the time, the change or the user behind it. `reason`: why
    it was skipped or has failed."""

    id: str
    schedule_id: str
    at_ms: int
    cause: str
    outcome: StartOutcome
    run_id: str = ""
    reason: str = ""


class AuditedChanges(AuditedEvents, Protocol):
    """The audit log of projects."""

    def after(
        self, connection: Connection, project_id: str, sequence: int, limit: int
    ) -> Sequence[AuditedChange]:
        """Returns changes after a number, oldest first."""
        ...

    def last_sequence(self, connection: Connection, project_id: str) -> int:
        """Returns the number of the newest change."""
        ...


class ScheduledParts(Protocol):
    """Finds what targets and triggers name."""

    def prompt_digest(self, project_id: str, name: str, version: str) -> str:
        """Returns the hash of a version of a prompt. Raises `NotFound`."""
        ...

    def prompt_name(self, project_id: str, digest: str) -> str:
        """Returns the name of the prompt with a version of this hash, empty if there is none."""
        ...

    def serving_release(self, project_id: str, use_case: str, environment: str) -> str:
        """Returns the hash of the release that answers a use case. Raises `NotFound`."""
        ...


def check_schedule(name: str, schedule: EvaluationSchedule, find: FindEvaluator) -> None:
    """Raises `InvalidRequest` for a schedule that can never start a run."""
    if not _NAME.fullmatch(name):
        raise _invalid("The name has a-z, 0-9 and -, begins with a letter, up to 63.", "name")
    if not schedule.cron and not schedule.triggers:
        raise _invalid("A schedule needs a cron expression or a trigger.", "cron")
    if schedule.cron:
        check_times(schedule.cron, schedule.time_zone)
    for at, trigger in enumerate(schedule.triggers):
        if trigger.event is TriggerEvent.PROMPT_LABEL or not trigger.label:
            continue
        raise _invalid(f"{trigger.event} has no label.", f"triggers.{at}.label")
    _check_target(schedule)
    calls = schedule.target.calls
    check_plan(replace(schedule.plan, release=_ANY_RELEASE if calls else ""), find)


def _check_target(schedule: EvaluationSchedule) -> None:
    target, recorded = schedule.target, bool(schedule.plan.output_field)
    named = (target.release, target.model, target.use_case, target.triggering_release, recorded)
    if sum(map(bool, named)) != 1:
        raise _invalid(
            "The target is one of: release, model, use_case, triggering_release, output_field.",
            "target",
        )
    if target.prompt and not target.model:
        raise _invalid("A prompt is measured with a model: name one.", "target.model")
    if bool(target.use_case) != bool(target.environment):
        raise _invalid("A use case has releases by environment: name both.", "target.environment")
    events = {each.event for each in schedule.triggers}
    if target.triggering_release and (events != {TriggerEvent.RELEASE} or schedule.cron):
        raise _invalid(
            "Only the trigger `release`, without a cron expression, has a triggering release.",
            "target.triggering_release",
        )


def _invalid(message: str, param: str) -> InvalidRequest:
    return InvalidRequest(message, code="evaluation_schedule_invalid", param=param)
