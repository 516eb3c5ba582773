"""Who is notified of an audited event."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from sqlalchemy import Connection

from penstock.features.access import ROLE_PERMISSIONS, Permission
from penstock.features.notifications.model import (
    MAX_MEMBERS,
    MAX_NOTIFIED,
    TOPICS,
    EventLog,
    MemberFinder,
    NotedEvent,
    NotificationKind,
    ProjectMember,
    state_of,
    topic_of,
)
from penstock.rules.mentions import find_mentioned, mentioned_names

_STARTS: Final = ("rollout.start", "rollout.compare")
_ENDS: Final = frozenset(
    {
        "rollout.start",
        "rollout.paused",
        "rollout.promote",
        "rollout.roll_back",
        "rollout.undo",
        "rollout.stop",
    }
)
_DECISIONS: Final = frozenset({"approval.approve", "approval.reject"})
_GATES: Final = frozenset({"gate.open", "gate.decide"})
_GATE_RUN: Final = "gat_"  # begins the run of evidence that a gate wrote

Notified = Iterator[tuple[str, NotificationKind]]


class Recipients:
    """Finds who is notified of an event. Nobody is notified of what they did themselves."""

    def __init__(self, log: EventLog, users: MemberFinder) -> None:
        self._log = log
        self._users = users

    def of(self, connection: Connection, event: NotedEvent) -> Mapping[str, NotificationKind]:
        """Returns the kind of notification by the id of the person. A person is notified once, and
        only what their role lets them see."""
        permission = TOPICS.get(topic_of(event))
        if permission is None or not _may_concern(event):
            return {}
        members = [
            each
            for each in self._users.members(connection, event.project_id, MAX_MEMBERS)
            if permission in ROLE_PERMISSIONS[each.role]
        ]
        allowed = {each.user_id for each in members}
        notified: dict[str, NotificationKind] = {}
        for person, kind in self._notified(connection, event, members):
            if person in allowed and person != event.actor_id:
                notified.setdefault(person, kind)
        return dict(islice(notified.items(), MAX_NOTIFIED))

    def _notified(
        self, connection: Connection, event: NotedEvent, members: Sequence[ProjectMember]
    ) -> Notified:
        """Yields users with kinds, the kind that matters most first."""
        addresses = {each.email: each.user_id for each in members}
        for person in find_mentioned(_mentions(event), addresses):
            yield person, NotificationKind.MENTION
        for person in find_mentioned(_assigned(event), addresses):
            yield person, NotificationKind.ASSIGNMENT
        if event.action in _DECISIONS:
            yield from self._decided(connection, event)
        if event.action in _ENDS or _paused_by_rule(event):
            yield from self._did(connection, event, event.subject, _STARTS)
        if _has_failed(event):
            yield from self._failed(connection, event)
        if event.action == "approval.request":
            for each in members:
                if Permission.RELEASES_APPROVE in ROLE_PERMISSIONS[each.role]:
                    yield each.user_id, NotificationKind.APPROVAL_REQUEST

    def _decided(self, connection: Connection, event: NotedEvent) -> Notified:
        release = event.subject.partition(" ")[0]
        kind = NotificationKind.APPROVAL_DECISION
        yield from self._did(connection, event, event.subject, ("approval.request",), kind)
        yield from self._did(connection, event, release, ("release.create",), kind)

    def _failed(self, connection: Connection, event: NotedEvent) -> Notified:
        kind = NotificationKind.GATE
        release = event.subject
        if event.action in _GATES:
            yield from self._did(connection, event, event.subject, ("gate.open",), kind)
            release = str(state_of(event.after).get("release") or "")
        yield from self._did(connection, event, release, ("release.create",), kind)

    def _did(
        self,
        connection: Connection,
        event: NotedEvent,
        subject: str,
        actions: Sequence[str],
        kind: NotificationKind = NotificationKind.ROLLOUT,
    ) -> Notified:
        """Yields those who did something last to a subject before an event. What keys
        did themselves notifies only of a gate: a pipeline opens it, and its users wait for it."""
        found = self._log.newest(connection, event.project_id, subject, actions, event.sequence + 1)
        if found is None:
            return
        own = found.actor_id == event.actor_id
        if own and kind is not NotificationKind.GATE:
            return
        for person in sorted(self._users.behind(connection, found.actor_kind, found.actor_id)):
            yield person, kind


def _may_concern(event: NotedEvent) -> bool:
    """Returns whether somebody may have to be notified: only then are members read."""
    return (
        event.action in _DECISIONS | _ENDS
        or event.action == "approval.request"
        or _paused_by_rule(event)
        or _has_failed(event)
        or bool(_mentions(event) or _assigned(event))
    )


def _mentions(event: NotedEvent) -> Sequence[str]:
    after = state_of(event.after)
    if event.action == "prompt.comment":
        return [str(each) for each in after.get("mentions", ())]
    return mentioned_names(str(after.get("message") or ""))


def _assigned(event: NotedEvent) -> Sequence[str]:
    before, after = state_of(event.before), state_of(event.after)
    if event.action == "feedback.handle" and after.get("assignee") != before.get("assignee"):
        return [str(after.get("assignee") or "").lower()]
    if event.action in {"annotation.queue.add", "annotation.queue.change"}:
        return [
            str(each).lower()
            for each in after.get("annotators", ())
            if each not in before.get("annotators", ())
        ]
    return ()


def _paused_by_rule(event: NotedEvent) -> bool:
    return event.action == "rollout.decided" and state_of(event.after).get("decision") == "pause"


def _has_failed(event: NotedEvent) -> bool:
    after = state_of(event.after)
    if event.action in _GATES:
        return after.get("outcome") == "regression"
    by_gate = str(after.get("run") or "").startswith(_GATE_RUN)
    return event.action == "release.evidence" and after.get("result") == "failed" and not by_gate
