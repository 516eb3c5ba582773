"""The tables of webhooks and their messages. Functions take a connection and return values."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)

from penstock.features.webhooks.model import (
    MAX_KEPT,
    MessageState,
    Webhook,
    WebhookEventType,
    WebhookMessage,
)

METADATA: Final = MetaData()
WEBHOOKS: Final = Table(
    "webhooks",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("project_id", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("events", JSON, nullable=False),
    Column("private_allowed", Boolean, nullable=False),
    Column("seen", BigInteger, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("failing_since_ms", BigInteger),
    Column("disabled", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("old_sealed", LargeBinary, nullable=False),
    Column("old_until_ms", BigInteger, nullable=False),
    Index("webhooks_by_project", "project_id", "id"),
)
MESSAGES: Final = Table(
    "webhook_messages",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("webhook_id", Text, primary_key=True),
    Column("event", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("next_ms", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("status", Integer, nullable=False),
    Column("problem", Text, nullable=False),
    Index("webhook_messages_due", "state", "next_ms"),
    Index("webhook_messages_log", "webhook_id", "created_ms"),
)


def save_webhook(connection: Connection, webhook: Webhook) -> None:
    """Stores a webhook, in place of the one with its id."""
    connection.execute(delete(WEBHOOKS).where(WEBHOOKS.c.id == webhook.id))
    events = [each.value for each in webhook.events]
    connection.execute(insert(WEBHOOKS).values(asdict(webhook) | {"events": events}))


def set_seen(connection: Connection, webhook_id: str, seen: int) -> None:
    """Stores the number of the last audited event that was looked at."""
    connection.execute(update(WEBHOOKS).where(WEBHOOKS.c.id == webhook_id).values(seen=seen))


def remove_webhook(connection: Connection, webhook_id: str) -> None:
    """Deletes a webhook with its messages."""
    connection.execute(delete(MESSAGES).where(MESSAGES.c.webhook_id == webhook_id))
    connection.execute(delete(WEBHOOKS).where(WEBHOOKS.c.id == webhook_id))


def find_webhook(connection: Connection, webhook_id: str, *, lock: bool = False) -> Webhook | None:
    """Returns a webhook, if it exists; with `lock` nobody else changes it until the end of the
    transaction."""
    query = select(WEBHOOKS).where(WEBHOOKS.c.id == webhook_id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else _webhook(row)


def list_webhooks(connection: Connection, project_id: str | None = None) -> list[Webhook]:
    """Returns the webhooks of a project, or of all, oldest first."""
    query = select(WEBHOOKS).order_by(WEBHOOKS.c.id)
    if project_id is not None:
        query = query.where(WEBHOOKS.c.project_id == project_id)
    return [_webhook(row) for row in connection.execute(query)]


def add_message(connection: Connection, message: WebhookMessage) -> bool:
    """Stores a new message. Returns whether it is new: an id is reported once."""
    where = (MESSAGES.c.id == message.id, MESSAGES.c.webhook_id == message.webhook_id)
    if connection.execute(select(MESSAGES.c.id).where(*where)).first() is not None:
        return False
    connection.execute(insert(MESSAGES).values(asdict(message)))
    return True


def save_message(connection: Connection, message: WebhookMessage) -> None:
    """Stores a changed message; of those that are over, the oldest ones go."""
    where = (MESSAGES.c.id == message.id, MESSAGES.c.webhook_id == message.webhook_id)
    connection.execute(update(MESSAGES).where(*where).values(asdict(message)))
    if message.state is MessageState.PENDING:
        return
    over = (
        MESSAGES.c.webhook_id == message.webhook_id,
        MESSAGES.c.state != MessageState.PENDING.value,
    )
    newest = select(MESSAGES.c.created_ms).where(*over).order_by(MESSAGES.c.created_ms.desc())
    oldest = connection.execute(newest.offset(MAX_KEPT).limit(1)).scalar()
    if oldest is not None:
        connection.execute(delete(MESSAGES).where(*over, MESSAGES.c.created_ms <= oldest))


def count_pending(connection: Connection, webhook_id: str) -> int:
    """Returns how many messages wait for a webhook."""
    query = select(func.count()).select_from(MESSAGES)
    mine = MESSAGES.c.webhook_id == webhook_id
    pending = MESSAGES.c.state == MessageState.PENDING.value
    return connection.execute(query.where(mine, pending)).scalar_one()


def due_messages(
    connection: Connection, webhook_id: str, now_ms: int, limit: int
) -> list[WebhookMessage]:
    """Returns messages of a webhook to send now, the longest due first."""
    query = select(MESSAGES).where(
        MESSAGES.c.webhook_id == webhook_id,
        MESSAGES.c.state == MessageState.PENDING.value,
        MESSAGES.c.next_ms <= now_ms,
    )
    rows = connection.execute(query.order_by(MESSAGES.c.next_ms, MESSAGES.c.id).limit(limit))
    return [_message(row) for row in rows]


def list_messages(connection: Connection, webhook_id: str, limit: int) -> Sequence[WebhookMessage]:
    """Returns messages of a webhook, newest first."""
    query = select(MESSAGES).where(MESSAGES.c.webhook_id == webhook_id)
    order = (MESSAGES.c.created_ms.desc(), MESSAGES.c.id.desc())
    return [_message(row) for row in connection.execute(query.order_by(*order).limit(limit))]


def _webhook(row: Row[*tuple[Any, ...]]) -> Webhook:
    return Webhook(
        row.id,
        row.project_id,
        row.url,
        tuple(map(WebhookEventType, row.events)),
        row.private_allowed,
        row.seen,
        row.created_ms,
        row.failing_since_ms,
        row.disabled,
        row.sealed,
        row.old_sealed,
        row.old_until_ms,
    )


def _message(row: Row[*tuple[Any, ...]]) -> WebhookMessage:
    return WebhookMessage(
        row.id,
        row.webhook_id,
        WebhookEventType(row.event),
        row.body,
        row.created_ms,
        row.next_ms,
        MessageState(row.state),
        row.tries,
        row.status,
        row.problem,
    )
