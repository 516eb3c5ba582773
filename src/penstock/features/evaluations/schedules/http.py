"""`/api/v1/projects/{project_id}/evaluation-schedules`."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.evaluations.http.views import EvaluationRunView
from penstock.features.evaluations.schedules.service import ScheduleService
from penstock.features.evaluations.schedules.starting import ScheduleStarter
from penstock.features.evaluations.schedules.views import (
    EvaluationScheduleBody,
    EvaluationScheduleView,
    ScheduleStartsView,
    ScheduleStartView,
)
from penstock.infra.web.pages import Cursor, Limit, Page, decode_cursor, page_of
from penstock.infra.web.schemas import SwitchBody

PREFIX: Final = "/api/v1/projects/{project_id}/evaluation-schedules"
TAGS: Final = ("evaluation schedules",)


def schedule_routes(require: RequirePermission, schedules: ScheduleService) -> APIRouter:
    """Returns the routes that read schedules."""
    router = APIRouter(prefix=PREFIX, tags=[*TAGS])
    may_read = Depends(require(Permission.EVALUATIONS_READ))

    @router.get("")
    def list_evaluation_schedules(
        access: Annotated[Access, may_read], cursor: Cursor = "", limit: Limit = 100
    ) -> Page[EvaluationScheduleView]:
        """Lists schedules by name."""
        found = schedules.list_page(access.project_id, decode_cursor(cursor), limit + 1)
        return page_of(found, limit, EvaluationScheduleView.of, lambda each: each.stored.name)

    @router.get("/{name}")
    def get_evaluation_schedule(
        access: Annotated[Access, may_read], name: str
    ) -> EvaluationScheduleView:
        """Returns a schedule with its state."""
        return EvaluationScheduleView.of(schedules.get(access.project_id, name))

    @router.get("/{name}/starts")
    def list_schedule_starts(
        access: Annotated[Access, may_read], name: str, limit: Limit = 100
    ) -> ScheduleStartsView:
        """Returns the log of a schedule, newest first: runs that have started, were skipped, or
        could not start. It has 100 entries."""
        found = schedules.starts(access.project_id, name, limit)
        return ScheduleStartsView(items=[ScheduleStartView.of(each) for each in found])

    return router


def schedule_change_routes(
    require: RequirePermission, schedules: ScheduleService, starter: ScheduleStarter
) -> APIRouter:
    """Returns the routes that change schedules, and start runs of them."""
    router = APIRouter(prefix=PREFIX, tags=[*TAGS])
    may_run = Depends(require(Permission.EVALUATIONS_RUN))

    @router.put("/{name}")
    def set_evaluation_schedule(
        access: Annotated[Access, may_run], name: str, body: EvaluationScheduleBody
    ) -> EvaluationScheduleView:
        """Sets a schedule, which starts runs for times and changes from now on."""
        place = access.principal, access.project_id, name
        return EvaluationScheduleView.of(
            schedules.set(*place, body.schedule(), of_revision=body.revision)
        )

    @router.patch("/{name}")
    def switch_evaluation_schedule(
        access: Annotated[Access, may_run], name: str, body: SwitchBody
    ) -> EvaluationScheduleView:
        """Switches a schedule on or off. A run that has started goes on."""
        place = access.principal, access.project_id, name
        return EvaluationScheduleView.of(schedules.switch(*place, enabled=body.enabled))

    @router.delete("/{name}", status_code=204)
    def remove_evaluation_schedule(access: Annotated[Access, may_run], name: str) -> None:
        """Removes a schedule with its log; its runs stay."""
        schedules.remove(access.principal, access.project_id, name)

    @router.post("/{name}/start", status_code=201)
    def start_evaluation_schedule(
        access: Annotated[Access, may_run], name: str
    ) -> EvaluationRunView:
        """Starts a run of a schedule now. 409 if its last run has not ended."""
        found = starter.start(access.principal, access.project_id, name)
        return EvaluationRunView.of(found)

    return router
