"""`/api/v1/projects/{project_id}/webhooks`: addresses that hear what happens."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.webhooks.bodies import WebhookBody, WebhookChangeBody, WebhookSecretBody
from penstock.features.webhooks.model import (
    MessageState,
    Webhook,
    WebhookEventType,
    WebhookMessage,
)
from penstock.features.webhooks.service.webhooks import IssuedWebhook, WebhookService
from penstock.infra.web.moments import moment_of
from penstock.infra.web.pages import Limit, Page

_PREFIX = "/api/v1/projects/{project_id}/webhooks"


class WebhookView(BaseModel):
    """A webhook. `disabled`: why nothing is sent to it, empty while it is."""

    id: str
    url: str
    events: list[WebhookEventType]
    private_allowed: bool
    disabled: str
    created_at: datetime

    @classmethod
    def of(cls, webhook: Webhook) -> "WebhookView":
        return cls(
            id=webhook.id,
            url=webhook.url,
            events=list(webhook.events),
            private_allowed=webhook.private_allowed,
            disabled=webhook.disabled,
            created_at=moment_of(webhook.created_ms),
        )


class IssuedWebhookView(BaseModel):
    """A webhook with its new secret, which is not shown again."""

    webhook: WebhookView
    secret: str

    @classmethod
    def of(cls, issued: IssuedWebhook) -> "IssuedWebhookView":
        return cls(webhook=WebhookView.of(issued.webhook), secret=issued.secret)


class WebhookSecretComparisonView(BaseModel):
    """The result: the webhook has this secret, or not."""

    same: bool


class WebhookMessageView(BaseModel):
    """A message to a webhook. `status` and `problem`: the end of the last try; `next_try_at`: when
    it is tried again."""

    id: str
    event: WebhookEventType
    state: MessageState
    tries: int
    status: int
    problem: str
    created_at: datetime
    next_try_at: datetime | None

    @classmethod
    def of(cls, message: WebhookMessage) -> "WebhookMessageView":
        pending = message.state is MessageState.PENDING
        return cls(
            id=message.id,
            event=message.event,
            state=message.state,
            tries=message.tries,
            status=message.status,
            problem=message.problem,
            created_at=moment_of(message.created_ms),
            next_try_at=moment_of(message.next_ms) if pending else None,
        )


def webhook_routes(require: RequirePermission, webhooks: WebhookService) -> APIRouter:
    """Returns the API's routes."""
    router = APIRouter(prefix=_PREFIX, tags=["webhooks"])
    may_read = Depends(require(Permission.WEBHOOKS_READ))
    may_write = Depends(require(Permission.WEBHOOKS_WRITE))

    @router.get("")
    def list_webhooks(access: Annotated[Access, may_read]) -> Page[WebhookView]:
        """Lists the webhooks of the project."""
        return Page(items=[WebhookView.of(each) for each in webhooks.list(access.project_id)])

    @router.post("", status_code=201)
    def add_webhook(access: Annotated[Access, may_write], body: WebhookBody) -> IssuedWebhookView:
        """Adds a webhook; the answer has its secret."""
        return IssuedWebhookView.of(
            webhooks.add(access.principal, access.project_id, body.webhook())
        )

    @router.patch("/{webhook_id}")
    def change_webhook(
        access: Annotated[Access, may_write], webhook_id: str, body: WebhookChangeBody
    ) -> WebhookView:
        """Changes which events a webhook gets."""
        return WebhookView.of(
            webhooks.change(access.principal, access.project_id, webhook_id, body.change())
        )

    @router.delete("/{webhook_id}", status_code=204)
    def remove_webhook(access: Annotated[Access, may_write], webhook_id: str) -> None:
        """Removes a webhook with its log."""
        webhooks.remove(access.principal, access.project_id, webhook_id)

    @router.post("/{webhook_id}/enable")
    def enable_webhook(access: Annotated[Access, may_write], webhook_id: str) -> WebhookView:
        """Sends again to a webhook that was disabled."""
        return WebhookView.of(webhooks.enable(access.principal, access.project_id, webhook_id))

    @router.post("/{webhook_id}/test", status_code=202)
    def test_webhook(access: Annotated[Access, may_write], webhook_id: str) -> WebhookMessageView:
        """Sends a message of the type `webhook.test`; its end is in the log."""
        return WebhookMessageView.of(webhooks.test(access.project_id, webhook_id))

    @router.get("/{webhook_id}/messages")
    def list_messages(
        access: Annotated[Access, may_read], webhook_id: str, limit: Limit = 100
    ) -> Page[WebhookMessageView]:
        """Lists the messages of a webhook, newest first."""
        found = webhooks.messages(access.project_id, webhook_id, limit)
        return Page(items=[WebhookMessageView.of(each) for each in found])

    return router


def webhook_secret_routes(require: RequirePermission, webhooks: WebhookService) -> APIRouter:
    """Returns the routes of secrets."""
    router = APIRouter(prefix=_PREFIX, tags=["webhooks"])
    may_write = Depends(require(Permission.WEBHOOKS_WRITE))

    @router.post("/{webhook_id}/compare")
    def compare_webhook_secret(
        access: Annotated[Access, may_write], webhook_id: str, body: WebhookSecretBody
    ) -> WebhookSecretComparisonView:
        """Returns whether messages are signed with this secret. So a repeated `penstock apply`
        changes nothing."""
        secret = body.secret.get_secret_value()
        return WebhookSecretComparisonView(
            same=webhooks.matches(access.project_id, webhook_id, secret)
        )

    @router.post("/{webhook_id}/rotate")
    def rotate_webhook(
        access: Annotated[Access, may_write],
        webhook_id: str,
        body: WebhookSecretBody | None = None,
    ) -> IssuedWebhookView:
        """Makes a new secret, or takes the given one; for a day messages are signed with both."""
        secret = "" if body is None else body.secret.get_secret_value()
        return IssuedWebhookView.of(
            webhooks.rotate(access.principal, access.project_id, webhook_id, secret)
        )

    return router
