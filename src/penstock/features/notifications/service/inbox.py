"""The inbox of each person: their notifications, read or unread, and the kinds that they want."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from penstock.features.access import Principal
from penstock.features.context import Context
from penstock.features.notifications import store
from penstock.features.notifications.model import (
    MAX_QUOTE_CHARS,
    CommentTexts,
    EventLog,
    MemberFinder,
    NotedEvent,
    Notification,
    NotificationKind,
    StoredNotification,
    state_of,
)
from penstock.kernel.errors import Forbidden


class NotificationInbox:
    """Use cases of inboxes. A key has the inbox of the person who made it, in its own project; one
    whose secret several users have had has none."""

    def __init__(
        self, context: Context, log: EventLog, users: MemberFinder, comments: CommentTexts
    ) -> None:
        self._context = context
        self._log = log
        self._users = users
        self._comments = comments

    def list_page(
        self, reader: Principal, before: str, limit: int, *, unread: bool
    ) -> Sequence[Notification]:
        """Returns notifications that the reader may see now, newest first, before an id."""
        with self._context.database.read() as connection:
            owner = self._owner(connection, reader)
            found = store.list_page(connection, owner, reader, before, limit, unread=unread)
            return self._with_events(connection, found)

    def count_unread(self, reader: Principal) -> int:
        """Returns how many of them are unread, up to `MAX_COUNTED`."""
        with self._context.database.read() as connection:
            return store.count_unread(connection, self._owner(connection, reader), reader)

    def mark(self, reader: Principal, which: Collection[str] | str, *, read: bool) -> int:
        """Marks those with the ids, or all up to an id. Returns how many are unread then."""
        with self._context.database.write() as tx:
            owner = self._owner(tx.connection, reader)
            store.mark(tx.connection, owner, reader, which, read=read)
            return store.count_unread(tx.connection, owner, reader)

    def wanted(self, reader: Principal) -> frozenset[NotificationKind]:
        """Returns the kinds of notifications that the person gets."""
        with self._context.database.read() as connection:
            owner = self._owner(connection, reader)
            off = {kind for _, kind in store.switched_off(connection, {owner})}
        return frozenset(NotificationKind) - off

    def choose(self, reader: Principal, wanted: Collection[NotificationKind]) -> None:
        """Sets the kinds that the person gets from now on. Keys may not: they are of one
        project, and the choice is for all."""
        if reader.kind != "user":
            raise Forbidden("Only users choose their notifications.", hint="Use the console.")
        with self._context.database.write() as tx:
            owner = self._owner(tx.connection, reader)
            store.switch_off(tx.connection, owner, set(NotificationKind) - set(wanted))

    def _owner(self, connection: Connection, reader: Principal) -> str:
        if reader.kind == "user":
            return reader.id
        may = bool(reader.roles) or reader.instance_admin
        found = self._users.behind(connection, reader.kind, reader.id) if may else ()
        if len(found) == 1:
            return next(iter(found))
        raise Forbidden(
            "This key has no inbox: it is not of one person.",
            hint="Sign in to the console, or make a key of your own there.",
            code="no_inbox",
        )

    def _with_events(
        self, connection: Connection, found: Sequence[StoredNotification]
    ) -> Sequence[Notification]:
        numbers: dict[str, list[int]] = {}
        for each in found:
            numbers.setdefault(each.project_id, []).append(each.sequence)
        events: dict[str, NotedEvent] = {}
        quotes: dict[str, str] = {}
        for project_id, sequences in numbers.items():
            picked = self._log.pick(connection, project_id, sequences)
            events |= {event.id: event for event in picked}
            quotes |= self._quotes(connection, project_id, picked)
        return [
            Notification(each, events[each.id], quotes[each.id])
            for each in found
            if each.id in events
        ]

    def _quotes(
        self, connection: Connection, project_id: str, events: Sequence[NotedEvent]
    ) -> Mapping[str, str]:
        """Returns what was written, by the id of the event: a comment, or a message."""
        said = {each.id: state_of(each.after) for each in events}
        ids = {str(after["comment"]) for after in said.values() if "comment" in after}
        texts = self._comments(connection, project_id, ids)
        return {event_id: _shortened(_written(after, texts)) for event_id, after in said.items()}


def _written(after: Mapping[str, Any], comments: Mapping[str, str]) -> str:
    if "comment" in after:
        return comments.get(str(after["comment"]), "")
    return str(after.get("message") or after.get("reason") or "")


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_QUOTE_CHARS else text[: MAX_QUOTE_CHARS - 1] + "…"
