"""The rules of datasets: set, shown and removed. They run in `rule_runs.py`."""

from dataclasses import replace
from typing import Final

import msgspec
from sqlalchemy import Connection

from penstock.features.access import Principal
from penstock.features.conflicts import AuditedEvents, EditedDocument, check_unchanged, revision_of
from penstock.features.context import Context
from penstock.features.datasets.model import Dataset
from penstock.features.datasets.rules import (
    DatasetRule,
    RulePosition,
    RuleProgress,
    StoredRule,
    check_selection,
)
from penstock.features.datasets.service.datasets import get_dataset
from penstock.features.datasets.store import rules as store
from penstock.infra.sql import Transaction
from penstock.kernel.errors import NotFound

_SET: Final = "dataset.rule.set"
_REMOVE: Final = "dataset.rule.remove"


class DatasetRules:
    """The rules of a project's datasets. Methods raise `NotFound`."""

    def __init__(self, context: Context, events: AuditedEvents) -> None:
        self._context = context
        self._events = events

    def get(self, project_id: str, name: str) -> StoredRule:
        """Returns the rule of a dataset."""
        with self._context.database.read() as connection:
            return _get_rule(connection, get_dataset(connection, project_id, name))

    def list_page(self, project_id: str, dataset: str, after: str, limit: int) -> list[StoredRule]:
        """Returns rules by the names of their datasets, or only that of `dataset`, if any."""
        with self._context.database.read() as connection:
            return store.list_rules(connection, project_id, dataset, after, limit)

    def set(
        self,
        actor: Principal,
        project_id: str,
        name: str,
        rule: DatasetRule,
        *,
        of_revision: str | None = None,
    ) -> StoredRule:
        """Sets the rule of a dataset, which begins with what is stored from now on. A rule in
        place of another goes on where that one is, if that was not switched off. With
        `of_revision`, only if that is the present one (empty: there is none). Raises
        `InvalidRequest`, and `Conflict` if somebody else was faster."""
        check_selection(rule)
        with self._context.database.write() as tx:
            dataset = get_dataset(tx.connection, project_id, name, lock=True)
            before = store.find_rule(tx.connection, dataset.id)
            edited, present = _edited(project_id, name), revision_of(before and before.rule)
            check_unchanged(tx.connection, self._events, edited, present, of_revision)
            self._put(tx, actor, dataset, before, rule)
        return self.get(project_id, name)

    def switch(self, actor: Principal, project_id: str, name: str, *, enabled: bool) -> StoredRule:
        """Switches the rule of a dataset on or off, and changes nothing else. Raises
        `InvalidRequest` if it cannot choose calls any more."""
        with self._context.database.write() as tx:
            dataset = get_dataset(tx.connection, project_id, name, lock=True)
            before = _get_rule(tx.connection, dataset)
            if before.rule.enabled != enabled:
                if enabled:  # one that is not valid any more can be switched off
                    check_selection(before.rule)
                rule = msgspec.structs.replace(before.rule, enabled=enabled)
                self._put(tx, actor, dataset, before, rule)
        return self.get(project_id, name)

    def remove(self, actor: Principal, project_id: str, name: str) -> None:
        """Removes the rule of a dataset; its items stay."""
        with self._context.database.write() as tx:
            dataset = get_dataset(tx.connection, project_id, name, lock=True)
            before = _get_rule(tx.connection, dataset)
            store.remove_rule(tx.connection, dataset.id)
            self._context.audit_log.append(
                tx, actor, project_id, _REMOVE, name, before=_facts(before.rule)
            )

    def _put(
        self,
        tx: Transaction,
        actor: Principal,
        dataset: Dataset,
        before: StoredRule | None,
        rule: DatasetRule,
    ) -> None:
        """Stores the rule of a dataset, which the transaction has locked."""
        now = self._context.now_ms()
        if before is None:
            progress = RuleProgress(RulePosition(now * 1_000_000), next_ms=now)
            made = StoredRule(dataset.id, dataset.project_id, dataset.name, rule, progress)
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
            dataset.project_id,
            _SET,
            dataset.name,
            before=None if before is None else _facts(before.rule),
            after=_facts(rule),
        )


def _get_rule(connection: Connection, dataset: Dataset) -> StoredRule:
    if found := store.find_rule(connection, dataset.id):
        return found
    raise NotFound(
        f"The dataset {dataset.name!r} has no rule.",
        hint="Give it one: penstock dataset rule set",
        code="dataset_rule_not_found",
    )


def _edited(project_id: str, dataset: str) -> EditedDocument:
    title, code = f"The rule of the dataset {dataset!r}", "dataset_rule_changed"
    hint = "Load it, then repeat your change."
    return EditedDocument(project_id, dataset, title, (_SET, _REMOVE), code, taken=hint)


def _facts(rule: DatasetRule) -> dict[str, object]:
    return msgspec.to_builtins(rule)
