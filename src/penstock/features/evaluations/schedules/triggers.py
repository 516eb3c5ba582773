"""Finds the changes in the audit log that start the runs of a schedule. Each change has its event
in its own transaction, so that none is lost or seen twice."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection

from penstock.features.evaluations.schedules.model import (
    MAX_CHANGES,
    AuditedChanges,
    ScheduledParts,
    ScheduleTrigger,
    StoredSchedule,
    TriggerEvent,
)
from penstock.features.webhooks.model import AuditedChange

OF_RUNS: Final = "evaluated"  # the message of releases that evaluation runs make
_PAGE: Final = 500
_EVENTS: Final[Mapping[str, TriggerEvent]] = {
    "prompt.add": TriggerEvent.PROMPT_VERSION,
    "prompt.save": TriggerEvent.PROMPT_VERSION,
    "prompt.label": TriggerEvent.PROMPT_LABEL,
    "release.create": TriggerEvent.RELEASE,
    "dataset.commit": TriggerEvent.DATASET_VERSION,
}


@dataclass(frozen=True, slots=True)
class StartCause:
    """The reason why a run starts. `release`: the triggering one."""

    text: str
    release: str = ""


@dataclass(frozen=True, slots=True)
class FoundChanges:
    """The causes since the last look, oldest first, and the number of the last change."""

    causes: Sequence[StartCause]
    seen: int


@dataclass(frozen=True, slots=True)
class ChangeReader:
    """Reads the changes that schedules wait for."""

    changes: AuditedChanges
    parts: ScheduledParts

    def read(self, connection: Connection, stored: StoredSchedule) -> FoundChanges:
        """Returns what has happened since the last look, of 5,000 changes at most."""
        seen, causes = stored.progress.seen, list[StartCause]()
        for _ in range(MAX_CHANGES // _PAGE):
            page = self.changes.after(connection, stored.project_id, seen, _PAGE)
            causes += [cause for each in page for cause in self._causes(stored, each)]
            if page:
                seen = page[-1].sequence
            if len(page) < _PAGE:
                break
        return FoundChanges(causes, seen)

    def _causes(self, stored: StoredSchedule, change: AuditedChange) -> Iterator[StartCause]:
        event = _EVENTS.get(change.action)
        if event is None:
            return
        after: Mapping[str, Any] = change.after or {}
        for trigger in stored.schedule.triggers:
            if trigger.event is event and self._matches(stored, trigger, change, after):
                release = change.subject if event is TriggerEvent.RELEASE else ""
                yield StartCause(f"{event}: {_facts(event, change, after)}", release)
                return

    def _matches(
        self,
        stored: StoredSchedule,
        trigger: ScheduleTrigger,
        change: AuditedChange,
        after: Mapping[str, Any],
    ) -> bool:
        match trigger.event:
            case TriggerEvent.DATASET_VERSION:
                return change.subject == (trigger.name or stored.schedule.plan.dataset)
            case TriggerEvent.PROMPT_VERSION:
                return trigger.name in ("", after.get("name"))
            case TriggerEvent.PROMPT_LABEL:
                moved = trigger.label in ("", after.get("label")) and bool(after.get("version"))
                return moved and trigger.name in ("", after.get("name"))
            case TriggerEvent.RELEASE:
                if after.get("message") == OF_RUNS:
                    return False
                digest = str(after.get("prompt") or "")
                return not trigger.name or (
                    bool(digest)
                    and self.parts.prompt_name(stored.project_id, digest) == trigger.name
                )


def _facts(event: TriggerEvent, change: AuditedChange, after: Mapping[str, Any]) -> str:
    match event:
        case TriggerEvent.DATASET_VERSION:
            return f"{change.subject}@{after.get('version')}"
        case TriggerEvent.PROMPT_VERSION:
            return f"{after.get('name')}@{after.get('version')}"
        case TriggerEvent.PROMPT_LABEL:
            return f"{after.get('name')}@{after.get('label')} is version {after.get('version')}"
        case TriggerEvent.RELEASE:
            return change.subject[:12]
