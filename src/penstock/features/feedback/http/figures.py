"""`/api/v1/outcomes`: completion, hand-over, conversion, cost per resolution."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.feedback.http.queries import DimensionQuery, GroupQuery
from penstock.features.feedback.http.scores import group_value
from penstock.features.feedback.model import OutcomeCounts, OutcomeFigures
from penstock.features.feedback.service.figures import FigureService
from penstock.infra.web.pages import Page
from penstock.kernel.time import Clock
from penstock.rules.scores.vocabulary import OutcomeName


class FigureQuery(DimensionQuery, GroupQuery):
    """Filters, how to group, and what is counted: sessions or traces, by their first call."""

    unit: Literal["session", "trace"] = "session"


class OutcomeCountsView(BaseModel):
    """One outcome: units with a result, those where it is true, their share of the units with a
    result (null without any), and the sum of their amounts."""

    measured: int
    positive: int
    rate: float | None
    amount: str

    @classmethod
    def of(cls, counts: OutcomeCounts) -> "OutcomeCountsView":
        return cls(
            measured=counts.measured,
            positive=counts.positive,
            rate=counts.rate,
            amount=f"{counts.amount:f}",
        )


class OutcomeFiguresView(BaseModel):
    """The units that began in the range, in one group. `cost` (USD) is of all their priced calls;
    `unpriced` counts calls with tokens but without a price. `cost_per_resolution` divides the cost
    of all units, also of those that were not resolved; null if none was."""

    by: str
    units: int
    calls: int
    unpriced: int
    cost: str
    cost_per_resolution: str | None
    outcomes: dict[OutcomeName, OutcomeCountsView]

    @classmethod
    def of(cls, found: OutcomeFigures, query: GroupQuery) -> "OutcomeFiguresView":
        per_resolution = found.cost_per_resolution
        return cls(
            by=group_value(found.by, query),
            units=found.units,
            calls=found.calls,
            unpriced=found.unpriced,
            cost=f"{found.cost:f}",
            cost_per_resolution=None if per_resolution is None else f"{per_resolution:f}",
            outcomes={
                name: OutcomeCountsView.of(counts) for name, counts in found.outcomes.items()
            },
        )


def figure_routes(require: RequirePermission, figures: FigureService, clock: Clock) -> APIRouter:
    """Returns the route of outcomes."""
    router = APIRouter(prefix="/api/v1/outcomes", tags=["scores"])
    may_read = Depends(require(Permission.SCORES_READ))

    @router.get("")
    def outcome_figures(
        access: Annotated[Access, may_read], query: Annotated[FigureQuery, Query()]
    ) -> Page[OutcomeFiguresView]:
        """Returns the outcomes of sessions or traces with their denominators, in groups."""
        within = query.range(clock.now_ns())
        found = figures.figures(
            access.project_id,
            within,
            query.dimensions(),
            unit=query.unit,
            by=query.by,
            width_ns=query.width_ns(within),
        )
        return Page(items=[OutcomeFiguresView.of(each, query) for each in found])

    return router
