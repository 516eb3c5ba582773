"""Online evaluations: set, shown, switched on and off, removed. Others draw and measure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec
from sqlalchemy import Connection

from penstock.features.access import Principal
from penstock.features.conflicts import AuditedEvents, EditedDocument, check_unchanged
from penstock.features.context import Context
from penstock.features.evaluations.model import FindEvaluator
from penstock.features.evaluations.online import store
from penstock.features.evaluations.online.model import (
    HOUR_MS,
    MAX_RULES,
    DrawCounts,
    OnlineRule,
    RuleDrawing,
    StoredOnlineRule,
    check_name,
    check_rule,
)
from penstock.features.evaluations.service.runs import check_key
from penstock.features.traces.model import Cursor
from penstock.infra.sql import Transaction
from penstock.kernel.errors import InvalidRequest, NotFound

_SUMMED_DAYS = 7  # of the counts that a list shows
_SET: Final = "online_evaluation.set"
_REMOVE: Final = "online_evaluation.remove"


@dataclass(frozen=True, slots=True)
class ShownOnlineRule:
    """A rule with the counts of the last seven days. `waiting`: drawn calls without scores."""

    stored: StoredOnlineRule
    counts: DrawCounts
    waiting: int
    now_ms: int


class OnlineRules:
    """The online evaluations of projects. Methods raise `NotFound`."""

    def __init__(self, context: Context, find: FindEvaluator, events: AuditedEvents) -> None:
        self._context = context
        self._find = find
        self._events = events

    def get(self, project_id: str, name: str) -> ShownOnlineRule:
        """Returns a rule."""
        with self._context.database.read() as connection:
            found = get_rule(connection, project_id, name)
            return self._shown(connection, [found])[0]

    def list_page(self, project_id: str, after: str, limit: int) -> Sequence[ShownOnlineRule]:
        """Returns rules by name, after one."""
        with self._context.database.read() as connection:
            found = store.list_rules(connection, project_id, after, limit)
            return self._shown(connection, found)

    def set(
        self,
        actor: Principal,
        project_id: str,
        name: str,
        rule: OnlineRule,
        *,
        of_version: int | None = None,
    ) -> None:
        """Sets a rule, which begins with what is stored from now on. A rule in place of another
        goes on where that one is, if that was not switched off. With `of_version`, only if that is
        the present one (0: there is none). Raises `InvalidRequest`, and `Conflict` if somebody else
        was faster."""
        check_name(name)
        check_rule(rule, self._find)
        check_key(actor, project_id, rule.key_id)
        with self._context.database.write() as tx:
            before = store.find_rule(tx.connection, project_id, name, lock=True)
            edited, present = _edited(project_id, name), before.version if before else 0
            check_unchanged(tx.connection, self._events, edited, present, of_version)
            self._put(tx, actor, (project_id, name), before, rule)

    def switch(self, actor: Principal, project_id: str, name: str, *, enabled: bool) -> None:
        """Switches a rule on or off, and changes nothing else. Raises `InvalidRequest` if it cannot
        measure any more."""
        with self._context.database.write() as tx:
            before = get_rule(tx.connection, project_id, name, lock=True)
            if before.rule.enabled != enabled:
                rule = msgspec.structs.replace(before.rule, enabled=enabled)
                check_key(actor, project_id, rule.key_id)
                if enabled:  # one that is not valid any more can be switched off
                    check_rule(rule, self._find)
                self._put(tx, actor, (project_id, name), before, rule)

    def remove(self, actor: Principal, project_id: str, name: str) -> None:
        """Removes a rule; its scores stay."""
        with self._context.database.write() as tx:
            before = get_rule(tx.connection, project_id, name, lock=True)
            store.remove_rule(tx.connection, before.id)
            self._context.audit_log.append(
                tx,
                actor,
                project_id,
                _REMOVE,
                name,
                before=_facts(before.rule),
            )

    def _put(
        self,
        tx: Transaction,
        actor: Principal,
        place: tuple[str, str],
        before: StoredOnlineRule | None,
        rule: OnlineRule,
    ) -> None:
        """Stores a rule at its place, project and name, which the transaction has locked."""
        (project_id, name), now = place, self._context.now_ms()
        if before is None:
            if store.count_rules(tx.connection, project_id) >= MAX_RULES:
                raise InvalidRequest(f"A project has at most {MAX_RULES} online evaluations.")
            drawing = RuleDrawing(_here(now), next_ms=now)
            made = StoredOnlineRule(
                *(self._context.new_id("onl"), project_id, name, 1, rule, drawing),
                created_ms=now,
                updated_ms=now,
            )
            store.add_rule(tx.connection, made)
        else:
            drawing = before.drawing
            if rule.enabled and not before.rule.enabled:
                drawing = replace(drawing, position=_here(now))
            changed = replace(before, version=before.version + 1, rule=rule, drawing=drawing)
            store.replace_rule(tx.connection, replace(changed, updated_ms=now))
        self._context.audit_log.append(
            tx,
            actor,
            project_id,
            _SET,
            name,
            before=None if before is None else _facts(before.rule),
            after=_facts(rule),
        )

    def _shown(
        self, connection: Connection, found: Sequence[StoredOnlineRule]
    ) -> list[ShownOnlineRule]:
        now, ids = self._context.now_ms(), [each.id for each in found]
        since = now - _SUMMED_DAYS * 24 * HOUR_MS
        counts = store.total_counts(connection, ids, since)
        waiting = store.waiting_by_rule(connection, ids)
        return [
            ShownOnlineRule(each, counts.get(each.id, DrawCounts()), waiting.get(each.id, 0), now)
            for each in found
        ]


def get_rule(
    connection: Connection, project_id: str, name: str, *, lock: bool = False
) -> StoredOnlineRule:
    """Returns a rule of a project. Raises `NotFound`."""
    if found := store.find_rule(connection, project_id, name, lock=lock):
        return found
    raise NotFound(
        f"This project has no online evaluation {name[:63]!r}.",
        hint="List them: penstock online list",
        code="online_evaluation_not_found",
    )


def _edited(project_id: str, name: str) -> EditedDocument:
    title, code = f"The online evaluation {name!r}", "online_evaluation_changed"
    return EditedDocument(project_id, name, title, (_SET, _REMOVE), code, "version")


def _here(now_ms: int) -> Cursor:
    return Cursor(0, "", now_ms * 1_000_000)


def _facts(rule: OnlineRule) -> dict[str, object]:
    return msgspec.to_builtins(rule)
