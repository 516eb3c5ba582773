"""Adds, changes and removes webhooks. A secret is shown when it is made, and never again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from penstock.features.access import Principal
from penstock.features.catalog.model import check_base_url
from penstock.features.context import Context
from penstock.features.webhooks import store
from penstock.features.webhooks.model import (
    MAX_WEBHOOKS,
    OVERLAP_MS,
    Webhook,
    WebhookEventType,
    WebhookMessage,
)
from penstock.features.webhooks.service.outbox import WebhookEvent, message_of
from penstock.infra.crypto import Sealer
from penstock.kernel.errors import Forbidden, InvalidRequest, NotFound
from penstock.kernel.time import rfc3339
from penstock.rules.webhook_signature import SECRET_LENGTH, written_secret


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """A webhook to add."""

    url: str
    events: tuple[WebhookEventType, ...] = ()
    private_allowed: bool = False


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
        if new.private_allowed and not actor.instance_admin:
            raise Forbidden(
                "Only an instance admin may allow a private address.",
                hint="Ask an instance admin to run `penstock webhook add … --private-allowed`.",
                code="private_needs_instance_admin",
                param="private_allowed",
            )
        url = _checked(new)
        webhook_id, key = self._context.new_id("whk"), self._context.random_bytes(SECRET_LENGTH)
        with self._context.database.write() as tx:
            if len(store.list_webhooks(tx.connection, project_id)) >= MAX_WEBHOOKS:
                raise InvalidRequest(f"A project has at most {MAX_WEBHOOKS} webhooks.")
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

    def rotate(self, actor: Principal, project_id: str, webhook_id: str) -> IssuedWebhook:
        """Makes a new secret. For a day messages are signed with both. Raises `NotFound`."""
        key = self._context.random_bytes(SECRET_LENGTH)
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


def get_webhook(
    connection: Connection, project_id: str, webhook_id: str, *, lock: bool = False
) -> Webhook:
    """Returns a webhook of a project. Raises `NotFound`."""
    found = store.find_webhook(connection, webhook_id, lock=lock)
    if found is None or found.project_id != project_id:
        raise NotFound("This project has no such webhook.", hint="List them: penstock webhook list")
    return found


def _checked(new: NewWebhook) -> str:
    """Returns the address. Raises `InvalidRequest` for one that is not allowed."""
    base, question, query = new.url.partition("?")
    try:
        checked = check_base_url(base, private_allowed=new.private_allowed, secret=False)
    except InvalidRequest as error:
        hint = "Give a public address such as https://hooks.example.org/penstock."
        if error.code == "private_address":
            hint = "An instance admin can allow it: penstock webhook add … --private-allowed"
        raise InvalidRequest(error.message, hint=hint, code=error.code, param="url") from None
    if not checked.startswith("https://") and not new.private_allowed:
        raise InvalidRequest(
            "Others could read what is sent with plain http.", hint="Use https.", param="url"
        )
    if not query.isascii() or not query.isprintable() or " " in query or "#" in query:
        raise InvalidRequest("The query of the address is not valid.", param="url")
    return checked + question + query
