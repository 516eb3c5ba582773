"""What notifications say, in a sentence, and what they are about."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from penstock.features.notifications.model import NotedEvent, NotificationKind, state_of, topic_of

_SHOWN: Final = 12  # characters of a hash
_ROLLOUT: Final[Mapping[str, str]] = {
    "rollout.start": "started another release in",
    "rollout.paused": "paused the comparison in",
    "rollout.decided": "paused the comparison in",
    "rollout.promote": "promoted a release in",
    "rollout.roll_back": "rolled back",
    "rollout.undo": "took back the last change of",
    "rollout.stop": "stopped",
}
_CHANGES: Final[Mapping[str, str]] = {
    "prompt.comment": "a comment on",
    "approval.request": "a request to approve",
    "approval.approve": "the approval of",
    "approval.reject": "the rejection of",
}


@dataclass(frozen=True, slots=True)
class NotificationSubject:
    """The subject of a notification. `type`: prompt, release, rollout, feedback, queue or gate;
    `place`: use case and environment of a release; `version`: of a prompt, 0 for none."""

    type: str
    id: str
    name: str
    place: str = ""
    version: int = 0


def subject_of(event: NotedEvent) -> NotificationSubject:
    """Returns what an event is about."""
    after = state_of(event.after)
    match topic_of(event):
        case "prompt":
            name, version = str(after.get("name", "")), int(after.get("version", 0))
            return NotificationSubject("prompt", event.subject, name, version=version)
        case "approval" | "release":
            digest, _, place = event.subject.partition(" ")
            return NotificationSubject("release", digest, digest[:_SHOWN], place)
        case "annotation":
            return NotificationSubject("queue", event.subject, event.subject)
        case topic:
            return NotificationSubject(topic, event.subject, event.subject)


def sentence_of(event: NotedEvent, kind: NotificationKind) -> str:
    """Returns the sentence that follows the name of the one who did it."""
    about = _named(subject_of(event))
    match kind:
        case NotificationKind.MENTION:
            return f"mentioned you in {_CHANGES.get(event.action, 'a change of')} {about}."
        case NotificationKind.ASSIGNMENT:
            return f"assigned {about} to you."
        case NotificationKind.APPROVAL_REQUEST:
            return f"asks for an approval of {about}."
        case NotificationKind.APPROVAL_DECISION:
            done = "approved" if event.action == "approval.approve" else "rejected"
            return f"{done} {about}."
        case NotificationKind.ROLLOUT:
            return f"{_ROLLOUT[event.action]} {about}."
        case NotificationKind.GATE:
            return f"found a regression: {about}."


def _named(about: NotificationSubject) -> str:
    words = {
        "prompt": "the prompt",
        "release": "the release",
        "rollout": "the rollout",
        "feedback": "the feedback",
        "queue": "the annotation queue",
        "gate": "the gate",
    }
    place = f" for {about.place}" if about.place else ""
    version = f", version {about.version}" if about.version else ""
    return f"{words[about.type]} {about.name}{place}{version}"
