"""`/api/v1/projects/{project_id}/rollouts/…/shadow` and `…/testers`."""

from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.rollouts.amending import MAX_SHADOW_USD, AmendService
from penstock.features.rollouts.http import RolloutChangeBody, RolloutView
from penstock.features.rollouts.model import MAX_MESSAGE_CHARS
from penstock.features.rollouts.runs import MAX_ARM_NAME_CHARS, MAX_OVERRIDES, MAX_UNIT_CHARS
from penstock.features.routes.model import MAX_SHADOWS, SMALLEST_SHARE
from penstock.rules.rollouts.documents import Rollout, ShadowArm

_Unit = Annotated[str, Field(min_length=1, max_length=MAX_UNIT_CHARS)]
_Arm = Annotated[str, Field(max_length=MAX_ARM_NAME_CHARS)]
_PLACE = "/{use_case}/{environment}"


class RolloutShadowBody(RolloutChangeBody):
    """A release that answers copies of `percent` of the calls, for `usd_per_day` at most.
    `max_calls`: at once, in each gateway worker."""

    release: Annotated[str, Field(max_length=64)]
    percent: Annotated[float, Field(ge=SMALLEST_SHARE, le=100, allow_inf_nan=False)] = 10.0
    usd_per_day: Annotated[Decimal, Field(gt=0, le=MAX_SHADOW_USD, decimal_places=6)]
    max_calls: Annotated[int, Field(ge=1, le=MAX_SHADOWS)] = 4

    def shadow(self) -> ShadowArm:
        """Returns the part of the rollout."""
        return ShadowArm(self.release, self.percent, self.usd_per_day, self.max_calls)


class TestersBody(RolloutChangeBody):
    """The arms of testers, by unit; all others meet what the weights say."""

    overrides: Annotated[dict[_Unit, _Arm], Field(max_length=MAX_OVERRIDES)]


def amend_routes(require: RequirePermission, amending: AmendService) -> APIRouter:
    """Returns the routes that change a rollout and move no traffic."""
    router = APIRouter(prefix="/api/v1/projects/{project_id}/rollouts", tags=["rollouts"])
    may_write = Depends(require(Permission.RELEASES_WRITE))

    @router.put(_PLACE + "/shadow")
    def set_shadow(
        access: Annotated[Access, may_write],
        use_case: str,
        environment: str,
        body: RolloutShadowBody,
    ) -> RolloutView:
        """Sets the release that answers copies of calls, after their callers have their answers."""
        wanted = Rollout(use_case, environment, body.seen, ())
        who, project_id = access.principal, access.project_id
        return RolloutView.of(
            amending.set_shadow(who, project_id, wanted, body.shadow(), message=body.message)
        )

    @router.delete(_PLACE + "/shadow")
    def remove_shadow(
        access: Annotated[Access, may_write],
        use_case: str,
        environment: str,
        seen: Annotated[int, Query(ge=0, le=2**31 - 1)],
        message: Annotated[str, Query(max_length=MAX_MESSAGE_CHARS)] = "",
    ) -> RolloutView:
        """Ends the shadow."""
        wanted = Rollout(use_case, environment, seen, ())
        who, project_id = access.principal, access.project_id
        return RolloutView.of(amending.set_shadow(who, project_id, wanted, None, message=message))

    @router.put(_PLACE + "/testers")
    def set_testers(
        access: Annotated[Access, may_write], use_case: str, environment: str, body: TestersBody
    ) -> RolloutView:
        """Sets the arms of testers, also while releases are compared."""
        wanted = Rollout(use_case, environment, body.seen, ())
        who, project_id = access.principal, access.project_id
        return RolloutView.of(
            amending.set_testers(who, project_id, wanted, body.overrides, message=body.message)
        )

    return router
