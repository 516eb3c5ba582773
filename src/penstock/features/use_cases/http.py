"""`/api/v1/projects/{project_id}/use-cases`: the catalogue of use cases."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from penstock.features.access import Access, Permission, RequirePermission, Role
from penstock.features.use_cases.model import (
    MAX_CRITERIA,
    MAX_DATA_CLASSES,
    MAX_ENVIRONMENTS,
    MAX_EVIDENCE_KINDS,
    MAX_TEXT_CHARS,
    MAX_WORD_CHARS,
    USUAL_ENVIRONMENTS,
    RiskTier,
    StoredUseCase,
    UseCase,
    UseCaseStatus,
)
from penstock.features.use_cases.service import UseCaseService
from penstock.infra.web.moments import moment_of
from penstock.infra.web.pages import Page
from penstock.infra.web.schemas import RequestBody

_Word = Annotated[str, Field(max_length=MAX_WORD_CHARS)]
_Text = Annotated[str, Field(max_length=MAX_TEXT_CHARS)]
_Number = Annotated[float, Field(allow_inf_nan=False)]


class EnvironmentBody(RequestBody):
    """An environment, and the role that changes which release runs in it. A protected one needs an
    admin at least, and takes a release only with passed evidence of the kinds `evidence`, or of any
    kind."""

    name: _Word
    protected: bool = False
    role: Role = Role.EDITOR
    evidence: Annotated[
        list[_Word], Field(max_length=MAX_EVIDENCE_KINDS, default_factory=list[str])
    ]


class CriterionBody(RequestBody):
    """A target of quality: the name of a score, and which values are good enough."""

    name: _Word
    description: _Text = ""
    at_least: _Number | None = None
    at_most: _Number | None = None


def _usual_environments() -> list[EnvironmentBody]:
    return [
        EnvironmentBody.model_validate(msgspec.to_builtins(each)) for each in USUAL_ENVIRONMENTS
    ]


class UseCaseBody(RequestBody):
    """The content of a use case."""

    owner: _Word = ""
    purpose: _Text = ""
    intended_domain: _Text = ""
    intended_users: _Text = ""
    risk_tier: RiskTier = RiskTier.MINIMAL
    data_classes: Annotated[
        list[_Word], Field(max_length=MAX_DATA_CLASSES, default_factory=list[str])
    ]
    criteria: Annotated[
        list[CriterionBody], Field(max_length=MAX_CRITERIA, default_factory=list[CriterionBody])
    ]
    status: UseCaseStatus = UseCaseStatus.DRAFT
    environments: Annotated[
        list[EnvironmentBody],
        Field(min_length=1, max_length=MAX_ENVIRONMENTS, default_factory=_usual_environments),
    ]

    def entry(self, name: str) -> UseCase:
        """Returns the use case; the service sets its version."""
        fields: dict[str, Any] = self.model_dump(mode="json", exclude={"name", "version"})
        return msgspec.convert({**fields, "name": name}, UseCase)


class NewUseCaseBody(UseCaseBody):
    """A use case to add. Callers send its name as `model`."""

    name: _Word


class UseCaseChangeBody(UseCaseBody):
    """A new version of a use case. With `version`, only if that is the present one."""

    version: Annotated[int, Field(ge=1)] | None = None


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
