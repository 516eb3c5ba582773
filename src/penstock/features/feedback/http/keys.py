"""`/api/v1/projects/{project_id}/feedback-keys`: public keys of web pages."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.feedback.model import (
    MAX_ORIGIN_CHARS,
    MAX_ORIGINS,
    MAX_PER_MINUTE,
    FeedbackKey,
)
from penstock.features.feedback.service.keys import FeedbackKeyService
from penstock.infra.web.moments import moment_of
from penstock.infra.web.pages import Page
from penstock.infra.web.schemas import Name, RequestBody


class FeedbackKeyBody(RequestBody):
    """A new public key. `origins`: the web pages that may use it. `per_minute`: requests of all
    their users together."""

    name: Name
    origins: Annotated[
        list[Annotated[str, Field(max_length=MAX_ORIGIN_CHARS)]],
        Field(min_length=1, max_length=MAX_ORIGINS),
    ]
    per_minute: Annotated[int, Field(ge=1, le=MAX_PER_MINUTE)] = 600


class FeedbackKeyView(BaseModel):
    """A public key. It is no secret: everybody who opens the page can read it."""

    id: str
    name: str
    key: str
    origins: list[str]
    per_minute: int
    created_at: datetime

    @classmethod
    def of(cls, key: FeedbackKey) -> "FeedbackKeyView":
        return cls(
            id=key.id,
            name=key.name,
            key=key.key,
            origins=list(key.origins),
            per_minute=key.per_minute,
            created_at=moment_of(key.created_ms),
        )


def feedback_key_routes(require: RequirePermission, keys: FeedbackKeyService) -> APIRouter:
    """Returns the routes of public keys."""
    router = APIRouter(prefix="/api/v1/projects/{project_id}/feedback-keys", tags=["feedback"])
    may_read = Depends(require(Permission.KEYS_READ))
    may_write = Depends(require(Permission.KEYS_WRITE))

    @router.get("")
    def list_feedback_keys(access: Annotated[Access, may_read]) -> Page[FeedbackKeyView]:
        """Lists the public keys of the project, oldest first."""
        return Page(items=[FeedbackKeyView.of(each) for each in keys.list_all(access.project_id)])

    @router.post("", status_code=201)
    def add_feedback_key(
        access: Annotated[Access, may_write], body: FeedbackKeyBody
    ) -> FeedbackKeyView:
        """Creates a public key."""
        return FeedbackKeyView.of(
            keys.add(access.principal, access.project_id, body.name, body.origins, body.per_minute)
        )

    @router.delete("/{key_id}", status_code=204)
    def remove_feedback_key(access: Annotated[Access, may_write], key_id: str) -> None:
        """Deletes a public key; pages cannot use it from now on."""
        keys.remove(access.principal, access.project_id, key_id)

    return router
