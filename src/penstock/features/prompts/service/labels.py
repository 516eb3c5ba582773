"""Moves labels of prompts. Applications ask for labels, so each move has its history, and a move
that did not see the present version is a conflict.
"""

from collections.abc import Mapping
from typing import Final

from penstock.features.access import Principal, Role
from penstock.features.context import Context
from penstock.features.prompts import history, store
from penstock.features.prompts.model import (
    MAX_LABELS,
    PRODUCTION,
    LabelMove,
    LabelRule,
    StoredPrompt,
    check_label,
    require_present,
)
from penstock.infra.sql import Transaction
from penstock.kernel.errors import Conflict, Forbidden, InvalidRequest, NotFound

PROTECTED: Final[Mapping[str, Role]] = {PRODUCTION: Role.ADMIN}  # unless a rule says otherwise


class LabelService:
    """Use cases of labels."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def rules(self, project_id: str) -> list[LabelRule]:
        """Returns who may move which labels; editors move all others."""
        with self._context.database.read() as connection:
            own = {rule.label: rule for rule in history.list_rules(connection, project_id)}
        usual = {label: LabelRule(label, role) for label, role in PROTECTED.items()}
        return sorted((usual | own).values(), key=lambda rule: rule.label)

    def set_rule(self, actor: Principal, project_id: str, rule: LabelRule) -> LabelRule:
        """Sets the role that may move a label. Raises `InvalidRequest`, `Forbidden`."""
        check_label(rule.label)
        if not actor.has_role(rule.role, project_id):
            raise Forbidden("You cannot protect a label from yourself.")
        with self._context.database.write() as tx:
            if len(history.list_rules(tx.connection, project_id)) >= MAX_LABELS:
                raise InvalidRequest(f"A project has at most {MAX_LABELS} protected labels.")
            history.set_rule(tx.connection, project_id, rule)
            after = {"role": rule.role.value}
            self._context.audit_log.append(
                tx, actor, project_id, "prompt.protect", rule.label, after=after
            )
        return rule

    def move(
        self,
        actor: Principal,
        project_id: str,
        prompt_id: str,
        label: str,
        *,
        to: int,
        seen: int,
        message: str = "",
    ) -> StoredPrompt:
        """Moves a label to the version `to`; 0 removes it. `seen` is the version that the mover saw
        at the label, 0 for none. Raises `NotFound`, `InvalidRequest`, `Forbidden`, and `Conflict`
        if the label is elsewhere now."""
        check_label(label)
        with self._context.database.write() as tx:
            prompt = store.find_prompt(tx.connection, project_id, prompt_id, lock=True)
            if prompt is None:
                raise NotFound(f"This project has no prompt with the id {prompt_id!r}.")
            require_present(prompt)
            present = prompt.labels.get(label, 0)
            if present != seen:
                raise Conflict(
                    f"The label {label!r} of {prompt.name!r} is at {_shown(present)} now; you saw "
                    f"it at {_shown(seen)}, and would move it to {_shown(to)}.",
                    hint="Load the prompt again, then decide.",
                    code="label_moved",
                    param="seen",
                )
            self._move(tx, actor, prompt, label, to=to, message=message)
            moved = store.find_prompt(tx.connection, project_id, prompt_id)
        return moved or prompt

    def _move(
        self,
        tx: Transaction,
        actor: Principal,
        prompt: StoredPrompt,
        label: str,
        *,
        to: int,
        message: str,
    ) -> None:
        present = prompt.labels.get(label, 0)
        if present == to:
            return
        self._require_role(tx, actor, prompt.project_id, label)
        if to and store.find_version(tx.connection, prompt.id, to) is None:
            raise NotFound(
                f"The prompt {prompt.name!r} has no version {to}.",
                hint=f"The latest is {prompt.latest}.",
            )
        if not present and len(prompt.labels) >= MAX_LABELS:
            raise InvalidRequest(f"A prompt has at most {MAX_LABELS} labels.")
        store.set_label(tx.connection, prompt.id, label, to)
        move = LabelMove(
            self._context.new_id("mov"),
            prompt.id,
            label,
            present,
            to,
            actor.label,
            message,
            self._context.now_ms(),
        )
        history.add_move(tx.connection, move)
        self._context.audit_log.append(
            tx,
            actor,
            prompt.project_id,
            "prompt.label",
            prompt.id,
            before={"name": prompt.name, "label": label, "version": present},
            after={"name": prompt.name, "label": label, "version": to, "message": message},
        )

    def _require_role(self, tx: Transaction, actor: Principal, project_id: str, label: str) -> None:
        rules = {rule.label: rule.role for rule in history.list_rules(tx.connection, project_id)}
        role = rules.get(label, PROTECTED.get(label, Role.EDITOR))
        if not actor.has_role(role, project_id):
            raise Forbidden(
                f"The label {label!r} is protected: only the role {role.value} moves it.",
                hint="Ask somebody with this role, or save the version without the label.",
                code="label_protected",
            )

    def list_moves(
        self, project_id: str, prompt_id: str, before: str, limit: int, label: str
    ) -> list[LabelMove]:
        """Returns the moves of a prompt's labels, newest first. Raises `NotFound`."""
        with self._context.database.read() as connection:
            if store.find_prompt(connection, project_id, prompt_id) is None:
                raise NotFound(f"This project has no prompt with the id {prompt_id!r}.")
            return history.list_moves(connection, prompt_id, before, limit, label)


def _shown(number: int) -> str:
    return f"version {number}" if number else "no version"
