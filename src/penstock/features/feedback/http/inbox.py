"""`/api/v1/projects/{project_id}/feedback`: the inbox."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.feedback.http.bodies import ScoreView
from penstock.features.feedback.http.queries import ScoreQuery
from penstock.features.feedback.http.scores import read_position, score_page
from penstock.features.feedback.model import HandlingStatus, ScoreFilter
from penstock.features.feedback.service.inbox import InboxService
from penstock.features.feedback.service.scores import ScoreService
from penstock.infra.web.pages import Limit, Page
from penstock.infra.web.schemas import Label, RequestBody
from penstock.rules.scores.vocabulary import ScoreKind


class InboxQuery(ScoreQuery):
    """Filters of feedback. `assignee`: an empty one selects what nobody works on."""

    status: Annotated[list[HandlingStatus], Field(default_factory=list[HandlingStatus])]
    assignee: Annotated[str | None, Field(max_length=200)] = None
    cursor: Annotated[str, Field(max_length=200)] = ""

    def filter(self) -> ScoreFilter:
        """Returns the filter as a value."""
        found = super().filter()
        only = {**found.only, "kind": (ScoreKind.FEEDBACK.value,)}
        return replace(found, only=only, handling=tuple(self.status), assignee=self.assignee)


class HandlingBody(RequestBody):
    """The status of feedback, and who works on it (empty: nobody)."""

    status: HandlingStatus
    assignee: Label = ""


def inbox_routes(
    require: RequirePermission, scores: ScoreService, inbox: InboxService
) -> APIRouter:
    """Returns the routes of the inbox."""
    router = APIRouter(prefix="/api/v1/projects/{project_id}/feedback", tags=["feedback"])
    may_read = Depends(require(Permission.FEEDBACK_READ))
    may_write = Depends(require(Permission.FEEDBACK_WRITE))

    @router.get("")
    def list_feedback(
        access: Annotated[Access, may_read],
        query: Annotated[InboxQuery, Query()],
        limit: Limit = 100,
    ) -> Page[ScoreView]:
        """Lists feedback with its status, newest first."""
        found = scores.list_scores(
            access.project_id,
            query.range(scores.now_ns()),
            query.filter(),
            after=read_position(query.cursor),
            limit=limit,
        )
        return score_page(found, limit)

    @router.put("/{feedback_id}")
    def handle_feedback(
        access: Annotated[Access, may_write], feedback_id: str, body: HandlingBody
    ) -> ScoreView:
        """Sets status and assignee of feedback."""
        done = inbox.handle(
            access.principal, access.project_id, feedback_id, body.status, body.assignee
        )
        return ScoreView.of(done)

    return router
