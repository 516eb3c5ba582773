"""Connects the parts of evaluation schedules in the server."""

import logging
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from penstock.features.background import rounds
from penstock.features.context import Context
from penstock.features.evaluations.schedules import store
from penstock.features.evaluations.schedules.model import (
    MAX_SCHEDULES,
    AuditedChanges,
    ScheduledParts,
)
from penstock.features.evaluations.schedules.service import ScheduleService
from penstock.features.evaluations.schedules.starting import ScheduleStarter
from penstock.features.evaluations.service.runs import EvaluationService

_EVERY_S: Final = 5.0
_log: Final = logging.getLogger("penstock.evaluations")


@dataclass(frozen=True, slots=True)
class OpenedSchedules:
    """The use cases of schedules, and what runs periodically."""

    service: ScheduleService
    starter: ScheduleStarter

    async def run(self) -> None:
        """Starts what is due every five seconds."""
        await rounds(self.starter.run_due, _EVERY_S)


def schedule_of_run(connection: Connection, project_id: str, run_id: str) -> str:
    """Returns the schedule that compares with a run; empty if there is none."""
    for stored in store.list_schedules(connection, project_id, "", MAX_SCHEDULES):
        if stored.schedule.plan.baseline_run == run_id:
            return f"the schedule {stored.name}"
    return ""


def open_schedules(
    context: Context, runs: EvaluationService, changes: AuditedChanges, parts: ScheduledParts
) -> OpenedSchedules:
    """Returns the parts."""
    return OpenedSchedules(
        ScheduleService(context, runs.find, changes),
        ScheduleStarter(context, runs, changes, parts),
    )
