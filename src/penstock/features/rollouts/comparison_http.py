"""`/api/v1/projects/{project_id}/rollouts/…/comparison`: several releases under a plan."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.rollouts.bodies import (
    CanaryBody,
    ComparisonBody,
    NoteBody,
    PlanBody,
    PromotionBody,
    RolloutChangeBody,
    SharesBody,
)
from penstock.features.rollouts.comparing import ComparisonService
from penstock.features.rollouts.directions import HigherIsBetter, directed
from penstock.features.rollouts.http import RolloutView
from penstock.features.rollouts.model import RolloutAction
from penstock.features.rollouts.runs import (
    DecisionRecord,
    RunStatus,
    StoredRun,
    evidence_of,
    weights_of,
)
from penstock.infra.web.moments import moment_of
from penstock.infra.web.pages import Cursor, Limit, Page, decode_position, page_of
from penstock.rules.rollouts.decision import DecisionKind, RolloutDecision
from penstock.rules.rollouts.documents import Rollout, RolloutArm

_COMPARISON = "/{use_case}/{environment}/comparison"


class RolloutPeriodView(BaseModel):
    """A time without changes of weights."""

    weights: dict[str, int]
    began_at: datetime


class RolloutComparisonView(BaseModel):
    """A comparison that runs."""

    use_case: str
    environment: str
    version: int
    status: RunStatus
    step: int | None
    since: datetime
    note: str
    plan: PlanBody
    periods: list[RolloutPeriodView]
    updated_at: datetime

    @classmethod
    def of(cls, stored: StoredRun) -> "RolloutComparisonView":
        run = stored.entry
        return cls(
            use_case=run.use_case,
            environment=run.environment,
            version=run.version,
            status=run.status,
            step=run.step,
            since=moment_of(run.since_ms),
            note=run.note,
            plan=PlanBody.model_validate(run.plan, from_attributes=True),
            periods=[
                RolloutPeriodView(weights=each.weights, began_at=moment_of(each.began_ms))
                for each in run.periods
            ],
            updated_at=moment_of(stored.updated_ms),
        )


class RolloutEvidenceView(BaseModel):
    """A comparison with what its rule says now."""

    comparison: RolloutComparisonView
    decision: DecisionKind
    reason: str
    evidence: dict[str, Any]

    @classmethod
    def of(cls, stored: StoredRun, decision: RolloutDecision) -> "RolloutEvidenceView":
        return cls(
            comparison=RolloutComparisonView.of(stored),
            decision=decision.kind,
            reason=decision.reason,
            evidence=evidence_of(decision),
        )


class RolloutDecisionView(BaseModel):
    """A decision of a rule, with its evidence."""

    decision: str
    arm: str
    reason: str
    evidence: dict[str, Any]
    decided_at: datetime

    @classmethod
    def of(cls, record: DecisionRecord) -> "RolloutDecisionView":
        return cls(
            decision=record.kind,
            arm=record.arm,
            reason=record.reason,
            evidence=dict(record.evidence),
            decided_at=moment_of(record.decided_ms),
        )


def comparison_routes(require: RequirePermission, comparisons: ComparisonService) -> APIRouter:
    """Returns the routes that read."""
    router = APIRouter(prefix="/api/v1/projects/{project_id}/rollouts", tags=["rollouts"])
    may_read = Depends(require(Permission.RELEASES_READ))

    @router.get("/comparisons")
    def list_comparisons(access: Annotated[Access, may_read]) -> Page[RolloutComparisonView]:
        """Lists the comparisons that run, by use case and environment."""
        found = comparisons.list_all(access.project_id)
        return Page(items=[RolloutComparisonView.of(each) for each in found])

    @router.get(_COMPARISON)
    def get_comparison(
        access: Annotated[Access, may_read], use_case: str, environment: str
    ) -> RolloutComparisonView:
        """Returns the comparison that runs."""
        return RolloutComparisonView.of(comparisons.get(access.project_id, use_case, environment))

    @router.get(_COMPARISON + "/evidence")
    def get_comparison_evidence(
        access: Annotated[Access, may_read], use_case: str, environment: str
    ) -> RolloutEvidenceView:
        """Measures the arms now, and returns what the rule says; changes nothing."""
        found = comparisons.observe(access.project_id, use_case, environment)
        return RolloutEvidenceView.of(*found)

    @router.get("/{use_case}/{environment}/decisions")
    def list_rollout_decisions(
        access: Annotated[Access, may_read],
        use_case: str,
        environment: str,
        cursor: Cursor = "",
        limit: Limit = 100,
    ) -> Page[RolloutDecisionView]:
        """Lists what the rule decided, newest first."""
        before = decode_position(cursor)
        found = comparisons.decisions(access.project_id, use_case, environment, before, limit + 1)
        return page_of(found, limit, RolloutDecisionView.of, lambda each: str(each.decided_ms))

    return router


def comparison_start_routes(
    require: RequirePermission, comparisons: ComparisonService, higher_is_better: HigherIsBetter
) -> APIRouter:
    """Returns the routes that begin comparisons."""
    router = APIRouter(prefix="/api/v1/projects/{project_id}/rollouts", tags=["rollouts"])
    may_write = Depends(require(Permission.RELEASES_WRITE))

    @router.post("/{use_case}/{environment}/canary", status_code=201)
    def start_canary(
        access: Annotated[Access, may_write], use_case: str, environment: str, body: CanaryBody
    ) -> RolloutComparisonView:
        """Starts to let a candidate answer some calls, in the steps of a plan."""
        arms = (RolloutArm(body.release, 0, body.name),)
        wanted = Rollout(
            use_case, environment, body.seen, arms, body.sticky, "", body.overrides or {}
        )
        plan = directed(body.planned(), access.project_id, higher_is_better)
        return RolloutComparisonView.of(
            comparisons.begin_canary(
                access.principal, access.project_id, wanted, plan, message=body.message
            )
        )

    @router.put(_COMPARISON)
    def start_comparison(
        access: Annotated[Access, may_write], use_case: str, environment: str, body: ComparisonBody
    ) -> RolloutComparisonView:
        """Starts to let several releases answer calls by shares."""
        weights = weights_of({str(at): each.percent for at, each in enumerate(body.arms)})
        arms = tuple(
            RolloutArm(each.release, weights[str(at)], each.name)
            for at, each in enumerate(body.arms)
        )
        wanted = Rollout(
            use_case, environment, body.seen, arms, body.sticky, body.baseline, body.overrides or {}
        )
        plan = directed(body.planned(), access.project_id, higher_is_better)
        return RolloutComparisonView.of(
            comparisons.begin(
                access.principal, access.project_id, wanted, plan, message=body.message
            )
        )

    return router


def comparison_change_routes(
    require: RequirePermission, comparisons: ComparisonService
) -> APIRouter:
    """Returns the routes that change a comparison."""
    router = APIRouter(prefix="/api/v1/projects/{project_id}/rollouts", tags=["rollouts"])
    may_write = Depends(require(Permission.RELEASES_WRITE))

    @router.put(_COMPARISON + "/shares")
    def change_shares(
        access: Annotated[Access, may_write], use_case: str, environment: str, body: SharesBody
    ) -> RolloutComparisonView:
        """Changes the shares of the arms; from then on users move it, not the plan's steps."""
        wanted = Rollout(use_case, environment, body.seen, ())
        return RolloutComparisonView.of(
            comparisons.weigh(
                access.principal, access.project_id, wanted, body.percents, message=body.message
            )
        )

    @router.post(_COMPARISON + "/pause")
    def pause_comparison(
        access: Annotated[Access, may_write], use_case: str, environment: str, body: NoteBody
    ) -> RolloutComparisonView:
        """Keeps the shares as they are; nothing is decided."""
        wanted = Rollout(use_case, environment, 0, ())
        return RolloutComparisonView.of(
            comparisons.pause(access.principal, access.project_id, wanted, body.message)
        )

    @router.post(_COMPARISON + "/resume")
    def resume_comparison(
        access: Annotated[Access, may_write], use_case: str, environment: str, body: NoteBody
    ) -> RolloutComparisonView:
        """Resumes decisions; the comparison begins anew."""
        wanted = Rollout(use_case, environment, 0, ())
        return RolloutComparisonView.of(
            comparisons.resume(access.principal, access.project_id, wanted, body.message)
        )

    return router


