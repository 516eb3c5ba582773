"""Values of use cases, and which are valid."""

import re
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import Final

from penstock.features.access import Role
from penstock.infra.stored_documents import StoredDocument
from penstock.kernel.errors import Conflict, InvalidRequest
from penstock.rules.document import Document

MAX_USE_CASES: Final = 1000  # of a project
MAX_ENVIRONMENTS: Final = 16  # of a use case
MAX_CRITERIA: Final = 50  # of a use case
MAX_DATA_CLASSES: Final = 32  # of a use case
MAX_TEXT_CHARS: Final = 4000  # of one text of a use case
MAX_WORD_CHARS: Final = 127  # of a name, an owner, a class of data
MAX_EVIDENCE_KINDS: Final = 16  # that an environment demands
EVIDENCE_KIND: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_ROLES: Final = (Role.EDITOR, Role.ADMIN, Role.OWNER)


class RiskTier(StrEnum):
    """The risk of a use case, in the words of the EU's AI Act."""

    MINIMAL = "minimal"
    LIMITED = "limited"
    HIGH = "high"


class UseCaseStatus(StrEnum):
    """The stage of a use case. A retired one takes no new release."""

    DRAFT = "draft"
    ACTIVE = "active"
    RETIRED = "retired"


class UseCaseEnvironment(Document, frozen=True):
    """An environment of a use case. `role`: who may change which release runs in it; a protected
    one needs an admin at least, and takes a release only with passed evidence: of the kinds
    `evidence`, or of any kind."""

    name: str
    protected: bool = False
    role: Role = Role.EDITOR
    evidence: tuple[str, ...] = ()


class QualityCriterion(Document, frozen=True):
    """A target of quality: a score by its name, with the least or the largest value that is good
    enough."""

    name: str
    description: str = ""
    at_least: float | None = None
    at_most: float | None = None


USUAL_ENVIRONMENTS: Final = (
    UseCaseEnvironment("dev"),
    UseCaseEnvironment("staging"),
    UseCaseEnvironment("production", protected=True, role=Role.ADMIN),
)


class UseCase(Document, frozen=True):
    """A feature of an application that language models serve. Callers send `name` as `model`.
    `version` counts the changes of this document."""

    name: str
    version: int = 0
    owner: str = ""
    purpose: str = ""
    intended_domain: str = ""
    intended_users: str = ""
    risk_tier: RiskTier = RiskTier.MINIMAL
    data_classes: tuple[str, ...] = ()
    criteria: tuple[QualityCriterion, ...] = ()
    status: UseCaseStatus = UseCaseStatus.DRAFT
    environments: tuple[UseCaseEnvironment, ...] = USUAL_ENVIRONMENTS

    def environment(self, name: str) -> UseCaseEnvironment | None:
        """Returns an environment by its name."""
        return next((each for each in self.environments if each.name == name), None)


StoredUseCase = StoredDocument[UseCase]


def check_use_case(use_case: UseCase) -> None:
    """Raises `InvalidRequest` for a document that is not valid."""
    _check_name(use_case.name, "name")
    _check_texts(use_case)
    _check_environments(use_case.environments)
    for at, criterion in enumerate(use_case.criteria):
        _check_criterion(criterion, f"criteria.{at}")


def check_name_is_free(
    name: str, routes: Collection[str], listed: Mapping[str, Sequence[str]]
) -> None:
    """Raises `Conflict` if the name would hide a route, or a model that a provider lists."""
    if name in routes:
        raise Conflict(
            f"The use case would hide the route {name!r}.",
            hint="Choose another name, or rename the route.",
            code="use_case_hides_route",
            param="name",
        )
    if hidden := sorted(provider for provider, models in listed.items() if name in models):
        raise Conflict(
            f"The use case would hide the model {name!r} of {', '.join(hidden)}.",
            hint="Choose another name.",
            code="use_case_hides_model",
            param="name",
        )


def _check_name(name: str, param: str) -> None:
    if not _NAME.fullmatch(name):
        raise _invalid(
            f"{name[:63]!r} is not a valid name.",
            param,
            "Use up to 63 lower-case letters, digits, and . _ -",
        )


def _check_texts(use_case: UseCase) -> None:
    if len(use_case.owner) > MAX_WORD_CHARS:
        raise _invalid(f"The owner has at most {MAX_WORD_CHARS} characters.", "owner")
    for field in ("purpose", "intended_domain", "intended_users"):
        if len(getattr(use_case, field)) > MAX_TEXT_CHARS:
            raise _invalid(f"The text has at most {MAX_TEXT_CHARS:,} characters.", field)
    classes = use_case.data_classes
    if len(classes) > MAX_DATA_CLASSES or len(set(classes)) < len(classes):
        raise _invalid(f"Name up to {MAX_DATA_CLASSES} different classes.", "data_classes")
    if not all(0 < len(each) <= MAX_WORD_CHARS for each in classes):
        raise _invalid(f"A class of data has 1 to {MAX_WORD_CHARS} characters.", "data_classes")
    if len(use_case.criteria) > MAX_CRITERIA:
        raise _invalid(f"A use case has at most {MAX_CRITERIA} criteria.", "criteria")


def _check_environments(environments: Sequence[UseCaseEnvironment]) -> None:
    names = [each.name for each in environments]
    if not 1 <= len(names) <= MAX_ENVIRONMENTS or len(set(names)) < len(names):
        raise _invalid(f"A use case has 1 to {MAX_ENVIRONMENTS} environments.", "environments")
    for at, each in enumerate(environments):
        _check_name(each.name, f"environments.{at}.name")
        if each.role not in (_ROLES[1:] if each.protected else _ROLES):
            raise _invalid(
                f"The role {each.role.value} cannot change releases here.",
                f"environments.{at}.role",
                "Use editor, admin or owner; for a protected environment admin or owner.",
            )
        _check_kinds(each, f"environments.{at}.evidence")


def _check_kinds(environment: UseCaseEnvironment, param: str) -> None:
    kinds = environment.evidence
    if kinds and not environment.protected:
        raise _invalid("Only a protected environment demands evidence.", param)
    if len(kinds) > MAX_EVIDENCE_KINDS or len(set(kinds)) < len(kinds):
        raise _invalid(f"Name up to {MAX_EVIDENCE_KINDS} different kinds.", param)
    for kind in kinds:
        if not EVIDENCE_KIND.fullmatch(kind):
            raise _invalid(
                f"{kind[:63]!r} is not a valid kind of evidence.",
                param,
                "Use up to 63 lower-case letters, digits, and . _ -",
            )


def _check_criterion(criterion: QualityCriterion, param: str) -> None:
    if not 0 < len(criterion.name) <= MAX_WORD_CHARS:
        raise _invalid("A criterion has the name of a score.", f"{param}.name")
    if len(criterion.description) > MAX_TEXT_CHARS:
        raise _invalid(f"A description has at most {MAX_TEXT_CHARS:,} characters.", param)
    least, most = criterion.at_least, criterion.at_most
    if least is None and most is None:
        raise _invalid("A criterion has a target: `at_least`, `at_most`, or both.", param)
    if least is not None and most is not None and least > most:
        raise _invalid("`at_least` is above `at_most`: nothing would be good enough.", param)


def _invalid(message: str, param: str, hint: str = "") -> InvalidRequest:
    return InvalidRequest(message, hint=hint, code="use_case_invalid", param=param)
