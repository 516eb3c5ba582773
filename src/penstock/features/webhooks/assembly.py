"""Builds the vertical of webhooks."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from penstock.features.access import Guards
from penstock.features.context import Context
from penstock.features.vertical import Vertical
from penstock.features.webhooks.http import webhook_routes, webhook_secret_routes
from penstock.features.webhooks.service.outbox import ChangesAfter, WebhookOutbox
from penstock.features.webhooks.service.sending import WebhookSender
from penstock.features.webhooks.service.webhooks import WebhookService
from penstock.infra.crypto import Sealer, derive_key
from penstock.spi.http import Fetch

SECRETS_PURPOSE = "webhook secrets"  # the key derived for it seals them


@dataclass(frozen=True, slots=True)
class AuditSource:
    """Reads the audit log: events after a number, and the number of the newest one."""

    changes: ChangesAfter
    last_sequence: Callable[[Connection, str], int]


def open_outbox(context: Context, audit: AuditSource) -> WebhookOutbox:
    """Returns the outbox; feedback needs it, too."""
    return WebhookOutbox(context, audit.changes)


def build(
    context: Context,
    guards: Guards,
    outbox: WebhookOutbox,
    audit: AuditSource,
    fetch: Fetch,
    *,
    master_key: bytes,
) -> Vertical:
    """Builds the vertical."""
    sealer = Sealer(derive_key(master_key, SECRETS_PURPOSE))
    webhooks = WebhookService(context, sealer, audit.last_sequence)
    sender = WebhookSender(context, sealer, fetch, outbox)
    return Vertical(
        routers=(
            webhook_routes(guards.require, webhooks),
            webhook_secret_routes(guards.require, webhooks),
        ),
        jobs=(sender.run,),
        notices=sender.notices,
    )
