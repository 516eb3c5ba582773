"""Who may do what: roles, permissions, principals, and the guards of routes.

Every route names one `Permission`; what a role does not include is denied. `identity` resolves
principals and checks permissions.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final


class Role(StrEnum):
    """A member's role in one project, from the fewest to the most permissions."""

    ANNOTATOR = "annotator"  # labels what annotation queues show, and sees nothing else
    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"
    OWNER = "owner"


class Permission(StrEnum):
    """The permissions that routes require."""

    PROJECT_READ = "project:read"
    PROJECT_WRITE = "project:write"
    TRACES_READ = "traces:read"
    KEYS_READ = "keys:read"
    KEYS_WRITE = "keys:write"
    PROVIDERS_READ = "providers:read"
    PROVIDERS_WRITE = "providers:write"
    PRICES_READ = "prices:read"
    PRICES_WRITE = "prices:write"
    ROUTES_READ = "routes:read"
    ROUTES_WRITE = "routes:write"
    LIMITS_READ = "limits:read"
    LIMITS_WRITE = "limits:write"
    PROMPTS_READ = "prompts:read"
    PROMPTS_WRITE = "prompts:write"
    USE_CASES_READ = "use_cases:read"
    USE_CASES_WRITE = "use_cases:write"
    RELEASES_READ = "releases:read"
    RELEASES_WRITE = "releases:write"  # and rollouts, as far as the environment allows the role
    RELEASES_APPROVE = "releases:approve"  # of others, for protected environments
    EVIDENCE_WRITE = "evidence:write"  # on releases: what a test or an evaluation found
    GUARDRAILS_READ = "guardrails:read"
    GUARDRAILS_WRITE = "guardrails:write"
    CALLS_SEND = "calls:send"  # through the gateway, as a key of the project
    MEMBERS_READ = "members:read"
    MEMBERS_WRITE = "members:write"
    AUDIT_READ = "audit:read"
    SCORES_READ = "scores:read"
    SCORES_WRITE = "scores:write"
    FEEDBACK_READ = "feedback:read"
    FEEDBACK_WRITE = "feedback:write"
    DATASETS_READ = "datasets:read"
    DATASETS_WRITE = "datasets:write"
    EVALUATIONS_READ = "evaluations:read"
    EVALUATIONS_RUN = "evaluations:run"
    EVALUATIONS_REMOVE = "evaluations:remove"  # runs with their results
    ANNOTATIONS_READ = "annotations:read"  # queues with their guidelines and progress
    ANNOTATIONS_WRITE = "annotations:write"  # label what a queue shows
    ANNOTATIONS_MANAGE = "annotations:manage"  # make, fill and use queues
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    INSTANCE = "instance"  # across projects: create projects, back up, read settings


_ANNOTATOR: Final = frozenset(
    {Permission.PROJECT_READ, Permission.ANNOTATIONS_READ, Permission.ANNOTATIONS_WRITE}
)
_VIEWER: Final = frozenset(
    {
        Permission.PROJECT_READ,
        Permission.TRACES_READ,
        Permission.PROVIDERS_READ,
        Permission.PRICES_READ,
        Permission.ROUTES_READ,
        Permission.LIMITS_READ,
        Permission.PROMPTS_READ,
        Permission.USE_CASES_READ,
        Permission.RELEASES_READ,
        Permission.GUARDRAILS_READ,
        Permission.MEMBERS_READ,
        Permission.SCORES_READ,
        Permission.FEEDBACK_READ,
        Permission.DATASETS_READ,
        Permission.EVALUATIONS_READ,
        Permission.ANNOTATIONS_READ,
    }
)
_EDITOR: Final = _VIEWER | {
    Permission.KEYS_READ,
    Permission.CALLS_SEND,
    Permission.PRICES_WRITE,
    Permission.PROMPTS_WRITE,
    Permission.SCORES_WRITE,
    Permission.FEEDBACK_WRITE,
    Permission.EVALUATIONS_RUN,
    Permission.EVALUATIONS_REMOVE,
    Permission.ANNOTATIONS_WRITE,
    Permission.ANNOTATIONS_MANAGE,
    Permission.USE_CASES_WRITE,
    Permission.RELEASES_WRITE,
    Permission.DATASETS_WRITE,
    Permission.RELEASES_APPROVE,
}
_ADMIN: Final = _EDITOR | {
    Permission.KEYS_WRITE,
    Permission.PROVIDERS_WRITE,
    Permission.ROUTES_WRITE,
    Permission.LIMITS_WRITE,
    Permission.GUARDRAILS_WRITE,
    Permission.MEMBERS_WRITE,
    Permission.AUDIT_READ,
    Permission.PROJECT_WRITE,
    Permission.EVIDENCE_WRITE,
    Permission.WEBHOOKS_READ,
    Permission.WEBHOOKS_WRITE,
}

