"""`…/evaluations/{run_id}/results`, `…/compare`, `…/regressions`, `…/evaluators`: what runs say."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.evaluations.http.runs import PREFIX, TAGS
from penstock.features.evaluations.http.views import (
    ComparedItemView,
    EvaluationComparisonView,
    EvaluatorView,
    ResultView,
)
from penstock.features.evaluations.model import FindEvaluator, ResultState
from penstock.features.evaluations.service.results import MAX_COMPARED, EvaluationResults
from penstock.infra.web.pages import (
    Cursor,
    Limit,
    Page,
    decode_cursor,
    decode_position,
    encode_cursor,
    page_of,
)
from penstock.kernel.errors import InvalidRequest, NotFound

_Run = Annotated[str, Query(max_length=64)]


def comparison_of_runs_routes(require: RequirePermission, results: EvaluationResults) -> APIRouter:
    """Returns the routes that compare runs; they come before those with a run in the path."""
    router = APIRouter(prefix=PREFIX, tags=[*TAGS])
    may_read = Depends(require(Permission.EVALUATIONS_READ))

    @router.get("/compare")
    def compare_evaluations(
        access: Annotated[Access, may_read],
        run: Annotated[list[_Run], Query(min_length=2, max_length=MAX_COMPARED)],
    ) -> EvaluationComparisonView:
        """Compares runs (`run`, repeated) with the first of them, on the items that they share."""
        return EvaluationComparisonView.of(results.compare(access.project_id, run))

    @router.get("/regressions")
    def list_regressions(
        access: Annotated[Access, may_read],
        baseline: _Run,
        candidate: _Run,
        cursor: Cursor = "",
        limit: Limit = 50,
    ) -> Page[ComparedItemView]:
        """Lists the items of two runs with both results, those first on which the second is
        worst."""
        skip = decode_position(cursor) or 0
        found = results.regressions(access.project_id, baseline, candidate, skip, limit + 1)
        more = len(found) > limit
        return Page(
            items=[ComparedItemView.of(each) for each in found[:limit]],
            next_cursor=encode_cursor(str(skip + limit)) if more else None,
        )

    return router


def result_routes(require: RequirePermission, results: EvaluationResults) -> APIRouter:
    """Returns the route of a run's results."""
    router = APIRouter(prefix=PREFIX, tags=[*TAGS])
    may_read = Depends(require(Permission.EVALUATIONS_READ))

    @router.get("/{run_id}/results")
    def list_evaluation_results(
        access: Annotated[Access, may_read],
        run_id: str,
        state: Annotated[list[ResultState] | None, Query(max_length=4)] = None,
        cursor: Cursor = "",
        limit: Limit = 100,
    ) -> Page[ResultView]:
        """Lists the results of a run in the order of its dataset, also while it runs."""
        after = _place(decode_cursor(cursor))
        found = results.page(access.project_id, run_id, state or (), after, limit + 1)
        return page_of(found, limit, ResultView.of, lambda each: f"{each.position}/{each.repeat}")

    return router


def evaluator_routes(
    require: RequirePermission, names: Callable[[], Iterable[str]], find: FindEvaluator
) -> APIRouter:
    """Returns the route of the installed evaluators."""
    router = APIRouter(prefix="/api/v1/projects/{project_id}/evaluators", tags=[*TAGS])
    may_read = Depends(require(Permission.EVALUATIONS_READ))

    @router.get("")
    def list_evaluators(access: Annotated[Access, may_read]) -> list[EvaluatorView]:
        """Lists the installed evaluators with their options."""
        del access
        found: list[EvaluatorView] = []
        for name in names():
            with suppress(NotFound):  # a package that it needs is not installed
                text = find(name).describe()
                found.append(EvaluatorView.of(name, text))
        return found

    return router


def _place(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    position, slash, repeat = text.partition("/")
    if not slash or not (position + repeat).isdecimal() or len(text) > 30:
        raise InvalidRequest(
            "The cursor is not valid.", hint="Start without a cursor.", param="cursor"
        )
    return int(position), int(repeat)
