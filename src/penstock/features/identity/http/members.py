"""`/api/v1/projects/{project_id}/members`, and password resets."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from penstock.features.access import Access, Permission, Role
from penstock.features.identity.http.access import RouteGuards
from penstock.features.identity.model import Member
from penstock.features.identity.service.members import MemberService
from penstock.infra.web.moments import moment_of
from penstock.infra.web.pages import Cursor, Limit, Page, decode_cursor, page_of
from penstock.infra.web.schemas import RequestBody


class RoleChangeRequest(RequestBody):
    role: Role


class MemberView(BaseModel):
    user_id: str
    email: str
    role: Role
    created_at: datetime

    @classmethod
    def of(cls, member: Member) -> "MemberView":
        return cls(
            user_id=member.user_id,
            email=member.email,
            role=member.role,
            created_at=moment_of(member.created_ms),
        )


class IssuedPasswordView(BaseModel):
    """A new password, which is returned only once."""

    password: str


def member_routes(guards: RouteGuards, members: MemberService) -> APIRouter:
    """Returns the routes of members."""
    router = APIRouter(prefix="/api/v1", tags=["members"])
    may_read = Depends(guards.require(Permission.MEMBERS_READ))
    may_write = Depends(guards.require(Permission.MEMBERS_WRITE))

    @router.get("/projects/{project_id}/members")
    def list_members(
        access: Annotated[Access, may_read], limit: Limit = 100, cursor: Cursor = ""
    ) -> Page[MemberView]:
        """Lists the members of the project."""
        found = members.list_page(access.project_id, decode_cursor(cursor), limit + 1)
        return page_of(found, limit, MemberView.of, lambda member: member.user_id)

    @router.patch("/projects/{project_id}/members/{user_id}")
    def change_role(
        access: Annotated[Access, may_write], user_id: str, body: RoleChangeRequest
    ) -> MemberView:
        """Changes a member's role. Only owners may add and remove owners."""
        member = members.change_role(access.principal, access.project_id, user_id, body.role)
        return MemberView.of(member)

    @router.delete("/projects/{project_id}/members/{user_id}", status_code=204)
    def remove_member(access: Annotated[Access, may_write], user_id: str) -> None:
        """Removes a member. The last owner cannot be removed."""
        members.remove(access.principal, access.project_id, user_id)

    @router.post("/users/{user_id}/password")
    def reset_password(
        access: Annotated[Access, Depends(guards.require(Permission.INSTANCE))], user_id: str
    ) -> IssuedPasswordView:
        """Sets a new random password, returned only once, and ends the user's sessions."""
        return IssuedPasswordView(password=members.reset_password(access.principal, user_id))

    return router
