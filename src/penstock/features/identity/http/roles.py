"""`/api/v1/roles`: what each role may do."""

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from penstock.features.access import ROLE_PERMISSIONS, Permission, Role
from penstock.features.identity.http.access import RouteGuards


class RoleView(BaseModel):
    """A role of a project and its permissions."""

    role: Role
    permissions: list[Permission]


class RolesView(BaseModel):
    """All roles, from the fewest to the most permissions."""

    items: list[RoleView]


def role_routes(guards: RouteGuards) -> APIRouter:
    """Returns the route."""
    router = APIRouter(prefix="/api/v1/roles", tags=["members"])

    @router.get("", dependencies=[Depends(guards.signed_in)])
    def list_roles() -> RolesView:
        """Returns what each role may do in a project."""
        return RolesView(
            items=[
                RoleView(role=role, permissions=sorted(permissions))
                for role, permissions in ROLE_PERMISSIONS.items()
            ]
        )

    return router
