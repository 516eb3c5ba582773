"""Request and response bodies of the invitation routes."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, Field, SecretStr

from penstock.features.identity.http.schemas import Email, Password
from penstock.features.identity.model import InvitationState, Member, Role
from penstock.features.identity.service.invitations import IssuedInvitation, ListedInvitation, Offer
from penstock.infra.web.moments import moment_of
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
