"""Values of notifications: their kinds, which events can be one, and who sees them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Protocol

from sqlalchemy import Connection

from penstock.features.access import Permission, Role

MAX_KEPT: Final = 500  # notifications of a person; older ones are removed
MAX_COUNTED: Final = 100  # unread ones; the count stops there
MAX_MARKED: Final = 500  # notifications of one request that marks them
MAX_NOTIFIED: Final = 200  # users who are notified of one event
MAX_MEMBERS: Final = 5000  # of a project, who may be mentioned or assigned
MAX_QUOTE_CHARS: Final = 500  # of the text that a notification shows


class NotificationKind(StrEnum):
    """The kinds of notifications, each of which a person may switch off."""

    MENTION = "mention"  # in a comment, or in the message of a change
    ASSIGNMENT = "assignment"  # feedback to handle, a queue to annotate
    APPROVAL_REQUEST = "approval_request"  # of a release that the person may approve
    APPROVAL_DECISION = "approval_decision"  # on what the person requested or made
    ROLLOUT = "rollout"  # that the person started: paused, promoted, rolled back, stopped
    GATE = "gate"  # or other evidence that has failed, on what the person made


TOPICS: Final[Mapping[str, Permission]] = {
    "prompt": Permission.PROMPTS_READ,
    "approval": Permission.RELEASES_READ,
    "release": Permission.RELEASES_READ,
    "rollout": Permission.RELEASES_READ,
    "feedback": Permission.FEEDBACK_READ,
    "annotation": Permission.ANNOTATIONS_READ,
    "gate": Permission.EVALUATIONS_READ,
}
"""What a person needs to be notified, and to see it later, by the noun of the action."""


class NotedEvent(Protocol):
    """An event of a project's audit log."""

    @property
    def project_id(self) -> str: ...
    @property
    def sequence(self) -> int: ...
    @property
    def id(self) -> str: ...
    @property
    def at(self) -> str: ...
    @property
    def action(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def actor_kind(self) -> str: ...
    @property
    def actor_id(self) -> str: ...
    @property
    def actor_label(self) -> str: ...
    @property
    def before(self) -> Any: ...
    @property
    def after(self) -> Any: ...


class EventLog(Protocol):
    """Reads the audit log in the caller's view."""

    def heads(self, connection: Connection) -> Mapping[str, int]:
        """Returns the number of the newest event of each project."""
        ...

    def after(
        self, connection: Connection, project_id: str, sequence: int, limit: int
    ) -> Sequence[NotedEvent]:
        """Returns events of a project after a number, oldest first."""
        ...

    def pick(
        self, connection: Connection, project_id: str, sequences: Collection[int]
    ) -> Sequence[NotedEvent]:
        """Returns the events of a project with these numbers."""
        ...

    def newest(
        self,
        connection: Connection,
        project_id: str,
        subject: str,
        actions: Collection[str],
        before: int,
    ) -> NotedEvent | None:
        """Returns the newest event of a subject with one of the actions, before a number."""
        ...


class ProjectMember(Protocol):
    """A person in a project."""

    @property
    def user_id(self) -> str: ...
    @property
    def email(self) -> str: ...
    @property
    def role(self) -> Role: ...


class MemberFinder(Protocol):
    """Finds users in the caller's view."""

    def members(
        self, connection: Connection, project_id: str, limit: int
    ) -> Sequence[ProjectMember]:
        """Returns members of a project."""
        ...

    def behind(self, connection: Connection, kind: str, principal_id: str) -> frozenset[str]:
        """Returns the ids of the users who are a principal, or have made the key that it is."""
        ...


class CommentTexts(Protocol):
    """Returns the texts of comments on prompts of a project by the ids of the comments."""

    def __call__(
        self, connection: Connection, project_id: str, comment_ids: Collection[str]
    ) -> Mapping[str, str]: ...


@dataclass(frozen=True, slots=True)
class StoredNotification:
    """A person's notice of an event. The event itself stays in the audit log alone. `id`: that of
    the event; `permission`: what the person needs to see it."""

    user_id: str
    id: str
    project_id: str
    sequence: int
    kind: NotificationKind
    permission: Permission
    read: bool = False


@dataclass(frozen=True, slots=True)
class Notification:
    """A notification with its event, and with what was written."""

    stored: StoredNotification
    event: NotedEvent
    quote: str


def topic_of(event: NotedEvent) -> str:
    """Returns what an event is about: the noun of its action."""
    return event.action.partition(".")[0]


def state_of(found: Any) -> Mapping[str, Any]:
    """Returns a state that an event recorded, empty if it has none."""
    return found or {}