ROLE_PERMISSIONS: Final[Mapping[Role, frozenset[Permission]]] = {
    Role.ANNOTATOR: _ANNOTATOR,
    Role.VIEWER: _VIEWER,
    Role.EDITOR: _EDITOR,
    Role.ADMIN: _ADMIN,
    Role.OWNER: _ADMIN,  # only owners may also add and remove owners, see `may_assign`
}

_RANKS: Final = tuple(Role)


class KeyScope(StrEnum):
    """A purpose of a key without a role. A key with scopes may do nothing else; one without may
    only call models."""

    MODELS_CALL = "models:call"
    PROMPTS_READ = "prompts:read"
    SCORES_WRITE = "scores:write"
    EVIDENCE_WRITE = "evidence:write"
    EVALUATIONS_RUN = "evaluations:run"


SCOPE_PERMISSIONS: Final[Mapping[KeyScope, frozenset[Permission]]] = {
    KeyScope.MODELS_CALL: frozenset(),
    KeyScope.PROMPTS_READ: frozenset({Permission.PROMPTS_READ}),
    KeyScope.SCORES_WRITE: frozenset({Permission.SCORES_WRITE}),
    KeyScope.EVIDENCE_WRITE: frozenset({Permission.EVIDENCE_WRITE}),
    KeyScope.EVALUATIONS_RUN: frozenset(
        {Permission.EVALUATIONS_RUN, Permission.EVALUATIONS_READ, Permission.DATASETS_READ}
    ),
}


@dataclass(frozen=True, slots=True)
class Principal:
    """The authenticated caller: a user or an API key. `roles` maps project id to role, `scopes` to
    what a key without a role may do there. `issuers`: the ids of those who have had a key's
    secrets."""

    kind: str  # "user", "key" or "system"
    id: str
    label: str
    roles: Mapping[str, Role]
    instance_admin: bool = False
    scopes: Mapping[str, frozenset[Permission]] = field(
        default_factory=dict[str, frozenset[Permission]]
    )
    issuers: frozenset[str] = frozenset()

    @property
    def ids(self) -> frozenset[str]:
        """Returns the ids of all who may act as this principal."""
        return self.issuers | {self.id}

    def may(self, permission: Permission, project_id: str | None) -> bool:
        """Returns whether the principal has `permission` in the project (`None`: on the
        instance)."""
        if self.instance_admin:
            return True
        if permission in self.scopes.get(project_id or "", ()):
            return True
        role = self.roles.get(project_id or "")
        return role is not None and permission in ROLE_PERMISSIONS[role]

    def has_role(self, role: Role, project_id: str) -> bool:
        """Returns whether the principal has at least `role` in the project."""
        if self.instance_admin:
            return True
        own = self.roles.get(project_id)
        return own is not None and _RANKS.index(role) <= _RANKS.index(own)

    def may_assign(self, role: Role, project_id: str) -> bool:
        """Returns whether the principal may give `role` to others: at most its own, and nothing
        that its own does not permit."""
        return self.has_role(role, project_id) and all(
            self.may(each, project_id) for each in ROLE_PERMISSIONS[role]
        )


@dataclass(frozen=True, slots=True)
class Access:
    """An authorized request: the principal and the project (empty for `Permission.INSTANCE`)."""

    principal: Principal
    project_id: str


# `require(Permission.X)` returns the FastAPI dependency that resolves the principal, finds the
# project (path, query, or the principal's only one), checks the permission, and yields `Access`.
RequirePermission = Callable[[Permission], Any]


@dataclass(frozen=True, slots=True)
class Guards:
    """The guards that routes declare, as FastAPI dependencies. `require(permission)` yields an
    `Access`, `signed_in` a `Principal`; `gateway` checks the gateway token."""

    require: RequirePermission
    signed_in: Callable[..., Any]
    gateway: Callable[..., Any]


async def public() -> None:
    """The guard of a route that needs no authentication."""
