"""Fills queues by their rules, again and again, from where the last time ended."""

import logging
from contextlib import suppress
from dataclasses import replace
from typing import Final

import msgspec

from penstock.features.access import Principal
from penstock.features.annotation.model.ports import MeasuredRuns, MeasuredTraffic
from penstock.features.annotation.model.queues import (
    ItemSelection,
    QueueRule,
    check_metrics,
    check_rule,
)
from penstock.features.annotation.service.filling import FilledQueue, QueueFilling, add_chosen
from penstock.features.annotation.service.queues import get_queue
from penstock.features.annotation.service.selecting import SETTLES_MS
from penstock.features.annotation.store import rules as store
from penstock.features.annotation.store.rules import RulePlace, RuleWork, StoredQueueRule
from penstock.features.annotation.store.tables import QUEUES
from penstock.features.context import Context
from penstock.kernel.errors import NotFound, PenstockError

EVERY_MS: Final = 60_000  # between two times of a rule
_NEVER_MS: Final = 2**62  # the next time of a rule that is paused
_DAY_MS: Final = 24 * 3600 * 1000
_RULES_AT_ONCE: Final = 100  # that run one after the other, before due ones are read again
_MAX_PAGES: Final = 20  # that a rule reads at once; the next time goes on after them
_MAX_ERROR_CHARS: Final = 1000  # of an error that is shown; the rest is cut
_log: Final = logging.getLogger("penstock.annotation")


