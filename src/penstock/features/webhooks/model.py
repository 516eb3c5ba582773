"""Values of webhooks, their events, and when a message is tried again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Protocol

MAX_WEBHOOKS: Final = 20  # of a project
MAX_PENDING: Final = 10_000  # messages of a webhook that wait
MAX_KEPT: Final = 1000  # messages of a webhook that are over, in its log
MAX_URL_CHARS: Final = 2000
MAX_MESSAGE_BYTES: Final = 64 * 1024  # of the body of a message
OVERLAP_MS: Final = 24 * 3600 * 1000  # in which messages are signed with the old secret, too
LASTING_MS: Final = 24 * 3600 * 1000  # without success, after which a webhook is disabled
PAUSES_S: Final = (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600)
"""The pauses before further tries of a message; after the last one it has failed."""


class WebhookEventType(StrEnum):
    """The events that webhooks tell."""

    STARTED = "rollout.started"
    PROMOTED = "rollout.promoted"
    ROLLED_BACK = "rollout.rolled_back"
    STOPPED = "rollout.stopped"
    PAUSED = "rollout.paused"
    EVIDENCE_FAILED = "evidence.failed"
    APPROVAL_REQUESTED = "approval.requested"
    SCHEDULE_FAILED = "evaluation_schedule.failed"
    FEEDBACK = "feedback.received"
    TEST = "webhook.test"


_OF_ACTIONS: Final[Mapping[str, WebhookEventType]] = {
    "rollout.start": WebhookEventType.STARTED,
    "rollout.promote": WebhookEventType.PROMOTED,
    "rollout.undo": WebhookEventType.ROLLED_BACK,
    "rollout.roll_back": WebhookEventType.ROLLED_BACK,
    "rollout.stop": WebhookEventType.STOPPED,
    "rollout.paused": WebhookEventType.PAUSED,
    "approval.request": WebhookEventType.APPROVAL_REQUESTED,
    "evaluation_schedule.failed": WebhookEventType.SCHEDULE_FAILED,
}


class AuditedChange(Protocol):
    """An event of a project's audit log."""

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
    def actor_label(self) -> str: ...
    @property
    def after(self) -> Any: ...


def event_of(change: AuditedChange) -> WebhookEventType | None:
    """Returns the event that an audited change is, if it is one."""
    after: Mapping[str, Any] = change.after or {}
    if change.action == "release.evidence" and after.get("result") == "failed":
        return WebhookEventType.EVIDENCE_FAILED
    if change.action == "rollout.decided" and after.get("decision") == "pause":
        return WebhookEventType.PAUSED
    return _OF_ACTIONS.get(change.action)


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address of another system. `events`: the types that it gets, none for all. `seen`: the
    number of the last audited event that was looked at. `failing_since_ms`: since when no message
    has arrived; `disabled`: why nothing is sent, empty while it is."""

    id: str
    project_id: str
    url: str
    events: tuple[WebhookEventType, ...]
    private_allowed: bool
    seen: int
    created_ms: int
    failing_since_ms: int | None = None
    disabled: str = ""
    sealed: bytes = field(default=b"", repr=False)
    old_sealed: bytes = field(default=b"", repr=False)
    old_until_ms: int = 0

    def wants(self, event: WebhookEventType) -> bool:
        """Returns whether it gets events of a type."""
        return not self.disabled and (not self.events or event in self.events)

    def audit_fields(self) -> dict[str, object]:
        """Returns the fields for the audit log: no secret."""
        return {
            "url": self.url,
            "events": [each.value for each in self.events],
            "private_allowed": self.private_allowed,
            "disabled": self.disabled,
        }


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """A webhook to add. Without `secret` it gets a random one."""

    url: str
    events: tuple[WebhookEventType, ...] = ()
    private_allowed: bool = False
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class WebhookChange:
    """The new values of a webhook; `None` keeps the present one."""

    events: tuple[WebhookEventType, ...] | None = None
    private_allowed: bool | None = None


class MessageState(StrEnum):
    """The states of a message."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class WebhookMessage:
    """A message to a webhook. `status` and `problem`: the end of the last try."""

    id: str
    webhook_id: str
    event: WebhookEventType
    body: str
    created_ms: int
    next_ms: int
    state: MessageState = MessageState.PENDING
    tries: int = 0
    status: int = 0
    problem: str = ""


def next_try_ms(tries: int, now_ms: int) -> int | None:
    """Returns when a message is tried again after so many tries; none: it has failed."""
    return now_ms + PAUSES_S[tries - 1] * 1000 if tries <= len(PAUSES_S) else None
