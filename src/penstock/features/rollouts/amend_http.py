"""`/api/v1/projects/{project_id}/rollouts/…/shadow` and `…/testers`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.rollouts.amending import AmendService
from penstock.features.rollouts.bodies import RolloutShadowBody, TestersBody
from penstock.features.rollouts.http import RolloutView
from penstock.features.rollouts.model import MAX_MESSAGE_CHARS
from penstock.rules.rollouts.documents import Rollout

_PLACE = "/{use_case}/{environment}"


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
