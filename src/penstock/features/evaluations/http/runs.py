"""`/api/v1/projects/{project_id}/evaluations`: runs."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.evaluations.http.bodies import (
    EvaluationBody,
    RecordedOutputsBody,
    ResumeBody,
)
from penstock.features.evaluations.http.views import (
    EvaluationReportView,
    EvaluationRunView,
    UploadedOutputsView,
)
from penstock.features.evaluations.model import FiguresOfJudges
from penstock.features.evaluations.service.runs import EvaluationService
from penstock.infra.web.pages import Cursor, Limit, Page, decode_cursor, page_of
from penstock.kernel.errors import InvalidRequest

PREFIX = "/api/v1/projects/{project_id}/evaluations"
TAGS = ("evaluations",)
_Named = Annotated[str, Query(max_length=64)]


def evaluation_routes(
    require: RequirePermission, runs: EvaluationService, human: FiguresOfJudges
) -> APIRouter:
    """Returns the routes that read runs."""
    router = APIRouter(prefix=PREFIX, tags=[*TAGS])
    may_read = Depends(require(Permission.EVALUATIONS_READ))

    @router.get("")
    def list_evaluations(
        access: Annotated[Access, may_read],
        dataset: _Named = "",
        release: _Named = "",
        cursor: Cursor = "",
        limit: Limit = 100,
    ) -> Page[EvaluationRunView]:
        """Lists runs, newest first, of a dataset and a release if they are given."""
        before = _position(decode_cursor(cursor))
        found = runs.list(access.project_id, dataset, release, before, limit + 1)
        return page_of(
            found, limit, EvaluationRunView.of, lambda each: f"{each.run.created_ms}/{each.run.id}"
        )

    @router.get("/{run_id}")
    def get_evaluation(access: Annotated[Access, may_read], run_id: str) -> EvaluationRunView:
        """Returns a run with its progress."""
        return EvaluationRunView.of(runs.get(access.project_id, run_id))

    @router.get("/{run_id}/report")
    def get_evaluation_report(
        access: Annotated[Access, may_read], run_id: str
    ) -> EvaluationReportView:
        """Returns the report of a run: empty until it ends. Where annotators have labelled what a
        judge has judged, its rate is shown corrected, too."""
        shown = runs.get(access.project_id, run_id)
        return EvaluationReportView.of(shown, human(access.project_id, shown.run))

    return router


def evaluation_change_routes(require: RequirePermission, runs: EvaluationService) -> APIRouter:
    """Returns the routes that start, end and remove runs."""
    router = APIRouter(prefix=PREFIX, tags=[*TAGS])
    may_run = Depends(require(Permission.EVALUATIONS_RUN))

    @router.post("", status_code=201)
    def start_evaluation(
        access: Annotated[Access, may_run], body: EvaluationBody
    ) -> EvaluationRunView:
        """Starts a run. One of recorded outputs without an `output_field` waits for `…/outputs` and
        `…/resume`."""
        made = runs.start(
            access.principal,
            access.project_id,
            body.plan(),
            body.target.made(),
            waits=body.waits,
            endpoint=body.target.endpoint and body.target.endpoint.endpoint(),
        )
        return EvaluationRunView.of(made)

    @router.post("/{run_id}/outputs")
    def upload_outputs(
        access: Annotated[Access, may_run], run_id: str, body: RecordedOutputsBody
    ) -> UploadedOutputsView:
        """Adds recorded outputs to a run that waits for them."""
        count = runs.upload(access.project_id, run_id, body.uploaded())
        return UploadedOutputsView(outputs=count)

    @router.post("/{run_id}/cancel")
    def cancel_evaluation(access: Annotated[Access, may_run], run_id: str) -> EvaluationRunView:
        """Ends a run where it is; what is measured is kept."""
        return EvaluationRunView.of(runs.cancel(access.principal, access.project_id, run_id))

    @router.delete("/{run_id}", status_code=204)
    def remove_evaluation(
        access: Annotated[Access, Depends(require(Permission.EVALUATIONS_REMOVE))], run_id: str
    ) -> None:
        """Removes a run that has ended, with its results. Refused for one to which evidence, a gate
        that is being confirmed, a schedule or an open run refers."""
        runs.remove(access.principal, access.project_id, run_id)

    @router.post("/{run_id}/resume")
    def resume_evaluation(
        access: Annotated[Access, may_run], run_id: str, body: ResumeBody
    ) -> EvaluationRunView:
        """Does what a run that ended early has left, and tries again what failed; begins one that
        waits. What is finished is not done again."""
        found = runs.resume(access.principal, access.project_id, run_id, body.cost_cap_usd)
        return EvaluationRunView.of(found)

    return router


def _position(text: str) -> tuple[int, str] | None:
    if not text:
        return None
    at, slash, run_id = text.partition("/")
    if not slash or not at.isdecimal() or len(at) > 18:
        raise InvalidRequest(
            "The cursor is not valid.", hint="Start without a cursor.", param="cursor"
        )
    return int(at), run_id
