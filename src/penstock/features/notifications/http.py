"""`/api/v1/notifications`: the inbox of the person who asks."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from penstock.features.access import Guards, Principal
from penstock.features.notifications.model import (
    MAX_COUNTED,
    MAX_MARKED,
    Notification,
    NotificationKind,
)
from penstock.features.notifications.service.inbox import NotificationInbox
from penstock.features.notifications.wording import sentence_of, subject_of
from penstock.infra.web.pages import Cursor, Limit, Page, decode_cursor, page_of
from penstock.infra.web.schemas import RequestBody
from penstock.kernel.errors import InvalidRequest

_Id = Annotated[str, Field(min_length=1, max_length=64)]


class SubjectView(BaseModel):
    """The subject of a notification. `type`: prompt, release, rollout, feedback, queue or gate;
    `place`: use case and environment of a release; `version`: of a prompt, 0 for none."""

    type: str
    id: str
    name: str
    place: str
    version: int


class NotificationView(BaseModel):
    """A notification: who (`actor`) did what (`sentence`), and what they wrote (`quote`)."""

    id: str
    project_id: str
    kind: NotificationKind
    at: str
    read: bool
    actor: str
    sentence: str
    quote: str
    subject: SubjectView

    @classmethod
    def of(cls, found: Notification) -> "NotificationView":
        stored, event = found.stored, found.event
        about = subject_of(event)
        return cls(
            id=stored.id,
            project_id=stored.project_id,
            kind=stored.kind,
            at=event.at,
            read=stored.read,
            actor=event.actor_label,
            sentence=sentence_of(event, stored.kind),
            quote=found.quote,
            subject=SubjectView(
                type=about.type,
                id=about.id,
                name=about.name,
                place=about.place,
                version=about.version,
            ),
        )


class UnreadView(BaseModel):
    """The number of unread notifications. `more`: there may be more; the count stops there."""

    unread: int
    more: bool

    @classmethod
    def of(cls, unread: int) -> "UnreadView":
        return cls(unread=unread, more=unread >= MAX_COUNTED)


class MarkedBody(RequestBody):
    """The notifications to mark: by `ids`, or all up to and including `until`, which is the newest
    one that the person has seen."""

    ids: Annotated[list[_Id], Field(max_length=MAX_MARKED, default_factory=list[str])]
    until: Annotated[str, Field(max_length=64)] = ""
    read: bool = True


class ChoiceBody(RequestBody):
    """The kinds that reach the person from now on."""

    kinds: Annotated[list[NotificationKind], Field(max_length=len(NotificationKind))]


class ChoiceView(BaseModel):
    """The kinds of notifications that the person gets."""

    kinds: list[NotificationKind]


def notification_routes(guards: Guards, inbox: NotificationInbox) -> APIRouter:
    """Returns the API's routes."""
    router = APIRouter(prefix="/api/v1/notifications", tags=["notifications"])
    reader = Depends(guards.signed_in)

    @router.get("")
    def list_notifications(
        principal: Annotated[Principal, reader],
        *,
        unread: bool = False,
        cursor: Cursor = "",
        limit: Limit = 50,
    ) -> Page[NotificationView]:
        """Lists the notifications of the person who asks, newest first, of the projects whose
        member they are."""
        before = decode_cursor(cursor)
        found = inbox.list_page(principal, before, limit + 1, unread=unread)
        return page_of(found, limit, NotificationView.of, lambda each: each.stored.id)

    @router.get("/unread")
    def count_unread(principal: Annotated[Principal, reader]) -> UnreadView:
        """Counts the unread ones."""
        return UnreadView.of(inbox.count_unread(principal))

    @router.post("/mark")
    def mark_notifications(principal: Annotated[Principal, reader], body: MarkedBody) -> UnreadView:
        """Marks notifications as read, or as unread."""
        if bool(body.ids) == bool(body.until):
            raise InvalidRequest("Name either ids, or the last one with `until`.", param="ids")
        which = body.until or body.ids
        return UnreadView.of(inbox.mark(principal, which, read=body.read))

    @router.get("/kinds")
    def get_kinds(principal: Annotated[Principal, reader]) -> ChoiceView:
        """Returns the kinds of notifications that the person gets."""
        return ChoiceView(kinds=sorted(inbox.wanted(principal)))

    @router.put("/kinds")
    def choose_kinds(principal: Annotated[Principal, reader], body: ChoiceBody) -> ChoiceView:
        """Sets the kinds of notifications that the person gets from now on."""
        inbox.choose(principal, body.kinds)
        return ChoiceView(kinds=sorted(inbox.wanted(principal)))

    return router
