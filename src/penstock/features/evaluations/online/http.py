"""`/api/v1/projects/{project_id}/online-evaluations`."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.evaluations.online.assembly import OpenedOnline
from penstock.features.evaluations.online.model import HOUR_MS
from penstock.features.evaluations.online.views import (
    OnlineEvaluationBody,
    OnlineEvaluationView,
    OnlineFiguresView,
    OnlineScoresView,
)
from penstock.features.traces.model import TimeRange
from penstock.infra.web.moments import Moment
from penstock.infra.web.pages import MAX_LIMIT, Cursor, Limit, Page, decode_cursor, page_of
from penstock.infra.web.schemas import SwitchBody
from penstock.kernel.errors import InvalidRequest
from penstock.kernel.time import unix_ns

PREFIX: Final = "/api/v1/projects/{project_id}/online-evaluations"
TAGS: Final = ("online evaluations",)
_WEEK_NS: Final = 7 * 24 * HOUR_MS * 1_000_000


class OnlineRangeQuery(BaseModel):
    """The time in which calls began: `from` (inclusive) to `to` (exclusive); by default the last
    seven days."""

    from_: Annotated[Moment | None, Field(alias="from")] = None
    to: Moment | None = None

    def range(self, now_ms: int) -> TimeRange:
        """Returns the range. Raises `InvalidRequest` if it ends before it begins."""
        end = unix_ns(self.to) if self.to else now_ms * 1_000_000 + 1
        start = unix_ns(self.from_) if self.from_ else max(0, end - _WEEK_NS)
        if start >= end:
            raise InvalidRequest(
                "The time range ends before it begins.", hint="Swap from and to.", param="from"
            )
        return TimeRange(start, end)


class WorstCallsQuery(OnlineRangeQuery):
    """`metric` names an evaluator of the online evaluation."""

    metric: Annotated[str, Field(max_length=64)]
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = 20


def online_routes(require: RequirePermission, online: OpenedOnline) -> APIRouter:
    """Returns the routes that read."""
    router = APIRouter(prefix=PREFIX, tags=[*TAGS])
    may_read = Depends(require(Permission.EVALUATIONS_READ))
    rules, figures = online.rules, online.figures

    @router.get("")
    def list_online_evaluations(
        access: Annotated[Access, may_read], cursor: Cursor = "", limit: Limit = 100
    ) -> Page[OnlineEvaluationView]:
        """Lists the online evaluations of a project by name."""
        found = rules.list_page(access.project_id, decode_cursor(cursor), limit + 1)
        return page_of(found, limit, OnlineEvaluationView.of, lambda each: each.stored.name)

    @router.get("/{name}")
    def get_online_evaluation(
        access: Annotated[Access, may_read], name: str
    ) -> OnlineEvaluationView:
        """Returns an online evaluation with what it has done."""
        return OnlineEvaluationView.of(rules.get(access.project_id, name))

    @router.get("/{name}/figures")
    def get_online_figures(
        access: Annotated[Access, may_read],
        name: str,
        query: Annotated[OnlineRangeQuery, Query()],
    ) -> OnlineFiguresView:
        """Returns rates and means of the calls of a time, of each release, and over time. Default:
        the last seven days."""
        found = figures.figures(access.project_id, name, query.range(online.context.now_ms()))
        return OnlineFiguresView.of(found)

    @router.get("/{name}/worst")
    def list_worst_calls(
        access: Annotated[Access, may_read],
        name: str,
        query: Annotated[WorstCallsQuery, Query()],
    ) -> OnlineScoresView:
        """Lists the calls with the worst values of a metric, among equal ones the newest."""
        within = query.range(online.context.now_ms())
        found = figures.worst(access.project_id, name, query.metric, within, query.limit)
        return OnlineScoresView.of(found)

    return router


def online_change_routes(require: RequirePermission, online: OpenedOnline) -> APIRouter:
    """Returns the routes that set and remove online evaluations."""
    router = APIRouter(prefix=PREFIX, tags=[*TAGS])
    may_run = Depends(require(Permission.EVALUATIONS_RUN))
    rules = online.rules

    @router.put("/{name}")
    def set_online_evaluation(
        access: Annotated[Access, may_run], name: str, body: OnlineEvaluationBody
    ) -> OnlineEvaluationView:
        """Sets an online evaluation, which measures calls that are stored from now on. In place of
        another it goes on where that one is."""
        place = access.principal, access.project_id, name
        rules.set(*place, body.rule(), of_version=body.version)
        return OnlineEvaluationView.of(rules.get(access.project_id, name))

    @router.patch("/{name}")
    def switch_online_evaluation(
        access: Annotated[Access, may_run], name: str, body: SwitchBody
    ) -> OnlineEvaluationView:
        """Switches an online evaluation on or off."""
        rules.switch(access.principal, access.project_id, name, enabled=body.enabled)
        return OnlineEvaluationView.of(rules.get(access.project_id, name))

    @router.delete("/{name}", status_code=204)
    def remove_online_evaluation(access: Annotated[Access, may_run], name: str) -> None:
        """Removes an online evaluation; its scores stay."""
        rules.remove(access.principal, access.project_id, name)

    return router
