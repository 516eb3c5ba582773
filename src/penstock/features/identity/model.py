"""Projects, users, members, keys; roles, permissions and principals: the pure half of identity.

Every route names one `Permission`; what is not granted here is denied.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Final

from penstock.rules.snapshot import ProjectPolicy


class Role(StrEnum):
    """What a member is in one project, weakest first."""

    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"
    OWNER = "owner"


class Permission(StrEnum):
    """What a route may ask for."""

    PROJECT_READ = "project:read"
    PROJECT_WRITE = "project:write"
    TRACES_READ = "traces:read"
    KEYS_READ = "keys:read"
    KEYS_WRITE = "keys:write"
    PROVIDERS_READ = "providers:read"
    PROVIDERS_WRITE = "providers:write"
    PRICES_READ = "prices:read"
    PRICES_WRITE = "prices:write"
    MEMBERS_READ = "members:read"
    MEMBERS_WRITE = "members:write"
    AUDIT_READ = "audit:read"
    INSTANCE = "instance"  # across projects: create projects, back up, read settings


_VIEWER: Final = frozenset(
    {
        Permission.PROJECT_READ,
        Permission.TRACES_READ,
        Permission.PROVIDERS_READ,
        Permission.PRICES_READ,
        Permission.MEMBERS_READ,
    }
)
_EDITOR: Final = _VIEWER | {Permission.KEYS_READ, Permission.PRICES_WRITE}
_ADMIN: Final = _EDITOR | {
    Permission.KEYS_WRITE,
    Permission.PROVIDERS_WRITE,
    Permission.MEMBERS_WRITE,
    Permission.AUDIT_READ,
    Permission.PROJECT_WRITE,
}

GRANTS: Final[Mapping[Role, frozenset[Permission]]] = {
    Role.VIEWER: _VIEWER,
    Role.EDITOR: _EDITOR,
    Role.ADMIN: _ADMIN,
    Role.OWNER: _ADMIN,  # an owner also is the only one who may name and unname owners
}

_RANKS: Final = tuple(Role)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking: a signed-in user or an API key. `roles` maps project id to role."""

    kind: str  # "user", "key" or "system"
    id: str
    label: str
    roles: Mapping[str, Role]
    instance_admin: bool = False

    def may(self, permission: Permission, project_id: str | None) -> bool:
        """Whether `permission` is granted in the project (`None`: on the instance)."""
        if self.instance_admin:
            return True
        role = self.roles.get(project_id or "")
        return role is not None and permission in GRANTS[role]

    def may_grant(self, role: Role, project_id: str) -> bool:
        """Whether this principal may hand out `role`: nobody gives more than they have."""
        if self.instance_admin:
            return True
        own = self.roles.get(project_id)
        return own is not None and _RANKS.index(role) <= _RANKS.index(own)


@dataclass(frozen=True, slots=True)
class Access:
    """A granted request: who, in which project (empty for `Permission.INSTANCE`)."""

    principal: Principal
    project_id: str


# `require(Permission.X)` returns the FastAPI dependency that resolves the principal, finds the
# project (path, then query, then the principal's only one), checks the grant and yields `Access`.
RequirePermission = Callable[[Permission], Any]


@dataclass(frozen=True, slots=True)
class Project:
    """The isolation boundary. Times are Unix milliseconds."""

    id: str
    name: str
    policy: ProjectPolicy
    created_ms: int

    def audit_fields(self) -> dict[str, object]:
        """What the audit trail tells of it."""
        return {
            "name": self.name,
            "on_spool_full": self.policy.on_spool_full,
            "capture_content": self.policy.capture_content,
        }


@dataclass(frozen=True, slots=True)
class User:
    """A person who can sign in."""

    id: str
    email: str
    instance_admin: bool
    created_ms: int

    def principal(self, roles: Mapping[str, Role]) -> Principal:
        """The person as a caller, with their roles by project."""
        return Principal("user", self.id, self.email, roles, self.instance_admin)


@dataclass(frozen=True, slots=True)
class Member:
    """A user's part in one project."""

    project_id: str
    user_id: str
    email: str
    role: Role
    created_ms: int

    def audit_fields(self) -> dict[str, object]:
        """What the audit trail tells of it."""
        return {"email": self.email, "role": self.role.value}


class InvitationState(StrEnum):
    """Where an invitation stands; only a pending one can be redeemed."""

    PENDING = "pending"
    REDEEMED = "redeemed"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Invitation:
    """A one-time link into a project. Whoever redeems it becomes a member.

    `email` is a label for people. It proves nothing, and nothing is looked up by it.
    """

    id: str
    project_id: str
    email: str
    role: Role
    inviter_kind: str
    inviter_id: str
    inviter_label: str
    created_ms: int
    expires_ms: int
    revoked_ms: int | None = None
    redeemed_ms: int | None = None
    redeemed_by: str | None = None  # user id
    taken_count: int = 0  # how often a sign-in address was chosen that somebody has

    def audit_fields(self) -> dict[str, object]:
        """What the audit trail tells of it: no token, no digest."""
        return {"email": self.email, "role": self.role.value, "expires_ms": self.expires_ms}


@dataclass(frozen=True, slots=True)
class Attributes:
    """Who spends and for whom. What a key fixes here wins over the call's headers."""

    team: str = ""
    user: str = ""
    use_case: str = ""
    environment: str = ""
    segment: str = ""


@dataclass(frozen=True, slots=True)
class KeySecret:
    """One secret of a key, known by its keyed digest; `prefix` is what people tell keys by."""

    digest: str = field(repr=False)
    prefix: str
    created_ms: int
    expires_ms: int | None = None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A virtual key: it calls models, and does at the REST API what its role may; nothing without
    one. Newest secret first."""

    id: str
    project_id: str
    name: str
    role: Role | None
    instance_admin: bool
    allowed_models: tuple[str, ...]
    attributes: Attributes
    created_ms: int
    expires_ms: int | None
    revoked_ms: int | None = None
    secrets: tuple[KeySecret, ...] = ()

    @property
    def prefix(self) -> str:
        """The first characters of the newest secret."""
        return self.secrets[0].prefix if self.secrets else ""

    def principal(self) -> Principal:
        """The key as a caller."""
        roles = {self.project_id: self.role} if self.role else {}
        return Principal("key", self.id, self.name, roles, self.instance_admin)

    def audit_fields(self) -> dict[str, object]:
        """What the audit trail tells of it: no digest, no secret."""
        return {
            "name": self.name,
            "prefix": self.prefix,
            "role": self.role.value if self.role else None,
            "allowed_models": list(self.allowed_models),
            "attributes": asdict(self.attributes),
            "expires_ms": self.expires_ms,
            "revoked_ms": self.revoked_ms,
        }
