"""Roles, permissions and principals: the pure half of access control.

Every route names one `Permission`; what is not granted here is denied.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final


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


@dataclass(frozen=True, slots=True)
class Access:
    """A granted request: who, in which project (empty for `Permission.INSTANCE`)."""

    principal: Principal
    project_id: str


# `allow(Permission.X)` gives the FastAPI dependency that resolves the principal, finds the project
# (path, then query, then the principal's only one), checks the grant and yields an `Access`.
Allow = Callable[[Permission], Any]
