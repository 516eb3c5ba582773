"""Writes the messages of webhooks: from the audit log, which has each change in its own
transaction, and from feedback before it is acknowledged. So a crash loses nothing, and an event is
reported once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection

from penstock.features.background import each_alone
from penstock.features.context import Context
from penstock.features.webhooks import store
from penstock.features.webhooks.model import (
    MAX_MESSAGE_BYTES,
    MAX_PENDING,
    AuditedChange,
    Webhook,
    WebhookEventType,
    WebhookMessage,
    event_of,
)
from penstock.kernel.digests import canonical_json
from penstock.kernel.time import rfc3339

_SHORT: Final = ("project_id", "subject", "id")  # what a message has in any case
_EVENTS: Final = 200  # audited events of one look

ChangesAfter = Callable[[Connection, str, int, int], Sequence[AuditedChange]]
"""Returns audited events of a project after a number, oldest first, up to a limit."""


class WebhookOutbox:
    """Turns events into messages."""

    def __init__(self, context: Context, changes: ChangesAfter) -> None:
        self._context = context
        self._changes = changes

    def look(self) -> None:
        """Writes messages for the audited events since the last look."""
        with self._context.database.read() as connection:
            behind = [
                each.id
                for each in store.list_webhooks(connection)
                if not each.disabled and self._changes(connection, each.project_id, each.seen, 1)
            ]
        each_alone(behind, self._advance)

    def feedback(self, project_id: str, scores: Sequence[Mapping[str, Any]]) -> None:
        """Writes messages for feedback; its ids name the events."""
        with self._context.database.read() as connection:
            found = store.list_webhooks(connection, project_id)
        wanting = [each for each in found if each.wants(WebhookEventType.FEEDBACK)]
        if not wanting:
            return
        now_ms = self._context.now_ms()
        at = rfc3339(now_ms * 10**6)
        with self._context.database.write() as tx:
            for webhook in wanting:
                free = MAX_PENDING - store.count_pending(tx.connection, webhook.id)
                for each in scores[: max(free, 0)]:
                    source = f"{each['id']}_{each['time_ns']}"
                    event = WebhookEvent(source, WebhookEventType.FEEDBACK, at, each)
                    store.add_message(tx.connection, message_of(webhook, event, now_ms))

    def _advance(self, webhook_id: str) -> None:
        now_ms = self._context.now_ms()
        with self._context.database.write() as tx:
            webhook = store.find_webhook(tx.connection, webhook_id, lock=True)
            if webhook is None or webhook.disabled:
                return
            if store.count_pending(tx.connection, webhook_id) + _EVENTS > MAX_PENDING:
                return  # the audit log keeps what comes until there is space
            changes = self._changes(tx.connection, webhook.project_id, webhook.seen, _EVENTS)
            for change in changes:
                kind = event_of(change)
                if kind is not None and webhook.wants(kind):
                    event = WebhookEvent(change.id, kind, change.at, _data(change, webhook))
                    store.add_message(tx.connection, message_of(webhook, event, now_ms))
            if changes:
                store.set_seen(tx.connection, webhook_id, changes[-1].sequence)


def _data(change: AuditedChange, webhook: Webhook) -> dict[str, Any]:
    return {
        "project_id": webhook.project_id,
        "subject": change.subject,
        "actor": change.actor_label,
        "details": change.after,
    }


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """An event. `source` names it in its project; `data` says what happened."""

    source: str
    type: WebhookEventType
    at: str
    data: Mapping[str, Any]


def message_of(webhook: Webhook, event: WebhookEvent, now_ms: int) -> WebhookMessage:
    """Returns the message for an event; what does not fit into it is left out."""
    content = {"type": event.type.value, "timestamp": event.at, "data": dict(event.data)}
    body = canonical_json(content)
    if len(body) > MAX_MESSAGE_BYTES:
        kept = {name: event.data[name] for name in _SHORT if name in event.data}
        body = canonical_json(content | {"data": kept | {"truncated": True}})
    message_id = f"msg_{event.source}"
    return WebhookMessage(message_id, webhook.id, event.type, body.decode(), now_ms, now_ms)
