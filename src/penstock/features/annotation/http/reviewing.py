"""`…/annotation/queues/{name}/next`, `…/mine`, `…/items/{item_id}/label`: annotators at work."""

from typing import Annotated

from fastapi import APIRouter, Depends

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.annotation.http.bodies import LabelBody, ReserveBody
from penstock.features.annotation.http.queues import PREFIX, TAGS
from penstock.features.annotation.http.views import ReviewedItemView
from penstock.features.annotation.service.queues import AnnotationQueues
from penstock.features.annotation.service.reviewing import Reviewing, ShownItem
from penstock.infra.web.pages import Cursor, Limit, Page, decode_cursor, page_of
from penstock.kernel.errors import InvalidRequest


def reviewing_routes(
    require: RequirePermission, reviewing: Reviewing, queues: AnnotationQueues
) -> APIRouter:
    """Returns the routes of annotators. They see no labels of others."""
    router = APIRouter(prefix=PREFIX, tags=[*TAGS])
    may_label = Depends(require(Permission.ANNOTATIONS_WRITE))

    @router.post("/{name}/next")
    def reserve_items(
        access: Annotated[Access, may_label], name: str, body: ReserveBody
    ) -> Page[ReviewedItemView]:
        """Reserves the next items for some minutes. Those that are reserved come again."""
        queue, found = reviewing.reserve(access.principal, access.project_id, name, body.count)
        suggests = queue.shows_suggestions
        return Page(items=[ReviewedItemView.of(each, suggests=suggests) for each in found])

    @router.get("/{name}/mine")
    def list_own_labels(
        access: Annotated[Access, may_label], name: str, cursor: Cursor = "", limit: Limit = 50
    ) -> Page[ReviewedItemView]:
        """Lists the items of which the caller said something, newest first."""
        before = _position(decode_cursor(cursor))
        found = reviewing.own(access.principal, access.project_id, name, before, limit + 1)
        suggests = queues.get(access.project_id, name)[0].shows_suggestions
        return page_of(
            found, limit, lambda each: ReviewedItemView.of(each, suggests=suggests), _place
        )

    @router.put("/{name}/items/{item_id}/label")
    def label_item(
        access: Annotated[Access, may_label], name: str, item_id: str, body: LabelBody
    ) -> ReviewedItemView:
        """Stores a label or a skip, in place of what the caller said before."""
        sent = body.submitted()
        found = reviewing.label(access.principal, access.project_id, name, item_id, sent)
        return ReviewedItemView.of(found, suggests=False)

    @router.delete("/{name}/items/{item_id}/label")
    def withdraw_label(
        access: Annotated[Access, may_label], name: str, item_id: str
    ) -> ReviewedItemView:
        """Takes back what the caller said of an item, and reserves it for them."""
        found = reviewing.withdraw(access.principal, access.project_id, name, item_id)
        return ReviewedItemView.of(found, suggests=False)

    return router


def _place(shown: ShownItem) -> str:
    return f"{shown.label.updated_ms}/{shown.item.id}" if shown.label else ""


def _position(text: str) -> tuple[int, str] | None:
    if not text:
        return None
    at, slash, item_id = text.partition("/")
    if not slash or not at.isdecimal() or len(at) > 18:
        raise InvalidRequest(
            "The cursor is not valid.", hint="Start without a cursor.", param="cursor"
        )
    return int(at), item_id
