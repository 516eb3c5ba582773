"""Starts the runs of schedules. A run, its job and the progress of its schedule are stored in one
transaction, which finds the schedule as it was read: several servers start a run once, and after an
end at any moment none is lost."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import msgspec

from penstock.features.access import Principal
from penstock.features.background import each_alone
from penstock.features.context import Context
from penstock.features.evaluations.model import EvaluationPlan, EvaluationRun
from penstock.features.evaluations.schedules import store
from penstock.features.evaluations.schedules.model import (
    AuditedChanges,
    ScheduledParts,
    ScheduleStart,
    StoredSchedule,
)
from penstock.features.evaluations.schedules.service import get_schedule
from penstock.features.evaluations.schedules.triggers import ChangeReader, StartCause
from penstock.features.evaluations.schedules.turns import Turn
from penstock.features.evaluations.service.runs import EvaluationService, ShownRun, check_key
from penstock.infra.sql import Transaction
from penstock.kernel.errors import Conflict, InvalidRequest, NotFound, PenstockError
from penstock.rules.releases.documents import Release

FAILED: Final = "evaluation_schedule.failed"  # the audited action, which webhooks tell
_AT_ONCE: Final = 200  # schedules of one look at times
_REMOVED_AT_ONCE: Final = 20  # old runs that go after a start
_log: Final = logging.getLogger("penstock.evaluations")


class ScheduleStarter:
    """Starts runs: what is due, and what users ask for."""

    def __init__(
        self,
        context: Context,
        runs: EvaluationService,
        changes: AuditedChanges,
        parts: ScheduledParts,
    ) -> None:
        self._context = context
        self._runs = runs
        self._changes = changes
        self._reader = ChangeReader(changes, parts)
        self._parts = parts

    def run_due(self) -> int:
        """Looks at the schedules whose time has come, whose project has changed, and whose run may
        have ended. Returns their number."""
        due = self._due()
        each_alone(due, self._look)
        return len(due)

    def start(self, actor: Principal, project_id: str, name: str) -> ShownRun:
        """Starts a run of a schedule now, also of one that is switched off. Raises `NotFound`,
        `InvalidRequest`, and `Conflict` if its last run has not ended."""
        with self._context.database.read() as connection:
            stored = get_schedule(connection, project_id, name)
        check_key(actor, project_id, stored.schedule.plan.key_id)
        turn = Turn.of(stored, self._context.now_ms())
        if open_run := self._settle(turn):
            raise Conflict(f"The run {open_run} has not ended.", code="evaluation_runs")
        if (left := turn.left_usd()) is not None and left <= 0:
            raise InvalidRequest(_spent(stored), hint="Raise it, or wait for the next period.")
        cause = StartCause(f"user: {actor.label}")
        run = self._prepare(actor, turn, cause)
        turn.start(cause, run)
        if not self._commit(turn, actor):
            raise Conflict("The schedule has changed or has just started.", hint="Try again.")
        return self._runs.get(project_id, run.id)

    def _due(self) -> Sequence[str]:
        with self._context.database.read() as connection:
            due = store.due_ids(connection, self._context.now_ms(), _AT_ONCE)
            newest: dict[str, int] = {}
            for each in store.triggered(connection):
                project = each.project_id
                if project not in newest:
                    newest[project] = self._changes.last_sequence(connection, project)
                if newest[project] > each.seen:
                    due.append(each.id)
        return list(dict.fromkeys(due))

    def _look(self, schedule_id: str) -> None:
        with self._context.database.read() as connection:
            stored = store.find_by_id(connection, schedule_id)
        if stored is None:
            return
        turn = Turn.of(stored, self._context.now_ms())
        open_run = self._settle(turn)
        if stored.schedule.enabled:
            cause = turn.due_time()
            if open_run and cause:
                turn.skip(cause, f"The run {open_run} has not ended.")
            elif not open_run and (cause := self._change(turn) or cause):
                self._begin(turn, cause)
        if turn.changed and self._commit(turn, stored.actor):
            self._remove_old(stored)

    def _remove_old(self, stored: StoredSchedule) -> None:
        """Removes runs of a schedule that are older than those that it keeps. One that something
        refers to stays, and is the schedule's no more."""
        kept = stored.schedule.keep_runs
        with self._context.database.read() as connection:
            old = store.starts_over(connection, stored.id, kept, _REMOVED_AT_ONCE)
        for start in old:
            with suppress(NotFound, Conflict):
                self._runs.remove(stored.actor, stored.project_id, start.run_id)
            with self._context.database.write() as tx:
                store.forget_run(tx.connection, start.id)

    def _settle(self, turn: Turn) -> str:
        """Notes the end of the last run. Returns its id if it has not ended."""
        stored = turn.stored
        if not stored.progress.run_id:
            return ""
        try:
            shown = self._runs.get(stored.project_id, stored.progress.run_id)
        except NotFound:
            turn.settle(None, 0.0)
            return ""
        turn.settle(shown.run, shown.progress.cost_usd)
        return shown.run.id if shown.run.is_open else ""

    def _change(self, turn: Turn) -> StartCause | None:
        """Returns the newest change that starts a run; earlier ones are skipped."""
        if not turn.stored.schedule.triggers:
            return None
        with self._context.database.read() as connection:
            found = self._reader.read(connection, turn.stored)
        turn.see(found.seen)
        if not found.causes:
            return None
        *earlier, newest = found.causes
        if earlier:
            turn.skip(earlier[-1], f"A later change starts the run, instead of {len(earlier)}.")
        return newest

    def _begin(self, turn: Turn, cause: StartCause) -> None:
        """Prepares the run that a cause starts, or notes why there is none."""
        stored = turn.stored
        if (left := turn.left_usd()) is not None and left <= 0:
            turn.skip(cause, _spent(stored))
            return
        try:
            turn.start(cause, self._prepare(stored.actor, turn, cause))
        except PenstockError as error:
            turn.fail(cause, error.sentence())
        except Exception:  # noqa: BLE001 - a schedule that fails stops no other
            _log.exception("The evaluation schedule %s failed", stored.id)
            turn.fail(cause, "An internal error: the server's log has it.")

    def _prepare(self, actor: Principal, turn: Turn, cause: StartCause) -> EvaluationRun:
        stored = turn.stored
        plan, target = self._target(stored, cause)
        caps = [each for each in (plan.cost_cap_usd, turn.left_usd()) if each]
        plan = msgspec.structs.replace(
            plan, label=plan.label or stored.name, cost_cap_usd=min(caps, default=0.0)
        )
        return self._runs.prepare(actor, stored.project_id, plan, target)

    def _target(
        self, stored: StoredSchedule, cause: StartCause
    ) -> tuple[EvaluationPlan, Release | None]:
        """Returns the plan, and what becomes a release. Raises `NotFound` if it is gone."""
        plan, wanted, project = stored.schedule.plan, stored.schedule.target, stored.project_id
        release = wanted.release
        if wanted.model:
            named = (project, wanted.prompt, wanted.prompt_version)
            digest = self._parts.prompt_digest(*named) if wanted.prompt else ""
            return plan, Release(wanted.model, digest, wanted.parameters)
        if wanted.use_case:
            place = wanted.use_case, wanted.environment
            release = self._parts.serving_release(project, *place)
        if wanted.triggering_release:
            release = cause.release
            if not release:
                raise InvalidRequest(
                    "This schedule measures the release that starts it.",
                    hint="Measure another one with: penstock eval run --release",
                )
        return msgspec.structs.replace(plan, release=release), None

    def _commit(self, turn: Turn, actor: Principal) -> bool:
        """Stores what a look has found. Returns false, and stores nothing, if the schedule was
        changed or looked at meanwhile."""
        stored = turn.stored
        with self._context.database.write() as tx:
            now_has = store.find_by_id(tx.connection, stored.id, lock=True)
            if now_has is None or now_has.version != stored.version:
                return False
            store.save_schedule(tx.connection, stored.with_progress(turn.progress))
            self._write(tx, turn, actor)
        return True

    def _write(self, tx: Transaction, turn: Turn, actor: Principal) -> None:
        stored = turn.stored
        for at, each in enumerate(turn.log):
            if each.run is not None:
                self._runs.add(tx, actor, each.run)
            start = ScheduleStart(
                self._context.new_id("evs"),
                stored.id,
                turn.now_ms + at,  # in their order
                each.cause.text,
                each.outcome,
                each.run.id if each.run else "",
                each.reason,
            )
            store.add_start(tx.connection, start)
        for facts in turn.failures:
            self._context.audit_log.append(
                tx, stored.actor, stored.project_id, FAILED, stored.name, after=facts
            )


def _spent(stored: StoredSchedule) -> str:
    schedule = stored.schedule
    return f"The budget of {schedule.budget_usd:g} USD of this {schedule.budget_period} is spent."
