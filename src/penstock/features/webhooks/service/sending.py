"""Sends the messages of webhooks, and tries again for a bounded time."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from penstock.features.access import Principal
from penstock.features.context import Context
from penstock.features.webhooks import store
from penstock.features.webhooks.model import (
    LASTING_MS,
    MessageState,
    Webhook,
    WebhookMessage,
    next_try_ms,
)
from penstock.features.webhooks.service.outbox import WebhookOutbox
from penstock.infra.crypto import SealBroken, Sealer
from penstock.kernel.errors import PenstockError
from penstock.rules.webhook_signature import signature
from penstock.spi.http import Fetch, HttpRequest

LOOK_S: Final = 1.0
TIMEOUT_S: Final = 15.0  # of one try
MAX_ANSWER_BYTES: Final = 64 * 1024  # of the answer of a receiver
AT_ONCE: Final = 4  # messages of one webhook
MAX_AT_ONCE: Final = 64  # messages of all webhooks
SENDER: Final = Principal("system", "webhooks", "webhooks", {}, instance_admin=True)
_GONE: Final = 410
_log: Final = logging.getLogger("penstock.webhooks")


class WebhookSender:
    """Sends what is due, in rounds."""

    def __init__(
        self, context: Context, sealer: Sealer, fetch: Fetch, outbox: WebhookOutbox
    ) -> None:
        self._context = context
        self._sealer = sealer
        self._fetch = fetch
        self._outbox = outbox

    async def run(self) -> None:
        """Runs until it is cancelled or fails."""
        while True:
            await asyncio.sleep(LOOK_S)
            await self.round()

    async def round(self) -> int:
        """Looks for new events and sends what is due. Returns how many messages were tried."""
        await asyncio.to_thread(self._outbox.look)
        due = await asyncio.to_thread(self._due)
        async with asyncio.TaskGroup() as group:
            for webhook, message in due:
                group.create_task(self._try(webhook, message))
        return len(due)

    def notices(self) -> list[str]:
        """Returns a sentence for each webhook that was disabled."""
        with self._context.database.read() as connection:
            found = store.list_webhooks(connection)
        return [
            f"The webhook {each.id} is disabled: {each.disabled} Check its receiver, then run "
            f"`penstock webhook enable {each.id}`."
            for each in found
            if each.disabled
        ]

    def _due(self) -> Sequence[tuple[Webhook, WebhookMessage]]:
        now_ms = self._context.now_ms()
        with self._context.database.read() as connection:
            found = [
                (webhook, message)
                for webhook in store.list_webhooks(connection)
                if not webhook.disabled
                for message in store.due_messages(connection, webhook.id, now_ms, AT_ONCE)
            ]
        found.sort(key=lambda each: each[1].next_ms)
        return found[:MAX_AT_ONCE]

    async def _try(self, webhook: Webhook, message: WebhookMessage) -> None:
        status, problem = 0, ""
        try:
            answer = await self._fetch(
                self._request(webhook, message),
                timeout_s=TIMEOUT_S,
                private_allowed=webhook.private_allowed,
                max_bytes=MAX_ANSWER_BYTES,
            )
            status = answer.status
            if not 200 <= status < 300:
                problem = f"The receiver answered {status}; redirects are not followed."
        except PenstockError as error:
            problem = error.sentence()
        except SealBroken:
            problem = "The secret cannot be read with this master key: rotate it."
        await asyncio.to_thread(self._note, webhook.id, message, status, problem)

    def _request(self, webhook: Webhook, message: WebhookMessage) -> HttpRequest:
        now_ms, context = self._context.now_ms(), webhook.id.encode()
        keys = [self._sealer.open(webhook.sealed, context)]
        if webhook.old_until_ms > now_ms:
            keys.append(self._sealer.open(webhook.old_sealed, context))
        body, at = message.body.encode(), now_ms // 1000
        headers = (
            (b"content-type", b"application/json"),
            (b"user-agent", b"penstock"),
            (b"webhook-id", message.id.encode()),
            (b"webhook-timestamp", str(at).encode()),
            (b"webhook-signature", signature(keys, message.id, at, body).encode()),
        )
        return HttpRequest("POST", webhook.url, headers, body)

    def _note(self, webhook_id: str, message: WebhookMessage, status: int, problem: str) -> None:
        """Stores the end of a try. A webhook is disabled when a message has failed for good and
        nothing has arrived for a day, or when its receiver is gone (410)."""
        now_ms, tries = self._context.now_ms(), message.tries + 1
        again_ms = next_try_ms(tries, now_ms)
        tried = replace(message, tries=tries, status=status, problem=problem)
        with self._context.database.write() as tx:
            webhook = store.find_webhook(tx.connection, webhook_id, lock=True)
            if webhook is None:
                return
            if not problem:
                after = replace(webhook, failing_since_ms=None)
                tried = replace(tried, state=MessageState.DELIVERED)
            else:
                after = replace(webhook, failing_since_ms=webhook.failing_since_ms or now_ms)
                failed = again_ms is None or status == _GONE
                tried = (
                    replace(tried, state=MessageState.FAILED)
                    if failed
                    else replace(tried, next_ms=again_ms or 0)
                )
                lasting = now_ms - (after.failing_since_ms or now_ms) >= LASTING_MS
                if status == _GONE or (failed and lasting):
                    after = replace(after, disabled=problem)
            store.save_message(tx.connection, tried)
            if after != webhook:
                store.save_webhook(tx.connection, after)
            if after.disabled and not webhook.disabled:
                self._context.audit_log.append(
                    tx,
                    SENDER,
                    webhook.project_id,
                    "webhook.disabled",
                    webhook_id,
                    after={"reason": problem},
                )
