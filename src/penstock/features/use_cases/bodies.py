"""Requests about use cases."""

from typing import Annotated, Any

import msgspec
from pydantic import Field

from penstock.features.access import Role
from penstock.features.use_cases.model import (
    MAX_CRITERIA,
    MAX_DATA_CLASSES,
    MAX_ENVIRONMENTS,
    MAX_EVIDENCE_KINDS,
    MAX_TEXT_CHARS,
    MAX_WORD_CHARS,
    USUAL_ENVIRONMENTS,
    RiskTier,
    UseCase,
    UseCaseStatus,
)
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
