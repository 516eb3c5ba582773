"""Evaluation schedules: set, shown, switched on and off, removed. Another module starts runs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec
from sqlalchemy import Connection

from penstock.features.access import Principal
from penstock.features.conflicts import EditedDocument, check_unchanged, revision_of
from penstock.features.context import Context
from penstock.features.evaluations import store as run_store
from penstock.features.evaluations.model import FindEvaluator, RunState
from penstock.features.evaluations.schedules import store
from penstock.features.evaluations.schedules.model import (
    MAX_SCHEDULES,
    AuditedChanges,
    EvaluationSchedule,
    ScheduleProgress,
    ScheduleStart,
    StoredSchedule,
    check_schedule,
)
from penstock.features.evaluations.schedules.times import next_time_ms
from penstock.features.evaluations.service.runs import check_key
from penstock.infra.sql import Transaction
from penstock.kernel.errors import InvalidRequest, NotFound

_SET: Final = "evaluation_schedule.set"
_REMOVE: Final = "evaluation_schedule.remove"


@dataclass(frozen=True, slots=True)
class ShownStart:
    """An entry of a log with the state of its run; `None` if there is none any more."""

    start: ScheduleStart
    run_state: RunState | None


@dataclass(frozen=True, slots=True)
class ShownSchedule:
    """A schedule with the newest entry of its log, and the state of its last run."""

    stored: StoredSchedule
    last: ShownStart | None
    run_state: RunState | None
    now_ms: int


class ScheduleService:
    """The evaluation schedules of projects. Methods raise `NotFound`."""

    def __init__(self, context: Context, find: FindEvaluator, changes: AuditedChanges) -> None:
        self._context = context
        self._find = find
        self._changes = changes

    def get(self, project_id: str, name: str) -> ShownSchedule:
        """Returns a schedule."""
        with self._context.database.read() as connection:
            found = get_schedule(connection, project_id, name)
            return self._shown(connection, [found])[0]

    def list_page(self, project_id: str, after: str, limit: int) -> Sequence[ShownSchedule]:
        """Returns schedules by name, after one."""
        with self._context.database.read() as connection:
            found = store.list_schedules(connection, project_id, after, limit)
            return self._shown(connection, found)

    def starts(self, project_id: str, name: str, limit: int) -> Sequence[ShownStart]:
        """Returns the log of a schedule, newest first."""
        with self._context.database.read() as connection:
            found = get_schedule(connection, project_id, name)
            starts = store.list_starts(connection, found.id, limit)
            states = run_store.states_of(connection, [each.run_id for each in starts])
        return [ShownStart(each, states.get(each.run_id)) for each in starts]

    def set(
        self,
        actor: Principal,
        project_id: str,
        name: str,
        schedule: EvaluationSchedule,
        *,
        of_revision: str | None = None,
    ) -> ShownSchedule:
        """Sets a schedule. It starts runs for times and changes from now on; one in place of
        another has spent what that one has spent. With `of_revision`, only if that is the present
        one (empty: there is none). Raises `InvalidRequest`, and `Conflict` if somebody else was
        faster."""
        check_schedule(name, schedule, self._find)
        check_key(actor, project_id, schedule.plan.key_id)
        with self._context.database.write() as tx:
            before = store.find_schedule(tx.connection, project_id, name, lock=True)
            edited, present = _edited(project_id, name), revision_of(before and before.schedule)
            check_unchanged(tx.connection, self._changes, edited, present, of_revision)
            self._put(tx, actor, (project_id, name), before, schedule)
        return self.get(project_id, name)

    def switch(
        self, actor: Principal, project_id: str, name: str, *, enabled: bool
    ) -> ShownSchedule:
        """Switches a schedule on or off, and changes nothing else. A run that has started goes on.
        Raises `InvalidRequest` if it cannot start any more."""
        with self._context.database.write() as tx:
            before = get_schedule(tx.connection, project_id, name, lock=True)
            if before.schedule.enabled != enabled:
                schedule = msgspec.structs.replace(before.schedule, enabled=enabled)
                check_key(actor, project_id, schedule.plan.key_id)
                if enabled:  # one that is not valid any more can be switched off
                    check_schedule(name, schedule, self._find)
                self._put(tx, actor, (project_id, name), before, schedule)
        return self.get(project_id, name)

    def remove(self, actor: Principal, project_id: str, name: str) -> None:
        """Removes a schedule with its log; its runs stay."""
        with self._context.database.write() as tx:
            before = get_schedule(tx.connection, project_id, name, lock=True)
            store.remove_schedule(tx.connection, before.id)
            self._context.audit_log.append(
                tx,
                actor,
                project_id,
                _REMOVE,
                name,
                before=_facts(before.schedule),
            )

    def _put(
        self,
        tx: Transaction,
        actor: Principal,
        place: tuple[str, str],
        before: StoredSchedule | None,
        schedule: EvaluationSchedule,
    ) -> None:
        """Stores a schedule at its place, project and name, which the transaction has locked."""
        (project_id, name), now = place, self._context.now_ms()
        self._context.audit_log.append(
            tx,
            actor,
            project_id,
            _SET,
            name,
            before=None if before is None else _facts(before.schedule),
            after=_facts(schedule),
        )
        seen = self._changes.last_sequence(tx.connection, project_id)
        progress = _begin(schedule, before, now, seen)
        if before is not None:
            changed = replace(before, schedule=schedule, author=actor.label, updated_ms=now)
            store.save_schedule(tx.connection, changed.with_progress(progress))
            return
        if store.count_schedules(tx.connection, project_id) >= MAX_SCHEDULES:
            raise InvalidRequest(f"A project has at most {MAX_SCHEDULES} evaluation schedules.")
        made = StoredSchedule(
            *(self._context.new_id("esc"), project_id, name, 1, schedule, progress),
            author=actor.label,
            created_ms=now,
            updated_ms=now,
        )
        store.add_schedule(tx.connection, made)

    def _shown(
        self, connection: Connection, found: Sequence[StoredSchedule]
    ) -> list[ShownSchedule]:
        last = store.last_starts(connection, [each.id for each in found])
        run_ids = {each.progress.run_id for each in found}
        run_ids.update(each.run_id for each in last.values())
        states, now = run_store.states_of(connection, run_ids), self._context.now_ms()
        return [
            ShownSchedule(
                each,
                (start := last.get(each.id)) and ShownStart(start, states.get(start.run_id)),
                states.get(each.progress.run_id),
                now,
            )
            for each in found
        ]


def get_schedule(
    connection: Connection, project_id: str, name: str, *, lock: bool = False
) -> StoredSchedule:
    """Returns a schedule of a project. Raises `NotFound`."""
    if found := store.find_schedule(connection, project_id, name, lock=lock):
        return found
    raise NotFound(
        f"This project has no evaluation schedule {name[:63]!r}.",
        hint="List them: penstock eval schedule list",
        code="evaluation_schedule_not_found",
    )


def _edited(project_id: str, name: str) -> EditedDocument:
    title, code = f"The evaluation schedule {name!r}", "evaluation_schedule_changed"
    return EditedDocument(project_id, name, title, (_SET, _REMOVE), code)


def _begin(
    schedule: EvaluationSchedule, before: StoredSchedule | None, now_ms: int, seen: int
) -> ScheduleProgress:
    """Returns the progress with which a schedule begins: what was before now starts nothing."""
    progress = before.progress if before else ScheduleProgress()
    timed = schedule.cron and schedule.enabled
    next_ms = next_time_ms(schedule.cron, schedule.time_zone, now_ms) if timed else 0
    return replace(progress, seen=seen, slot_ms=0, next_ms=next_ms, looked_ms=now_ms, error="")


def _facts(schedule: EvaluationSchedule) -> dict[str, object]:
    return msgspec.to_builtins(schedule)
