"""Evaluation schedules over a real database, at any time."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from penstock.entrypoints.server.scheduled import ScheduledPartFinder
from penstock.features.evaluations.model import EvaluationPlan, EvaluatorChoice
from penstock.features.evaluations.schedules.assembly import open_schedules, schedule_of_run
from penstock.features.evaluations.schedules.model import (
    EvaluationSchedule,
    ScheduledTarget,
    ScheduleStart,
    StoredSchedule,
)
from penstock.features.identity.audit_log import AuditEvent
from penstock.features.rollouts.assembly import get_rollout
from tests.features.evaluations.conftest import Evaluated

MONDAY = "2026-11-30T05:00:00"


class SetClock:
    """A clock that stands at the time that is set."""

    def __init__(self) -> None:
        self.at(MONDAY)

    def at(self, moment: str) -> None:
        self._ns = int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()) * 10**9

    def pass_second(self) -> None:
        self._ns += 10**9

    def now_ns(self) -> int:
        return self._ns

    def monotonic(self) -> float:
        return self._ns / 1e9


class ScheduleWorld:
    """A project with a dataset `faq` of eight items, and a second server on the same database."""

    def __init__(self, evaluated: Evaluated) -> None:
        self.clock = SetClock()
        self.evaluated = evaluated
        self.released = evaluated.released
        self.editor, self.project = evaluated.released.editor, evaluated.project
        self.context = evaluated.context = replace(evaluated.context, clock=self.clock)
        runs = replace(evaluated.service, context=self.context, references=(schedule_of_run,))
        evaluated.work = replace(evaluated.work, clock=self.clock)
        parts = ScheduledPartFinder(self.context, get_rollout(self.context))
        reader = self.released.world.identity.audit_reader
        self.service, self.starter = self._opened(runs, reader, parts)
        _, self.other = self._opened(runs, reader, parts)
        evaluated.fill(8)

    def _opened(self, *parts: Any) -> tuple[Any, Any]:
        opened = open_schedules(self.context, *parts)
        return opened.service, opened.starter

    def set(self, name: str = "nightly", **fields: Any) -> StoredSchedule:
        """Sets a schedule; the recorded outputs in the items are what it measures by default."""
        names = EvaluationPlan.__struct_fields__
        own = {each: fields.pop(each) for each in list(fields) if each in names}
        chosen = (EvaluatorChoice("equals", "equals"),)
        plan = EvaluationPlan(
            **{"dataset": "faq", "version": 0, "evaluators": chosen, "output_field": "out", **own}
        )
        schedule = EvaluationSchedule(plan, **{"target": ScheduledTarget(), **fields})
        return self.service.set(self.editor, self.project, name, schedule).stored

    def look(self, moment: str = "") -> None:
        """Looks as the server does, at a time."""
        self.clock.at(moment) if moment else self.clock.pass_second()
        self.starter.run_due()

    def work(self) -> None:
        """Works as the worker does, until runs have ended."""
        self.evaluated.run_jobs()

    def stored(self, name: str = "nightly") -> StoredSchedule:
        return self.service.get(self.project, name).stored

    def log(self, name: str = "nightly") -> list[ScheduleStart]:
        """The log, oldest first."""
        return [each.start for each in reversed(self.service.starts(self.project, name, 100))]

    def outcomes(self, name: str = "nightly") -> list[str]:
        return [each.outcome.value for each in self.log(name)]

    def runs(self) -> list[Any]:
        """The runs, oldest first."""
        found = self.evaluated.service.list(self.project, "", "", None, 500)
        return [each.run for each in reversed(found)]

    def events(self, action: str) -> list[AuditEvent]:
        found = self.released.world.identity.audit_reader.list_page(self.project, None, 1000)
        return [each for each in found if each.action == action]


@pytest.fixture
def world(evaluated: Evaluated) -> ScheduleWorld:
    return ScheduleWorld(evaluated)
