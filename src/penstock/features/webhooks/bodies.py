"""Requests about webhooks."""

from typing import Annotated

from pydantic import Field, SecretStr

from penstock.features.webhooks.model import (
    MAX_URL_CHARS,
    NewWebhook,
    WebhookChange,
    WebhookEventType,
)
from penstock.infra.web.schemas import RequestBody

MAX_SECRET_CHARS = 100  # 64 bytes in base64, with the prefix
Events = Annotated[
    list[WebhookEventType],
    Field(max_length=len(WebhookEventType), default_factory=list[WebhookEventType]),
]
Secret = Annotated[SecretStr, Field(max_length=MAX_SECRET_CHARS)]


class WebhookBody(RequestBody):
    """A webhook to add. Without `events` it gets all. `private_allowed` lets it have a private
    address; only instance admins set it. Without `secret` one is made."""

    url: Annotated[str, Field(min_length=1, max_length=MAX_URL_CHARS)]
    events: Events
    private_allowed: bool = False
    secret: Secret | None = None

    def webhook(self) -> NewWebhook:
        """Returns the webhook to add."""
        events = tuple(dict.fromkeys(self.events))
        secret = self.secret.get_secret_value() if self.secret else ""
        return NewWebhook(self.url, events, self.private_allowed, secret)


class WebhookChangeBody(RequestBody):
    """Other values of a webhook; what is left out stays. No `events`: all."""

    events: Annotated[list[WebhookEventType], Field(max_length=len(WebhookEventType))] | None = None
    private_allowed: bool | None = None

    def change(self) -> WebhookChange:
        """Returns the change."""
        events = None if self.events is None else tuple(dict.fromkeys(self.events))
        return WebhookChange(events, self.private_allowed)


class WebhookSecretBody(RequestBody):
    """The secret of a webhook: `whsec_` and base64 of 24 to 64 bytes."""

    secret: Secret
