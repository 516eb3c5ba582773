"""Adds, changes and removes webhooks. A secret is shown when it is made, and never again."""

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from penstock.features.access import Principal
from penstock.features.context import Context
from penstock.features.webhooks import store
from penstock.features.webhooks.addresses import check_url
from penstock.features.webhooks.model import (
    MAX_WEBHOOKS,
    OVERLAP_MS,
    NewWebhook,
    Webhook,
    WebhookChange,
    WebhookEventType,
    WebhookMessage,
)
from penstock.features.webhooks.service.outbox import WebhookEvent, message_of
from penstock.infra.crypto import Sealer
from penstock.kernel.errors import Conflict, Forbidden, InvalidRequest, NotFound
from penstock.kernel.time import rfc3339
from penstock.rules.webhook_signature import SECRET_LENGTH, read_secret, written_secret


@dataclass(frozen=True, slots=True)
class IssuedWebhook:
    """A webhook with its new secret."""

    webhook: Webhook
    secret: str = field(repr=False)


class WebhookService:
    """Use cases of webhooks. `last_sequence` returns the number of a project's newest audited
    event."""

    def __init__(
        self, context: Context, sealer: Sealer, last_sequence: Callable[[Connection, str], int]
    ) -> None:
        self._context = context
        self._sealer = sealer
        self._last_sequence = last_sequence

    def list(self, project_id: str) -> Sequence[Webhook]:
        """Returns the webhooks of a project."""
        with self._context.database.read() as connection:
            return store.list_webhooks(connection, project_id)

    def add(self, actor: Principal, project_id: str, new: NewWebhook) -> IssuedWebhook:
        """Adds a webhook, which hears of what happens from now on. Raises `InvalidRequest` for an
        address that is not allowed, `Forbidden` for a private one by a member."""
        _require_private(actor, allowed=new.private_allowed)
        url = check_url(new.url, private_allowed=new.private_allowed)
        webhook_id, key = self._context.new_id("whk"), self._key(new.secret)
        with self._context.database.write() as tx:
            present = store.list_webhooks(tx.connection, project_id)
            if len(present) >= MAX_WEBHOOKS:
                raise InvalidRequest(f"A project has at most {MAX_WEBHOOKS} webhooks.")
            if any(each.url == url for each in present):
                raise Conflict(
                    "This project has a webhook with this address.",
                    hint="Change its events: penstock webhook list",
                    code="webhook_exists",
                    param="url",
                )
            webhook = Webhook(
                webhook_id,
                project_id,
                url,
                new.events,
                new.private_allowed,
                self._last_sequence(tx.connection, project_id),
                self._context.now_ms(),
                sealed=self._sealer.seal(key, webhook_id.encode()),
            )
            store.save_webhook(tx.connection, webhook)
            self._context.audit_log.append(
                tx, actor, project_id, "webhook.add", webhook_id, after=webhook.audit_fields()
            )
        return IssuedWebhook(webhook, written_secret(key))

    def change(
        self, actor: Principal, project_id: str, webhook_id: str, change: WebhookChange
    ) -> Webhook:
        """Changes which events a webhook gets. Raises as `add`, and `NotFound`."""
        with self._context.database.write() as tx:
            before = get_webhook(tx.connection, project_id, webhook_id, lock=True)
            after = replace(
                before,
                events=before.events if change.events is None else change.events,
                private_allowed=before.private_allowed
                if change.private_allowed is None
                else change.private_allowed,
            )
            if after == before:
                return before
            if after.private_allowed != before.private_allowed:
                _require_private(actor, allowed=after.private_allowed)
                check_url(after.url, private_allowed=after.private_allowed)
            store.save_webhook(tx.connection, after)
            self._context.audit_log.append(
                tx,
                actor,
                project_id,
                "webhook.change",
                webhook_id,
                before=before.audit_fields(),
                after=after.audit_fields(),
            )
        return after

    def matches(self, project_id: str, webhook_id: str, secret: str) -> bool:
        """Returns whether messages of a webhook are signed with this secret. Raises `NotFound`."""
        with self._context.database.read() as connection:
            webhook = get_webhook(connection, project_id, webhook_id)
        stored = self._sealer.open(webhook.sealed, webhook_id.encode())
        return hmac.compare_digest(stored, self._key(secret))

    def rotate(
        self, actor: Principal, project_id: str, webhook_id: str, secret: str = ""
    ) -> IssuedWebhook:
        """Replaces the secret, by a new one if none is given. For a day messages are signed with
        both. Raises `NotFound`, `InvalidRequest`."""
        key = self._key(secret)
        with self._context.database.write() as tx:
            before = get_webhook(tx.connection, project_id, webhook_id, lock=True)
            after = replace(
                before,
                sealed=self._sealer.seal(key, webhook_id.encode()),
                old_sealed=before.sealed,
                old_until_ms=self._context.now_ms() + OVERLAP_MS,
            )
            store.save_webhook(tx.connection, after)
            self._context.audit_log.append(tx, actor, project_id, "webhook.rotate", webhook_id)
        return IssuedWebhook(after, written_secret(key))

    def enable(self, actor: Principal, project_id: str, webhook_id: str) -> Webhook:
        """Sends again to a webhook that was disabled. What happened meanwhile is reported, too.
        Raises `NotFound`."""
        with self._context.database.write() as tx:
            before = get_webhook(tx.connection, project_id, webhook_id, lock=True)
            after = replace(before, disabled="", failing_since_ms=None)
            store.save_webhook(tx.connection, after)
            self._context.audit_log.append(tx, actor, project_id, "webhook.enable", webhook_id)
        return after

    def remove(self, actor: Principal, project_id: str, webhook_id: str) -> None:
        """Removes a webhook with its log. Raises `NotFound`."""
        with self._context.database.write() as tx:
            before = get_webhook(tx.connection, project_id, webhook_id, lock=True)
            store.remove_webhook(tx.connection, webhook_id)
            self._context.audit_log.append(
                tx, actor, project_id, "webhook.remove", webhook_id, before=before.audit_fields()
            )

    def test(self, project_id: str, webhook_id: str) -> WebhookMessage:
        """Sends a message of the type `webhook.test`. Raises `NotFound`."""
        now_ms = self._context.now_ms()
        with self._context.database.write() as tx:
            webhook = get_webhook(tx.connection, project_id, webhook_id)
            source, at = self._context.new_id("evt"), rfc3339(now_ms * 10**6)
            event = WebhookEvent(source, WebhookEventType.TEST, at, {"project_id": project_id})
            message = message_of(webhook, event, now_ms)
            store.add_message(tx.connection, message)
        return message

    def messages(self, project_id: str, webhook_id: str, limit: int) -> Sequence[WebhookMessage]:
        """Returns the log of a webhook, newest first. Raises `NotFound`."""
        with self._context.database.read() as connection:
            get_webhook(connection, project_id, webhook_id)
            return store.list_messages(connection, webhook_id, limit)

    def _key(self, secret: str) -> bytes:
        """The key of a secret, a random one without. Raises `InvalidRequest`."""
        try:
            return read_secret(secret) if secret else self._context.random_bytes(SECRET_LENGTH)
        except ValueError as error:
            raise InvalidRequest(str(error), param="secret") from None


def _require_private(actor: Principal, *, allowed: bool) -> None:
    if allowed and not actor.instance_admin:
        raise Forbidden(
            "Only an instance admin may allow a private address.",
            hint="Ask an instance admin to run `penstock webhook add … --private-allowed`.",
            code="private_needs_instance_admin",
            param="private_allowed",
        )


def get_webhook(
    connection: Connection, project_id: str, webhook_id: str, *, lock: bool = False
) -> Webhook:
    """Returns a webhook of a project. Raises `NotFound`."""
    found = store.find_webhook(connection, webhook_id, lock=lock)
    if found is None or found.project_id != project_id:
        raise NotFound("This project has no such webhook.", hint="List them: penstock webhook list")
    return found
