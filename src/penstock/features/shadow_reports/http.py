"""`/api/v1/projects/{project_id}/rollouts/…/shadow`: what a shadow has shown."""

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.shadow_reports.model import MAX_DAYS, ShadowReport
from penstock.features.shadow_reports.service import ShadowReports


class SideFiguresView(BaseModel):
    """The figures of one side of the pairs. `cost`: USD of a call in the mean."""

    calls: int
    errors: int
    p50_ms: float | None
    p95_ms: float | None
    cost: float | None


class ScorePairView(BaseModel):
    """The means of a score on both sides, and of how many calls."""

    name: str
    shadow: float | None
    shadow_calls: int
    original: float | None
    original_calls: int


class ComparedPairView(BaseModel):
    """A shadow call with its original. `difference`: the share of words that are not in both."""

    trace_id: str
    original_trace_id: str
    status: str
    error: str
    original_status: str
    difference: float | None


class ShadowReportView(BaseModel):
    """A shadow beside what the callers got, by the latest pairs of calls. `difference`: the mean of
    the pairs in `latest`."""

    release: str
    pairs: int
    shadow: SideFiguresView
    original: SideFiguresView
    scores: list[ScorePairView]
    difference: float | None
    latest: list[ComparedPairView]

    @classmethod
    def of(cls, report: ShadowReport) -> "ShadowReportView":
        return cls(
            release=report.release,
            pairs=report.pairs,
            shadow=SideFiguresView(**asdict(report.shadow)),
            original=SideFiguresView(**asdict(report.original)),
            scores=[ScorePairView(**asdict(each)) for each in report.scores],
            difference=report.difference,
            latest=[ComparedPairView(**asdict(each)) for each in report.latest],
        )


def shadow_report_routes(require: RequirePermission, reports: ShadowReports) -> APIRouter:
    """Returns the route."""
    router = APIRouter(prefix="/api/v1/projects/{project_id}/rollouts", tags=["rollouts"])
    may_read = Depends(require(Permission.TRACES_READ))

    @router.get("/{use_case}/{environment}/shadow")
    def get_shadow_report(
        access: Annotated[Access, may_read],
        use_case: str,
        environment: str,
        days: Annotated[int, Query(ge=1, le=MAX_DAYS)] = 7,
    ) -> ShadowReportView:
        """Returns latency, cost, errors, scores and differences of a shadow and its originals."""
        return ShadowReportView.of(
            reports.report(access.project_id, use_case, environment, timedelta(days=days))
        )

    return router