def comparison_end_routes(require: RequirePermission, comparisons: ComparisonService) -> APIRouter:
    """Returns the routes that end a comparison."""
    router = APIRouter(prefix="/api/v1/projects/{project_id}/rollouts", tags=["rollouts"])
    may_write = Depends(require(Permission.RELEASES_WRITE))

    @router.post(_COMPARISON + "/promote")
    def promote_arm(
        access: Annotated[Access, may_write], use_case: str, environment: str, body: PromotionBody
    ) -> RolloutView:
        """Makes a candidate answer all calls."""
        wanted = Rollout(use_case, environment, body.seen, ())
        return RolloutView.of(
            comparisons.end(
                access.principal,
                access.project_id,
                wanted,
                RolloutAction.PROMOTE,
                arm=body.arm,
                message=body.message,
            )
        )

    @router.post(_COMPARISON + "/roll-back")
    def roll_back(
        access: Annotated[Access, may_write],
        use_case: str,
        environment: str,
        body: RolloutChangeBody,
    ) -> RolloutView:
        """Makes the baseline answer all calls again."""
        wanted = Rollout(use_case, environment, body.seen, ())
        return RolloutView.of(
            comparisons.end(
                access.principal,
                access.project_id,
                wanted,
                RolloutAction.ROLL_BACK,
                message=body.message,
            )
        )

    return router
