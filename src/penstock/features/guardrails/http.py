"""`/api/v1/projects/{project_id}/guardrails`: which checks calls pass."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.guardrails.bodies import GuardrailBody, GuardrailChangeBody
from penstock.features.guardrails.model import StoredPolicy
from penstock.features.guardrails.service import GuardrailService
from penstock.infra.web.moments import moment_of
from penstock.infra.web.pages import Page
from penstock.rules.guards.policies import (
    Action,
    Check,
    OnFailure,
    Place,
)


class GuardrailCheckView(BaseModel):
    """A check of a policy."""

    detector: str
    places: list[Place]
    action: Action
    on_failure: OnFailure
    timeout_ms: int
    options: dict[str, bool | int | float | str | list[str]]
    ask_again: int


class GuardrailView(BaseModel):
    """A policy with its present version. `digest` identifies its checks."""

    id: str
    name: str
    version: int
    checks: list[GuardrailCheckView]
    only: dict[str, list[str]]
    digest: str
    updated_at: datetime

    @classmethod
    def of(cls, policy: StoredPolicy) -> "GuardrailView":
        entry = policy.entry
        return cls(
            id=entry.id,
            name=entry.name,
            version=entry.version,
            checks=[_check_view(check) for check in entry.checks],
            only={name: list(values) for name, values in entry.only.items()},
            digest=entry.digest,
            updated_at=moment_of(policy.updated_ms),
        )


class DetectorView(BaseModel):
    """An installed detector."""

    name: str


def guardrail_routes(require: RequirePermission, guardrails: GuardrailService) -> APIRouter:
    """Returns the API's routes."""
    router = APIRouter(prefix="/api/v1/projects/{project_id}/guardrails", tags=["guardrails"])
    may_read = Depends(require(Permission.GUARDRAILS_READ))
    may_write = Depends(require(Permission.GUARDRAILS_WRITE))

    @router.get("")
    def list_guardrails(access: Annotated[Access, may_read]) -> Page[GuardrailView]:
        """Lists the guardrail policies of the project by name."""
        found = guardrails.list_all(access.project_id)
        return Page(items=[GuardrailView.of(each) for each in found])

    @router.post("", status_code=201)
    def add_guardrail(access: Annotated[Access, may_write], body: GuardrailBody) -> GuardrailView:
        """Adds a policy. Gateways follow it within a second."""
        added = guardrails.add(access.principal, access.project_id, body.policy())
        return GuardrailView.of(added)

    @router.get("/detectors", dependencies=[may_read])
    def list_detectors() -> Page[DetectorView]:
        """Lists the installed detectors."""
        return Page(items=[DetectorView(name=name) for name in guardrails.detectors()])

    @router.get("/{policy_id}")
    def get_guardrail(access: Annotated[Access, may_read], policy_id: str) -> GuardrailView:
        """Returns a policy."""
        return GuardrailView.of(guardrails.get(access.project_id, policy_id))

    @router.put("/{policy_id}")
    def replace_guardrail(
        access: Annotated[Access, may_write], policy_id: str, body: GuardrailChangeBody
    ) -> GuardrailView:
        """Replaces a policy by its next version."""
        wanted = body.policy(policy_id)
        return GuardrailView.of(
            guardrails.replace(access.principal, access.project_id, wanted, of_version=body.version)
        )

    @router.delete("/{policy_id}", status_code=204)
    def remove_guardrail(access: Annotated[Access, may_write], policy_id: str) -> None:
        """Removes a policy. Calls are not checked by it from then on."""
        guardrails.remove(access.principal, access.project_id, policy_id)

    return router


def _check_view(check: Check) -> GuardrailCheckView:
    return GuardrailCheckView(
        detector=check.detector,
        places=list(check.places),
        action=check.action,
        on_failure=check.on_failure,
        timeout_ms=check.timeout_ms,
        options={
            name: list(value) if isinstance(value, tuple) else value
            for name, value in check.options.items()
        },
        ask_again=check.ask_again,
    )
