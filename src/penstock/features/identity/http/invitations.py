"""`/api/v1/projects/{project_id}/invitations`: one-time links; `/api/v1/invitations`: redeem them.

Tokens are sent in request bodies, never in URLs, because URLs are logged.
"""

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field, SecretStr

from penstock.features.access import Access, Permission, Principal, Role, public
from penstock.features.identity.http.access import RouteGuards
from penstock.features.identity.http.sessions import Email, Password, SessionView, give_session
from penstock.features.identity.model import InvitationState, Member
from penstock.features.identity.service.invitations import (
    InvitationService,
    IssuedInvitation,
    ListedInvitation,
    Offer,
)
from penstock.features.identity.service.sign_in import SignInService
from penstock.infra.web.moments import moment_of
from penstock.infra.web.pages import Cursor, Limit, Page, decode_cursor, page_of
from penstock.infra.web.schemas import RequestBody

Token = Annotated[SecretStr, Field(min_length=1, max_length=100)]


class InvitationRequest(RequestBody):
    """A new invitation. `email` is a label: it is not verified, and no account is looked up by
    it."""

    email: Email
    role: Role


class InvitationView(BaseModel):
    """An invitation. `redeemed_by`: the sign-in address of the user who redeemed it."""

    id: str
    email: str
    role: Role
    state: InvitationState
    invited_by: str
    created_at: datetime
    expires_at: datetime
    redeemed_by: str

    @classmethod
    def of(cls, listed: ListedInvitation) -> Self:
        invitation = listed.invitation
        return cls(
            id=invitation.id,
            email=invitation.email,
            role=invitation.role,
            state=listed.state,
            invited_by=invitation.inviter_label,
            created_at=moment_of(invitation.created_ms),
            expires_at=moment_of(invitation.expires_ms),
            redeemed_by=listed.redeemed_by,
        )


class IssuedInvitationView(BaseModel):
    """A new invitation with its token, which is shown only once. `path` is the console page that
    redeems it: add the server's address in front."""

    invitation: InvitationView
    token: str
    path: str

    @classmethod
    def of(cls, new: IssuedInvitation) -> Self:
        listed = ListedInvitation(new.invitation, InvitationState.PENDING)
        # In the fragment: browsers never send it, so it appears in no log and no Referer.
        path = f"/invitation#{new.token}"
        return cls(invitation=InvitationView.of(listed), token=new.token, path=path)


class InvitationTokenRequest(RequestBody):
    """The token of an invitation link."""

    token: Token


class RedemptionRequest(RequestBody):
    """A new account: the sign-in address and the password that the user chose."""

    token: Token
    email: Email
    password: Password


class OfferView(BaseModel):
    """The content of an invitation link. `email` is the label that the inviter gave it;
    `invited_by` is empty if it was created with a key."""

    project_name: str
    role: Role
    email: str
    invited_by: str
    expires_at: datetime

    @classmethod
    def of(cls, offer: Offer) -> Self:
        invitation = offer.invitation
        return cls(
            project_name=offer.project.name,
            role=invitation.role,
            email=invitation.email,
            invited_by=invitation.inviter_label if invitation.inviter_kind == "user" else "",
            expires_at=moment_of(invitation.expires_ms),
        )


class MembershipView(BaseModel):
    """The membership that an invitation gave: project and role."""

    project_id: str
    role: Role

    @classmethod
    def of(cls, member: Member) -> Self:
        return cls(project_id=member.project_id, role=member.role)


def invitation_routes(guards: RouteGuards, invitations: InvitationService) -> APIRouter:
    """Returns the routes that manage a project's invitations."""
    router = APIRouter(prefix="/api/v1/projects/{project_id}/invitations", tags=["invitations"])
    may_write = Depends(guards.require(Permission.MEMBERS_WRITE))

    @router.get("")
    def list_invitations(
        access: Annotated[Access, may_write], limit: Limit = 100, cursor: Cursor = ""
    ) -> Page[InvitationView]:
        """Lists the project's invitations, oldest first. Redeemed, revoked and expired ones are
        listed until 30 days after their expiry."""
        found = invitations.list_page(access.project_id, decode_cursor(cursor), limit + 1)
        return page_of(found, limit, InvitationView.of, lambda each: each.invitation.id)

    @router.post("", status_code=201)
    def invite(
        access: Annotated[Access, may_write], body: InvitationRequest
    ) -> IssuedInvitationView:
        """Creates a one-time link, valid for a week and shown only once. Send it to the user who
        should join."""
        new = invitations.invite(access.principal, access.project_id, body.email, body.role)
        return IssuedInvitationView.of(new)

    @router.delete("/{invitation_id}", status_code=204)
    def revoke_invitation(access: Annotated[Access, may_write], invitation_id: str) -> None:
        """Revokes a pending invitation."""
        invitations.revoke(access.principal, access.project_id, invitation_id)

    return router


def redemption_routes(
    guards: RouteGuards,
    invitations: InvitationService,
    sign_in: SignInService,
    *,
    secure_cookie: bool,
) -> APIRouter:
    """Returns the routes that an invited user calls."""
    router = APIRouter(prefix="/api/v1/invitations", tags=["invitations"])

    @router.post("/look", dependencies=[Depends(public)])
    def preview_invitation(body: InvitationTokenRequest) -> OfferView:
        """Returns the content of a link; 404 or 409 if it cannot be redeemed."""
        return OfferView.of(invitations.preview(body.token.get_secret_value()))

    @router.post("/accept")
    def accept_invitation(
        principal: Annotated[Principal, Depends(guards.signed_in)], body: InvitationTokenRequest
    ) -> MembershipView:
        """Makes the signed-in user a member. Their sign-in address does not matter."""
        return MembershipView.of(invitations.accept(principal, body.token.get_secret_value()))

    @router.post("/redeem", dependencies=[Depends(public)])
    def redeem_invitation(body: RedemptionRequest, response: Response) -> SessionView:
        """Creates an account with the given address and password, makes it a member, and signs it
        in. 409 `address_taken`: choose another address, or sign in and accept."""
        user = invitations.redeem(
            body.token.get_secret_value(), body.email, body.password.get_secret_value()
        )
        return give_session(sign_in.start(user), response, secure_cookie=secure_cookie)

    return router
