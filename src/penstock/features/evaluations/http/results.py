"""`…/evaluations/{run_id}/results`, `…/compare`, `…/regressions`, `…/evaluators`: what runs say."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.evaluations.http.runs import PREFIX, TAGS
from penstock.features.evaluations.http.views import (
    ComparedItemView,
    EvaluationComparisonView,
    EvaluatorView,
    ResultView,
)
from penstock.features.evaluations.model import MAX_FACET_CHARS, FindEvaluator, ResultState
from penstock.features.evaluations.selection import MAX_SLICES, ResultOrder, ResultSelection
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
from penstock.rules.scores.vocabulary import MAX_LABEL_CHARS, ScoreState

Found = TypeVar("Found")
View = TypeVar("View", bound=BaseModel)

_Run = Annotated[str, Query(max_length=64)]
_Metric = Annotated[str, Query(max_length=64)]
_Slice = Annotated[str, Query(max_length=2 * MAX_FACET_CHARS)]
_Slices = Annotated[
    list[_Slice] | None,
    Query(alias="slice", max_length=MAX_SLICES, description="`field=value`, such as topic=billing"),
]


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
        *,
        metric: _Metric = "",
        slices: _Slices = None,
        order: ResultOrder = ResultOrder.WORST,
        cursor: Cursor = "",
        limit: Limit = 50,
    ) -> Page[ComparedItemView]:
        """Lists the items of two runs with both results, those first on which the second is worst
        (or `best`). With a `metric` only by it, and without the items that are equal in it."""
        skip = decode_position(cursor) or 0
        selection = ResultSelection(metric=metric, slices=_sliced(slices), order=order)
        pair = (baseline, candidate)
        found = results.regressions(access.project_id, pair, selection, skip, limit + 1)
        return _page(found, skip, limit, ComparedItemView.of)

    return router


def result_routes(require: RequirePermission, results: EvaluationResults) -> APIRouter:
    """Returns the route of a run's results."""
    router = APIRouter(prefix=PREFIX, tags=[*TAGS])
    may_read = Depends(require(Permission.EVALUATIONS_READ))

    @router.get("/{run_id}/results")
    def list_evaluation_results(
        access: Annotated[Access, may_read],
        run_id: str,
        *,
        state: Annotated[list[ResultState] | None, Query(max_length=4)] = None,
        metric: _Metric = "",
        measured: Annotated[list[ScoreState] | None, Query(max_length=5)] = None,
        value: Annotated[str, Query(max_length=MAX_LABEL_CHARS)] = "",
        slices: _Slices = None,
        order: ResultOrder = ResultOrder.DATASET,
        cursor: Cursor = "",
        limit: Limit = 100,
    ) -> Page[ResultView]:
        """Lists the results of a run in the order of its dataset, also while it runs; those in a
        `state`, or those whose measurement by a `metric` ended in one of the states `measured`, has
        a `value` (`true`, `false`, a label), ordered by it."""
        chosen = ResultSelection(metric, measured or (), value, _sliced(slices), order)
        if not chosen.is_all:
            if state:
                raise InvalidRequest("Give `state`, or a `metric` and slices.", param="state")
            skip = decode_position(cursor) or 0
            found = results.selected(access.project_id, run_id, chosen, skip, limit + 1)
            return _page(found, skip, limit, ResultView.of)
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


def _page(
    found: Sequence[Found], skip: int, limit: int, view: Callable[[Found], View]
) -> Page[View]:
    """Returns a page of an order that exists for this answer only: the cursor is a number."""
    more = len(found) > limit
    items = [view(each) for each in found[:limit]]
    return Page(items=items, next_cursor=encode_cursor(str(skip + limit)) if more else None)


def _sliced(slices: Sequence[str] | None) -> dict[str, str]:
    """Returns the slices of `field=value`. Raises `InvalidRequest`."""
    found = dict[str, str]()
    for each in slices or ():
        name, equals, value = each.partition("=")
        if not equals:
            raise InvalidRequest("A slice is `field=value`, such as topic=billing.", param="slice")
        found[name] = value
    return found


def _place(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    position, slash, repeat = text.partition("/")
    if not slash or not (position + repeat).isdecimal() or len(text) > 30:
        raise InvalidRequest(
            "The cursor is not valid.", hint="Start without a cursor.", param="cursor"
        )
    return int(position), int(repeat)
