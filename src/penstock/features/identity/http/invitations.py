"""`/api/v1/projects/{project_id}/invitations`: one-time links; `/api/v1/invitations`: redeem them.

Tokens are sent in request bodies, never in URLs, because URLs are logged.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from penstock.features.identity.http.access import RouteGuards, public
from penstock.features.identity.http.invitation_schemas import (
    InvitationRequest,
    InvitationTokenRequest,
    InvitationView,
    IssuedInvitationView,
    MembershipView,
    OfferView,
    RedemptionRequest,
)
from penstock.features.identity.http.schemas import SessionView
from penstock.features.identity.http.sessions import give_session
from penstock.features.identity.model import Access, Permission, Principal
from penstock.features.identity.service.invitations import InvitationService
from penstock.features.identity.service.sign_in import SignInService
from penstock.infra.web.pages import Cursor, Limit, Page, decode_cursor, page_of


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
