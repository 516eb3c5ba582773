"""Runs the rules whose time has come: their calls become a new version of the dataset."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import msgspec

from penstock.features.access import Principal
from penstock.features.context import Context
from penstock.features.datasets.model import MAX_BATCH, ChangeCounts
from penstock.features.datasets.rules import (
    DAY_MS,
    RulePosition,
    RuleProgress,
    StoredRule,
    check_selection,
)
from penstock.features.datasets.service.changes import DatasetChange, DatasetChanges
from penstock.features.datasets.service.examples import MAX_EXAMPLE_BYTES, ExampleReader
from penstock.features.datasets.service.rule_calls import ChosenCall, RuleCalls
from penstock.features.datasets.store import rules as store
from penstock.kernel.errors import PenstockError
from penstock.rules.evaluation.items import DatasetItem

RULE: Final = Principal("system", "dataset_rule", "rule of the dataset", {}, instance_admin=True)
_RULES_AT_ONCE: Final = 100  # rules that run one after the other, before due ones are read again
_READ_AT_ONCE: Final = 20  # calls whose content is read together
_RETRY_MS: Final = 60_000  # after an error
_MAX_ERROR_CHARS: Final = 1000  # of an error that is shown; the rest is cut
_log: Final = logging.getLogger("penstock.datasets")


@dataclass(slots=True)
class _Read:
    """The items of chosen calls. `complete`: of all of them; otherwise those up to `position`."""

    corrected: list[DatasetItem] = field(default_factory=list[DatasetItem])
    others: list[DatasetItem] = field(default_factory=list[DatasetItem])
    skipped: int = 0
    size: int = 0
    position: RulePosition | None = None
    complete: bool = True


class RuleRunner:
    """Adds the calls of rules. A crash between a version and its progress adds the same calls
    again, which changes nothing: the id of an item comes from its content."""

    def __init__(
        self, context: Context, changes: DatasetChanges, examples: ExampleReader, calls: RuleCalls
    ) -> None:
        self._context = context
        self._changes = changes
        self._examples = examples
        self._calls = calls

    def run_due(self) -> int:
        """Runs the due rules. Returns their number."""
        with self._context.database.read() as connection:
            due = store.due_rules(connection, self._context.now_ms(), _RULES_AT_ONCE)
        for stored in due:
            progress = self._run(stored) if stored.rule.enabled else self._paused(stored)
            with self._context.database.write() as tx:
                store.save_progress(tx.connection, stored.dataset_id, progress)
        return len(due)

    def _paused(self, stored: StoredRule) -> RuleProgress:
        next_ms = self._context.now_ms() + stored.rule.interval_s * 1000
        return replace(stored.progress, next_ms=next_ms)

    def _run(self, stored: StoredRule) -> RuleProgress:
        try:
            return self._add(stored)
        except PenstockError as error:
            reason = error.sentence()
        except Exception:  # noqa: BLE001 - a rule that fails stops no other
            _log.exception("The rule of the dataset %s failed", stored.dataset_id)
            reason = "An internal error: the server's log has it."
        now = self._context.now_ms()
        return replace(
            stored.progress,
            error=reason[:_MAX_ERROR_CHARS],
            ran_ms=now,
            next_ms=now + _RETRY_MS,
        )

    def _add(self, stored: StoredRule) -> RuleProgress:
        """Makes a version of the next calls, and returns the progress."""
        check_selection(stored.rule)  # this version may no longer have a dimension
        now, rule, before = self._context.now_ms(), stored.rule, stored.progress
        day = now // DAY_MS
        today = before.added_today if before.day == day else 0
        until_ns = max((now - rule.delay_s * 1000) * 1_000_000, before.position.stored_ns)
        space = min(rule.daily_cap - today, MAX_BATCH)
        counts, skipped, position, later = ChangeCounts(), 0, RulePosition(until_ns), False
        if space > 0:
            chosen = self._calls.choose(stored, until_ns, space)
            read = self._read(stored, chosen.calls)
            counts, skipped = self._commit(stored, read)
            later = not (chosen.finished and read.complete)
            position = chosen.position if read.complete else read.position or before.position
        added = counts.added + counts.changed
        waits = 0 if later and not added else rule.interval_s * 1000
        return RuleProgress(
            position=position,
            day=day,
            added_today=today + added,
            added=before.added + added,
            skipped=before.skipped + skipped,
            ran_ms=now,
            next_ms=now + waits,
        )

    def _read(self, stored: StoredRule, chosen: Sequence[ChosenCall]) -> _Read:
        """Returns the items of calls, until there are too many bytes for one version."""
        read = _Read()
        for first in range(0, len(chosen), _READ_AT_ONCE):
            some = chosen[first : first + _READ_AT_ONCE]
            if read.size > MAX_EXAMPLE_BYTES:
                read.complete = False
                break
            found = self._examples.read(
                stored.project_id,
                [each.wanted for each in some],
                keep_output=stored.rule.keep_output,
            )
            read.corrected += found.corrected
            read.others += found.others
            read.skipped += len(found.skipped)
            items = (*found.corrected, *found.others)
            read.size += sum(len(msgspec.json.encode(each)) for each in items)
            read.position = some[-1].position
        return read

    def _commit(self, stored: StoredRule, read: _Read) -> tuple[ChangeCounts, int]:
        """Returns what the version changes, and how many calls could not be added."""
        place = stored.project_id, stored.dataset
        corrected = self._changes.acceptable(*place, read.corrected)
        others = self._changes.acceptable(*place, read.others)
        refused = len(read.corrected) + len(read.others) - len(corrected) - len(others)
        if not corrected and not others:
            return ChangeCounts(), read.skipped + refused
        change = DatasetChange(items=corrected, additions=others, message="Rule")
        done = self._changes.change(RULE, *place, change)
        return done.counts, read.skipped + refused