class QueueRules:
    """The rules of queues. A crash between items and their progress adds the same items again,
    which changes nothing: the id of an item comes from its content."""

    def __init__(
        self,
        context: Context,
        filling: QueueFilling,
        runs: MeasuredRuns,
        traffic: MeasuredTraffic,
    ) -> None:
        self._context = context
        self._filling = filling
        self._runs = runs
        self._traffic = traffic

    def get(self, project_id: str, name: str) -> StoredQueueRule:
        """Returns the rule of a queue. Raises `NotFound`."""
        with self._context.database.read() as connection:
            queue = get_queue(connection, project_id, name)
            if found := store.find_rule(connection, queue.id):
                return found
        raise NotFound(
            f"The queue {name[:63]!r} has no rule.",
            hint="Give it one: penstock annotation rule",
            code="annotation_rule_not_found",
        )

    def set(self, actor: Principal, project_id: str, name: str, rule: QueueRule) -> StoredQueueRule:
        """Sets the rule of a queue. One that follows a dataset begins with its first item; one of
        runs with those that end from now on, one of live traffic with what is measured from now
        on. One in place of another that takes the same goes on where that one is. Raises
        `NotFound`, `InvalidRequest`."""
        check_rule(rule, name)
        if online := rule.selection.online:
            check_metrics(rule.selection, self._traffic.facts(project_id, online))
        now = self._context.now_ms()
        with self._context.database.write() as tx:
            queue = get_queue(tx.connection, project_id, name, lock=True)
            before = store.find_rule(tx.connection, queue.id)
            work = RuleWork(_begin(rule, now))
            if before is not None and _takes(before.rule) == _takes(rule):
                work = replace(before.work, error="")
            made = StoredQueueRule(queue.id, project_id, rule, replace(work, next_ms=now))
            store.set_rule(tx.connection, made)
            self._context.audit_log.append(
                tx,
                actor,
                project_id,
                "annotation.rule.set",
                name,
                after=msgspec.to_builtins(rule),
            )
        return made

    def list(self, project_id: str) -> list[tuple[str, StoredQueueRule]]:
        """Returns the rules of a project with the names of their queues, by name."""
        with self._context.database.read() as connection:
            names = {each.entry.id: each.entry.name for each in QUEUES.list(connection, project_id)}
            found = store.rules_of(connection, project_id)
        return sorted((names[each.queue_id], each) for each in found if each.queue_id in names)

    def pause(
        self, actor: Principal, project_id: str, name: str, *, paused: bool
    ) -> StoredQueueRule:
        """Pauses the rule of a queue, or lets it go on from where it was. Raises `NotFound`."""
        self.get(project_id, name)
        now = self._context.now_ms()
        with self._context.database.write() as tx:
            queue = get_queue(tx.connection, project_id, name, lock=True)
            before = store.find_rule(tx.connection, queue.id)
            if before is None or before.rule.paused == paused:
                return before or self.get(project_id, name)
            rule = msgspec.structs.replace(before.rule, paused=paused)
            work = replace(before.work, next_ms=_NEVER_MS if paused else now)
            after = replace(before, rule=rule, work=work)
            store.set_rule(tx.connection, after)
            action = "annotation.rule.pause" if paused else "annotation.rule.resume"
            self._context.audit_log.append(tx, actor, project_id, action, name)
        return after

    def remove(self, actor: Principal, project_id: str, name: str) -> None:
        """Removes the rule of a queue; its items stay. Raises `NotFound`."""
        self.get(project_id, name)
        with self._context.database.write() as tx:
            queue = get_queue(tx.connection, project_id, name, lock=True)
            store.remove_rule(tx.connection, queue.id)
            self._context.audit_log.append(tx, actor, project_id, "annotation.rule.remove", name)

    def run_due(self) -> int:
        """Runs the due rules. Returns their number."""
        with self._context.database.read() as connection:
            due = store.due_rules(connection, self._context.now_ms(), _RULES_AT_ONCE)
        for stored in due:
            self._run(stored)
        return len(due)

    def _run(self, stored: StoredQueueRule) -> None:
        now = self._context.now_ms()
        work = replace(stored.work, error="", ran_ms=now, next_ms=now + EVERY_MS)
        if work.day != now // _DAY_MS:
            work = replace(work, day=now // _DAY_MS, added_today=0)
        try:
            self._fill(stored, work)
        except PenstockError as error:
            self._note(stored, work, error.sentence())
        except Exception:  # noqa: BLE001 - a rule that fails stops no other
            _log.exception("The rule of the queue %s failed", stored.queue_id)
            self._note(stored, work, "An internal error: the server's log has it.")

    def _note(self, stored: StoredQueueRule, work: RuleWork, reason: str) -> None:
        """Stores why a rule could not go on; what it has added stays."""
        with self._context.database.write() as tx:
            found = store.find_rule(tx.connection, stored.queue_id)
            kept = found.work if found else work
            failed = replace(work, position=kept.position, error=reason[:_MAX_ERROR_CHARS])
            failed = replace(failed, added=kept.added, added_today=kept.added_today)
            store.save_work(tx.connection, stored, failed)

    def _fill(self, stored: StoredQueueRule, work: RuleWork) -> None:
        """Adds page after page; each is stored together with the place after it. Live traffic over
        the cap of the day is not added later: the next day begins with its own."""
        rule, finished = stored.rule, False
        for _ in range(_MAX_PAGES):
            left = rule.daily_cap - work.added_today
            if finished or left <= 0:
                break
            work, finished = self._page(stored, work, left)
        if rule.selection.online and work.added_today >= rule.daily_cap:
            work = replace(work, position=_begin(rule, self._context.now_ms()))
        with self._context.database.write() as tx:
            store.save_work(tx.connection, stored, work)

    def _page(self, stored: StoredQueueRule, work: RuleWork, left: int) -> tuple[RuleWork, bool]:
        """Adds the next page, of at most `left` items. Returns the work after it, and whether
        nothing is left for now."""
        rule, filled = stored.rule, FilledQueue()
        wanted, place = rule.selection, work.position
        with self._context.database.read() as connection:
            found = QUEUES.find(connection, stored.project_id, stored.queue_id)
        if found is None:
            return work, True
        if rule.runs:
            run = self._next_run(stored, place)
            if run is None:
                return work, True
            wanted = msgspec.structs.replace(wanted, run=run)
            place = place if place.run == run else RulePlace(place.at, place.id, run)
        page = self._filling.pages_of(found.entry, stored.project_id, wanted)(place)
        with self._context.database.write() as tx:
            queue = QUEUES.find(tx.connection, stored.project_id, stored.queue_id, lock=True)
            if queue is None:
                return work, True
            add_chosen(tx, queue.entry, stored.project_id, page.chosen, filled, limit=left)
            complete = filled.added < left or left >= len(page.chosen)
            after = self._after(stored, page.place, last=page.last) if complete else place
            work = replace(
                work,
                position=after,
                error=page.problem[:_MAX_ERROR_CHARS] or work.error,
                added=work.added + filled.added,
                added_today=work.added_today + filled.added,
            )
            store.save_work(tx.connection, stored, work)
        return work, page.last and not rule.runs

    def _next_run(self, stored: StoredQueueRule, place: RulePlace) -> str | None:
        """Returns the run that is being read, or the next one that has ended."""
        with suppress(NotFound):  # it was removed: the next one is read
            if place.run:
                return self._runs.run(stored.project_id, place.run).id
        dataset = stored.rule.selection.dataset
        until = self._context.now_ms() - SETTLES_MS
        found = self._runs.ended_after(stored.project_id, dataset, (place.at, place.id), until)
        return found.id if found else None

    def _after(self, stored: StoredQueueRule, place: RulePlace, *, last: bool) -> RulePlace:
        """Returns the place after a page: after the whole run, if it was its last one."""
        if not (stored.rule.runs and last):
            return place
        run = self._runs.run(stored.project_id, place.run)
        return RulePlace(run.ended_ms, run.id)


def _takes(rule: QueueRule) -> tuple[ItemSelection, bool]:
    """Returns what a rule follows, and which of it it takes."""
    return rule.selection, rule.runs


def _begin(rule: QueueRule, now_ms: int) -> RulePlace:
    """Returns the place of a rule that has seen nothing of what it follows until now."""
    if rule.selection.online:
        return RulePlace(now_ms * 1_000_000)
    return RulePlace(now_ms) if rule.runs else RulePlace()
