"""Notifies users what the audit log says. An event and its notifications are looked at once: the
number of the last event moves in the same transaction."""

import logging
from typing import Final

from penstock.features.background import each_alone, rounds
from penstock.features.context import Context
from penstock.features.notifications import store
from penstock.features.notifications.model import (
    TOPICS,
    EventLog,
    NotedEvent,
    StoredNotification,
    topic_of,
)
from penstock.features.notifications.service.recipients import Recipients
from penstock.infra.sql import Transaction

LOOK_S: Final = 1.0
_EVENTS: Final = 200  # audited events of one look at a project
_log: Final = logging.getLogger("penstock.notifications")


class NotificationFeed:
    """Turns audited events into notifications, in rounds."""

    def __init__(self, context: Context, log: EventLog, recipients: Recipients) -> None:
        self._context = context
        self._log = log
        self._recipients = recipients

    async def run(self) -> None:
        """Runs until it is cancelled or fails."""
        await rounds(self.look, LOOK_S)

    def look(self) -> None:
        """Looks at the events since the last look."""
        with self._context.database.read() as connection:
            seen = store.positions(connection)
            heads = self._log.heads(connection)
        behind = [each for each, last in heads.items() if each and last > seen.get(each, 0)]
        each_alone(behind, self._advance)

    def _advance(self, project_id: str) -> None:
        with self._context.database.write() as tx:
            seen = store.lock_position(tx.connection, project_id)
            events = self._log.after(tx.connection, project_id, seen, _EVENTS)
            for event in events:
                self._tell(tx, event)
            if events:
                store.set_position(tx.connection, project_id, events[-1].sequence)

    def _tell(self, tx: Transaction, event: NotedEvent) -> None:
        try:
            found = self._recipients.of(tx.connection, event)
        except (LookupError, TypeError, ValueError):  # of another version, say: it costs itself
            _log.exception("Nobody is notified of event %d of %s", event.sequence, event.project_id)
            return
        if not found:
            return
        unwanted = store.switched_off(tx.connection, found)
        wanted = [each for each in found.items() if each not in unwanted]
        for user_id, kind in wanted:
            permission = TOPICS[topic_of(event)]
            notified = StoredNotification(
                user_id, event.id, event.project_id, event.sequence, kind, permission
            )
            store.add(tx.connection, notified)
