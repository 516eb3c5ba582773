"""What the routes of invitations take and give."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, Field, SecretStr

from penstock.features.identity.http.schemas import Email, Password, RequestBody
from penstock.features.identity.model import InvitationState, Member, Role
from penstock.features.identity.service.invitations import IssuedInvitation, ListedInvitation, Offer
from penstock.infra.web.moments import moment_of

Token = Annotated[SecretStr, Field(min_length=1, max_length=100)]


class InvitationRequest(RequestBody):
    """Whom to invite. `email` is a label: it is not checked, and nothing is looked up by it."""

    email: Email
    role: Role


class InvitationView(BaseModel):
    """An invitation. `redeemed_by`: the address with which who redeemed it signs in."""

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
    """An invitation with its token, which is told this once. `path` is the page of the console that
    redeems it: put the server's own address before it."""

    invitation: InvitationView
    token: str
    path: str

    @classmethod
    def of(cls, new: IssuedInvitation) -> Self:
        listed = ListedInvitation(new.invitation, InvitationState.PENDING)
        # In the fragment: browsers send it to no server, so it stands in no log and no Referer.
        path = f"/invitation#{new.token}"
        return cls(invitation=InvitationView.of(listed), token=new.token, path=path)


class InvitationTokenRequest(RequestBody):
    """The token of a link."""

    token: Token


class RedemptionRequest(RequestBody):
    """A new person: the address and password that they want to sign in with."""

    token: Token
    email: Email
    password: Password


class OfferView(BaseModel):
    """Where a link leads. `email` is what whoever made it wrote down for whom it is;
    `invited_by` is empty where a key made it."""

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
    """The project that one is a member of now, and the role."""

    project_id: str
    role: Role

    @classmethod
    def of(cls, member: Member) -> Self:
        return cls(project_id=member.project_id, role=member.role)
