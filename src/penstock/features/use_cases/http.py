"""`/api/v1/projects/{project_id}/use-cases`: the catalogue of use cases."""

from datetime import datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends
from pydantic import BaseModel

from penstock.features.access import Access, Permission, RequirePermission, Role
from penstock.features.use_cases.bodies import NewUseCaseBody, UseCaseChangeBody
from penstock.features.use_cases.model import (
    RiskTier,
    StoredUseCase,
    UseCaseStatus,
)
from penstock.features.use_cases.service import UseCaseService
from penstock.infra.web.moments import moment_of
from penstock.infra.web.pages import Page


class EnvironmentView(BaseModel):
    """An environment of a use case."""

    name: str
    protected: bool
    role: Role
    evidence: list[str]


class CriterionView(BaseModel):
    """A target of quality."""

    name: str
    description: str
    at_least: float | None
    at_most: float | None


class UseCaseView(BaseModel):
    """A use case with its present version."""

    name: str
    version: int
    owner: str
    purpose: str
    intended_domain: str
    intended_users: str
    risk_tier: RiskTier
    data_classes: list[str]
    criteria: list[CriterionView]
    status: UseCaseStatus
    environments: list[EnvironmentView]
    updated_at: datetime

    @classmethod
    def of(cls, use_case: StoredUseCase) -> "UseCaseView":
        fields = msgspec.structs.asdict(use_case.entry)
        fields["criteria"] = [msgspec.structs.asdict(each) for each in use_case.entry.criteria]
        fields["environments"] = [
            msgspec.structs.asdict(each) for each in use_case.entry.environments
        ]
        return cls(**fields, updated_at=moment_of(use_case.updated_ms))


def use_case_routes(require: RequirePermission, use_cases: UseCaseService) -> APIRouter:
    """Returns the API's routes."""
    router = APIRouter(prefix="/api/v1/projects/{project_id}/use-cases", tags=["use cases"])
    may_read = Depends(require(Permission.USE_CASES_READ))
    may_write = Depends(require(Permission.USE_CASES_WRITE))

    @router.get("")
    def list_use_cases(access: Annotated[Access, may_read]) -> Page[UseCaseView]:
        """Lists the use cases of the project by name."""
        return Page(items=[UseCaseView.of(each) for each in use_cases.list_all(access.project_id)])

    @router.post("", status_code=201)
    def add_use_case(access: Annotated[Access, may_write], body: NewUseCaseBody) -> UseCaseView:
        """Adds a use case."""
        entry = body.entry(body.name)
        return UseCaseView.of(use_cases.add(access.principal, access.project_id, entry))

    @router.get("/{name}")
    def get_use_case(access: Annotated[Access, may_read], name: str) -> UseCaseView:
        """Returns a use case."""
        return UseCaseView.of(use_cases.get(access.project_id, name))

    @router.put("/{name}")
    def replace_use_case(
        access: Annotated[Access, may_write], name: str, body: UseCaseChangeBody
    ) -> UseCaseView:
        """Replaces a use case by its next version."""
        changed = use_cases.replace(
            access.principal, access.project_id, body.entry(name), of_version=body.version
        )
        return UseCaseView.of(changed)

    @router.delete("/{name}", status_code=204)
    def remove_use_case(access: Annotated[Access, may_write], name: str) -> None:
        """Removes a use case that has no release."""
        use_cases.remove(access.principal, access.project_id, name)

    return router
