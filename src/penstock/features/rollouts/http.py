"""`/api/v1/projects/{project_id}/rollouts`: what answers the calls of use cases."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.rollouts.bodies import RolloutBody, RolloutChangeBody
from penstock.features.rollouts.model import (
    MAX_MESSAGE_CHARS,
    RolloutAction,
    RolloutChange,
    StoredRollout,
)
from penstock.features.rollouts.service import RolloutService
from penstock.infra.web.moments import moment_of
from penstock.infra.web.pages import Cursor, Limit, Page, decode_position, page_of
from penstock.rules.rollouts.documents import Rollout, RolloutArm, ShadowArm, StickyUnit

_PLACE = "/{use_case}/{environment}"


class RolloutArmView(BaseModel):
    """A release with its share of the traffic."""

    name: str
    release: str
    weight: int

    @classmethod
    def of(cls, arm: RolloutArm) -> "RolloutArmView":
        return cls(name=arm.name, release=arm.release, weight=arm.weight)


class RolloutShadowView(BaseModel):
    """A release that answers copies of calls, whose answers go to nobody. `usd_per_day`: what it
    may cost."""

    release: str
    percent: float
    usd_per_day: str
    max_calls: int

    @classmethod
    def of(cls, shadow: ShadowArm) -> "RolloutShadowView":
        return cls(
            release=shadow.release,
            percent=shadow.percent,
            usd_per_day=f"{shadow.usd_per_day:f}",
            max_calls=shadow.max_calls,
        )


class RolloutView(BaseModel):
    """The releases that answer the calls of a use case in an environment; none: it was stopped.
    `baseline`: the arm that others are compared with, empty for the only one; `overrides`: the arms
    of testers, by unit."""

    use_case: str
    environment: str
    version: int
    arms: list[RolloutArmView]
    sticky: StickyUnit
    baseline: str
    overrides: dict[str, str]
    shadow: RolloutShadowView | None
    updated_at: datetime

    @classmethod
    def of(cls, stored: StoredRollout) -> "RolloutView":
        rollout = stored.entry
        return cls(
            use_case=rollout.use_case,
            environment=rollout.environment,
            version=rollout.version,
            arms=[RolloutArmView.of(each) for each in rollout.arms],
            sticky=rollout.sticky,
            baseline=rollout.baseline,
            overrides=rollout.overrides,
            shadow=None if rollout.shadow is None else RolloutShadowView.of(rollout.shadow),
            updated_at=moment_of(stored.updated_ms),
        )


class RolloutChangeView(BaseModel):
    """One change of a rollout. `restored`: the version that an undo brought back, 0 for others."""

    version: int
    action: RolloutAction
    arms: list[RolloutArmView]
    shadow: RolloutShadowView | None
    restored: int
    author: str
    message: str
    changed_at: datetime

    @classmethod
    def of(cls, change: RolloutChange) -> "RolloutChangeView":
        return cls(
            version=change.rollout.version,
            action=change.action,
            arms=[RolloutArmView.of(each) for each in change.rollout.arms],
            shadow=None
            if change.rollout.shadow is None
            else RolloutShadowView.of(change.rollout.shadow),
            restored=change.restored,
            author=change.author,
            message=change.message,
            changed_at=moment_of(change.changed_ms),
        )


def rollout_routes(require: RequirePermission, rollouts: RolloutService) -> APIRouter:
    """Returns the routes that read."""
    router = APIRouter(prefix="/api/v1/projects/{project_id}/rollouts", tags=["rollouts"])
    may_read = Depends(require(Permission.RELEASES_READ))

    @router.get("")
    def list_rollouts(access: Annotated[Access, may_read]) -> Page[RolloutView]:
        """Lists what answers calls now, by use case and environment."""
        return Page(items=[RolloutView.of(each) for each in rollouts.list_all(access.project_id)])

    @router.get(_PLACE)
    def get_rollout(
        access: Annotated[Access, may_read], use_case: str, environment: str
    ) -> RolloutView:
        """Returns a rollout."""
        return RolloutView.of(rollouts.get(access.project_id, use_case, environment))

    @router.get(_PLACE + "/history")
    def list_rollout_changes(
        access: Annotated[Access, may_read],
        use_case: str,
        environment: str,
        cursor: Cursor = "",
        limit: Limit = 100,
    ) -> Page[RolloutChangeView]:
        """Lists the changes of a rollout, newest first."""
        before = decode_position(cursor)
        found = rollouts.history(access.project_id, use_case, environment, before, limit + 1)
        return page_of(found, limit, RolloutChangeView.of, lambda each: str(each.rollout.version))

    return router


def rollout_change_routes(require: RequirePermission, rollouts: RolloutService) -> APIRouter:
    """Returns the routes that change. The role that an environment needs is checked there."""
    router = APIRouter(prefix="/api/v1/projects/{project_id}/rollouts", tags=["rollouts"])
    may_write = Depends(require(Permission.RELEASES_WRITE))

    @router.put(_PLACE)
    def start_rollout(
        access: Annotated[Access, may_write], use_case: str, environment: str, body: RolloutBody
    ) -> RolloutView:
        """Makes a release answer all calls of a use case in an environment."""
        wanted = Rollout(use_case, environment, body.seen, (RolloutArm(body.release),))
        return RolloutView.of(
            rollouts.start(access.principal, access.project_id, wanted, message=body.message)
        )

    @router.delete(_PLACE)
    def stop_rollout(
        access: Annotated[Access, may_write],
        use_case: str,
        environment: str,
        seen: Annotated[int, Query(ge=0, le=2**31 - 1)],
        message: Annotated[str, Query(max_length=MAX_MESSAGE_CHARS)] = "",
    ) -> RolloutView:
        """Ends the rollout: no release answers the calls any more."""
        wanted = Rollout(use_case, environment, seen, ())
        return RolloutView.of(
            rollouts.stop(access.principal, access.project_id, wanted, message=message)
        )

    @router.post(_PLACE + "/undo")
    def undo_rollout(
        access: Annotated[Access, may_write],
        use_case: str,
        environment: str,
        body: RolloutChangeBody,
    ) -> RolloutView:
        """Brings back what was before the last change."""
        wanted = Rollout(use_case, environment, body.seen, ())
        return RolloutView.of(
            rollouts.undo(access.principal, access.project_id, wanted, message=body.message)
        )

    return router
