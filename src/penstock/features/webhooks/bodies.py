"""Requests about webhooks."""

from typing import Annotated

from pydantic import Field

from penstock.features.webhooks.model import MAX_URL_CHARS, WebhookEventType
from penstock.infra.web.schemas import RequestBody


class WebhookBody(RequestBody):
    """A webhook to add. Without `events` it gets all. `private_allowed` lets it have a private
    address; only instance admins set it."""

    url: Annotated[str, Field(min_length=1, max_length=MAX_URL_CHARS)]
    events: Annotated[
        list[WebhookEventType],
        Field(max_length=len(WebhookEventType), default_factory=list[WebhookEventType]),
    ]
    private_allowed: bool = False
