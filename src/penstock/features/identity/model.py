"""Values of identity: projects, users, members, invitations, keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from penstock.features.access import SCOPE_PERMISSIONS, KeyScope, Permission, Principal, Role
from penstock.rules.snapshot.access import ProjectPolicy


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
class KeySecret:
    """One secret of a key, stored as a keyed digest; `prefix` identifies it for users."""

    digest: str = field(repr=False)
    prefix: str
    created_ms: int
    expires_ms: int | None = None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A virtual key. It calls models, and uses the REST API with the permissions of its role, if it
    has one. With `scopes` (then without a role) it may do just these. `secrets`: the newest
    first."""

    id: str
    project_id: str
    name: str
    role: Role | None
    instance_admin: bool
    allowed_models: tuple[str, ...]
    attributes: Mapping[str, str]  # call attributes that the key sets, by name
    created_ms: int
    expires_ms: int | None
    revoked_ms: int | None = None
    secrets: tuple[KeySecret, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])  # of its calls
    scopes: tuple[KeyScope, ...] = ()
    priority: str = "normal"  # the highest of its calls: `rules.priorities`
    strict_hints: bool = False  # hints that a provider does not have are rejected
    issuers: tuple[str, ...] = ()  # the ids of all who have had a secret of it

    @property
    def prefix(self) -> str:
        """Returns the first characters of the newest secret."""
        return self.secrets[0].prefix if self.secrets else ""

    def principal(self) -> Principal:
        """Returns the key as a principal."""
        roles = {self.project_id: self.role} if self.role else {}
        allowed = set[Permission]().union(*(SCOPE_PERMISSIONS[each] for each in self.scopes))
        scopes = {self.project_id: frozenset(allowed)} if allowed else {}
        return Principal(
            "key",
            self.id,
            self.name,
            roles,
            self.instance_admin,
            scopes,
            frozenset(self.issuers),
        )

    def audit_fields(self) -> dict[str, object]:
        """Returns the fields for the audit log: no digest, no secret."""
        return {
            "name": self.name,
            "prefix": self.prefix,
            "role": self.role.value if self.role else None,
            "allowed_models": list(self.allowed_models),
            "attributes": dict(self.attributes),
            "tags": dict(self.tags),
            "scopes": [each.value for each in self.scopes],
            "priority": self.priority,
            "strict_hints": self.strict_hints,
            "expires_ms": self.expires_ms,
            "revoked_ms": self.revoked_ms,
        }
