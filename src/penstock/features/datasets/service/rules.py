"""The rules of datasets: set, shown and removed. They run in `rule_runs.py`."""

from dataclasses import replace

import msgspec

from penstock.features.access import Principal
from penstock.features.context import Context
from penstock.features.datasets.rules import (
    DatasetRule,
    RulePosition,
    RuleProgress,
    StoredRule,
    check_selection,
)
from penstock.features.datasets.service.datasets import get_dataset
from penstock.features.datasets.store import rules as store
from penstock.kernel.errors import NotFound


class DatasetRules:
    """The rules of a project's datasets. Methods raise `NotFound`."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def get(self, project_id: str, name: str) -> StoredRule:
        """Returns the rule of a dataset."""
        with self._context.database.read() as connection:
            dataset = get_dataset(connection, project_id, name)
            if found := store.find_rule(connection, dataset.id):
                return found
        raise _no_rule(name)

    def list_page(self, project_id: str, dataset: str, after: str, limit: int) -> list[StoredRule]:
        """Returns rules by the names of their datasets, or only that of `dataset`, if any."""
        with self._context.database.read() as connection:
            return store.list_rules(connection, project_id, dataset, after, limit)

    def set(self, actor: Principal, project_id: str, name: str, rule: DatasetRule) -> StoredRule:
        """Sets the rule of a dataset, which begins with what is stored from now on. A rule in
        place of another goes on where that one is, if that was not switched off. Raises
        `InvalidRequest`."""
        check_selection(rule)
        now = self._context.now_ms()
        with self._context.database.write() as tx:
            dataset = get_dataset(tx.connection, project_id, name, lock=True)
            before = store.find_rule(tx.connection, dataset.id)
            if before is None:
                progress = RuleProgress(RulePosition(now * 1_000_000), next_ms=now)
                made = StoredRule(dataset.id, project_id, name, rule, progress)
                store.add_rule(tx.connection, made)
            else:
                next_ms = max(now, before.progress.ran_ms + rule.interval_s * 1000)
                store.replace_rule(tx.connection, dataset.id, rule, next_ms)
                if rule.enabled and not before.rule.enabled:
                    progress = replace(before.progress, position=RulePosition(now * 1_000_000))
                    progress = replace(progress, next_ms=next_ms, error="")
                    store.save_progress(tx.connection, dataset.id, progress)
            self._context.audit_log.append(
                tx,
                actor,
                project_id,
                "dataset.rule.set",
                name,
                before=None if before is None else _facts(before.rule),
                after=_facts(rule),
            )
        return self.get(project_id, name)

    def remove(self, actor: Principal, project_id: str, name: str) -> None:
        """Removes the rule of a dataset; its items stay."""
        with self._context.database.write() as tx:
            dataset = get_dataset(tx.connection, project_id, name, lock=True)
            before = store.find_rule(tx.connection, dataset.id)
            if before is None:
                raise _no_rule(name)
            store.remove_rule(tx.connection, dataset.id)
            self._context.audit_log.append(
                tx, actor, project_id, "dataset.rule.remove", name, before=_facts(before.rule)
            )


def _no_rule(name: str) -> NotFound:
    return NotFound(
        f"The dataset {name[:63]!r} has no rule.",
        hint="Give it one: penstock dataset rule set",
        code="dataset_rule_not_found",
    )


def _facts(rule: DatasetRule) -> dict[str, object]:
    return msgspec.to_builtins(rule)
