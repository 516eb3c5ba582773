"""Renames prompts, one or a whole folder. Callers of the old names still find them."""

from collections.abc import Sequence
from dataclasses import replace

from penstock.features.access import Principal
from penstock.features.context import Context
from penstock.features.prompts import store
from penstock.features.prompts.model import (
    MAX_MOVED,
    MAX_OLD_NAMES,
    MovedPrompt,
    StoredPrompt,
    check_prompt_name,
)
from penstock.features.prompts.service.prompts import (
    get_prompt,
    get_version,
    name_taken,
    searched_text,
)
from penstock.infra.sql import Transaction
from penstock.kernel.errors import Conflict, InvalidRequest, NotFound


class PromptMoves:
    """Use cases of names."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def move(self, actor: Principal, project_id: str, old: str, new: str) -> Sequence[MovedPrompt]:
        """Renames a prompt to `new`, or gives each prompt of the folder `old/` its place in `new/`:
        all or none. Raises `NotFound`, `InvalidRequest`, and `Conflict` if a name is taken."""
        with self._context.database.write() as tx:
            found = _found(tx, project_id, old)
            moves = [
                MovedPrompt(each.id, each.name, _target(each.name, old, new)) for each in found
            ]
            _check_names(moves)
            for prompt, each in zip(found, moves, strict=True):
                self._rename(tx, actor, prompt, each)
        return moves

    def free(self, actor: Principal, project_id: str, name: str) -> None:
        """Forgets an old name: callers do not find the prompt by it any more, and another prompt
        may take it. Raises `NotFound`."""
        with self._context.database.write() as tx:
            prompt = store.find_named(tx.connection, project_id, name)
            if prompt is None or prompt.name == name:
                raise NotFound(f"{name[:200]!r} is no old name of a prompt.")
            store.remove_old_name(tx.connection, project_id, name)
            self._context.audit_log.append(
                tx, actor, project_id, "prompt.free_name", prompt.id, before={"old_name": name}
            )

    def _rename(
        self, tx: Transaction, actor: Principal, prompt: StoredPrompt, move: MovedPrompt
    ) -> None:
        holder = store.find_named(tx.connection, prompt.project_id, move.new)
        if holder is not None and holder.id != prompt.id:
            raise name_taken(move.new, holder)
        store.remove_old_name(tx.connection, prompt.project_id, move.new)
        if len(set(prompt.old_names) - {move.new}) >= MAX_OLD_NAMES:
            raise InvalidRequest(
                f"{prompt.name!r} has {MAX_OLD_NAMES} old names, under which it is still found.",
                hint=f"Free one: penstock prompts free-name {prompt.old_names[0]}",
                param="new",
            )
        renamed = replace(prompt, name=move.new, updated_ms=self._context.now_ms())
        latest = get_version(tx.connection, prompt, "latest")
        store.save_prompt(tx.connection, renamed, searched_text(move.new, latest.content))
        store.set_old_name(tx.connection, prompt, move.old)
        self._context.audit_log.append(
            tx,
            actor,
            prompt.project_id,
            "prompt.move",
            prompt.id,
            before={"name": move.old},
            after={"name": move.new},
        )


def _check_names(moves: Sequence[MovedPrompt]) -> None:
    names = {each.old for each in moves}
    for each in moves:
        check_prompt_name(each.new)
        if each.new in names:
            raise Conflict(
                f"{each.new!r} is the name of a prompt that moves, too.",
                hint="Move the folder by way of another one.",
                code="prompt_exists",
                param="new",
            )


def _found(tx: Transaction, project_id: str, old: str) -> list[StoredPrompt]:
    return _in_folder(tx, project_id, old) if old.endswith("/") else [_one(tx, project_id, old)]


def _one(tx: Transaction, project_id: str, name: str) -> StoredPrompt:
    found = store.find_named(tx.connection, project_id, name)
    if found is None:
        raise NotFound(f"This project has no prompt {name[:200]!r}.", param="old")
    if found.name != name:
        raise Conflict(
            f"The prompt {name!r} is named {found.name!r} now.",
            hint="Move it by this name.",
            code="prompt_moved",
            param="old",
        )
    return get_prompt(tx.connection, project_id, found.id, lock=True)


def _in_folder(tx: Transaction, project_id: str, folder: str) -> list[StoredPrompt]:
    name = folder.strip("/")
    found = store.list_prompts(
        tx.connection, project_id, folder=name, archived=None, limit=MAX_MOVED + 1
    )
    if not name or not found:
        raise NotFound(f"There is no prompt in the folder {folder[:200]!r}.", param="old")
    if len(found) > MAX_MOVED:
        raise InvalidRequest(
            f"The folder has more than {MAX_MOVED} prompts.",
            hint="Move the folders in it one after the other.",
            param="old",
        )
    return found


def _target(name: str, old: str, new: str) -> str:
    if old.endswith("/") != new.endswith("/"):
        raise InvalidRequest(
            "Either both are folders, ending with a slash, or both are prompts.", param="new"
        )
    return new + name.removeprefix(old) if old.endswith("/") else new
