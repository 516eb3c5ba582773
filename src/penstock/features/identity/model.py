"""Values of identity: projects, users, members, keys; roles, permissions and principals.

Every route names one `Permission`; what a role does not include is denied.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Final

from penstock.rules.snapshot import ProjectPolicy


class Role(StrEnum):
    """A member's role in one project, from the fewest to the most permissions."""

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

ROLE_PERMISSIONS: Final[Mapping[Role, frozenset[Permission]]] = {
    Role.VIEWER: _VIEWER,
    Role.EDITOR: _EDITOR,
    Role.ADMIN: _ADMIN,
    Role.OWNER: _ADMIN,  # only owners may also add and remove owners, see `may_assign`
}

_RANKS: Final = tuple(Role)


@dataclass(frozen=True, slots=True)
class Principal:
    """The authenticated caller: a user or an API key. `roles` maps project id to role."""

    kind: str  # "user", "key" or "system"
    id: str
    label: str
    roles: Mapping[str, Role]
    instance_admin: bool = False

    def may(self, permission: Permission, project_id: str | None) -> bool:
        """Returns whether the principal has `permission` in the project (`None`: on the
        instance)."""
        if self.instance_admin:
            return True
        role = self.roles.get(project_id or "")
        return role is not None and permission in ROLE_PERMISSIONS[role]

    def may_assign(self, role: Role, project_id: str) -> bool:
        """Returns whether the principal may give `role` to others: at most its own."""
        if self.instance_admin:
            return True
        own = self.roles.get(project_id)
        return own is not None and _RANKS.index(role) <= _RANKS.index(own)


@dataclass(frozen=True, slots=True)
class Access:
    """An authorized request: the principal and the project (empty for `Permission.INSTANCE`)."""

    principal: Principal
    project_id: str


# `require(Permission.X)` returns the FastAPI dependency that resolves the principal, finds the
# project (path, query, or the principal's only one), checks the permission, and yields `Access`.
RequirePermission = Callable[[Permission], Any]


@dataclass(frozen=True, slots=True)
class Project:
    """The isolation boundary. Times are Unix milliseconds."""

    id: str
    name: str
    policy: ProjectPolicy
    created_ms: int

    def audit_fields(self) -> dict[str, object]:
        """Returns the fields for the audit log."""
        return {
            "name": self.name,
            "on_spool_full": self.policy.on_spool_full,
            "capture_content": self.policy.capture_content,
        }


@dataclass(frozen=True, slots=True)
class User:
    """An account that can sign in."""

    id: str
    email: str
    instance_admin: bool
    created_ms: int

    def principal(self, roles: Mapping[str, Role]) -> Principal:
        """Returns the user as a principal, with their roles by project."""
        return Principal("user", self.id, self.email, roles, self.instance_admin)


@dataclass(frozen=True, slots=True)
class Member:
    """A user's membership in one project."""

    project_id: str
    user_id: str
    email: str
    role: Role
    created_ms: int

    def audit_fields(self) -> dict[str, object]:
        """Returns the fields for the audit log."""
        return {"email": self.email, "role": self.role.value}


class InvitationState(StrEnum):
    """The state of an invitation; only a pending one can be redeemed."""

    PENDING = "pending"
    REDEEMED = "redeemed"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Invitation:
    """A one-time link into a project. The user who redeems it becomes a member.

    `email` is a label. It is not verified, and no account is looked up by it.
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
    taken_count: int = 0  # how often a sign-in address was chosen that is already in use

    def audit_fields(self) -> dict[str, object]:
        """Returns the fields for the audit log: no token, no digest."""
        return {"email": self.email, "role": self.role.value, "expires_ms": self.expires_ms}


@dataclass(frozen=True, slots=True)
class Attributes:
    """Attributes that a key sets on its calls; they override the call's headers."""

    team: str = ""
    user: str = ""
    use_case: str = ""
    environment: str = ""
    segment: str = ""


@dataclass(frozen=True, slots=True)
class KeySecret:
    """One secret of a key, stored as a keyed digest; `prefix` identifies it for users."""

    digest: str = field(repr=False)
    prefix: str
    created_ms: int
    expires_ms: int | None = None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A virtual key. It calls models, and uses the REST API with the permissions of its role, if it
    has one. `secrets`: the newest first."""

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
        """Returns the first characters of the newest secret."""
        return self.secrets[0].prefix if self.secrets else ""

    def principal(self) -> Principal:
        """Returns the key as a principal."""
        roles = {self.project_id: self.role} if self.role else {}
        return Principal("key", self.id, self.name, roles, self.instance_admin)

    def audit_fields(self) -> dict[str, object]:
        """Returns the fields for the audit log: no digest, no secret."""
        return {
            "name": self.name,
            "prefix": self.prefix,
            "role": self.role.value if self.role else None,
            "allowed_models": list(self.allowed_models),
            "attributes": asdict(self.attributes),
            "expires_ms": self.expires_ms,
            "revoked_ms": self.revoked_ms,
        }
