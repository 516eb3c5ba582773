"""Saves, finds and compares prompts and their versions."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from penstock.features.access import Principal
from penstock.features.context import Context
from penstock.features.prompts import store
from penstock.features.prompts.model import (
    DIGEST,
    MAX_PROMPTS,
    MAX_VERSIONS,
    NewVersion,
    ResolvedPrompt,
    StoredPrompt,
    StoredVersion,
    VersionHead,
    check_prompt_name,
    removed_text,
    require_present,
    restore_hint,
)
from penstock.features.prompts.service.partials import (
    load_partials,
    version_number,
    with_partials,
)
from penstock.infra.sql import Transaction
from penstock.kernel.errors import Conflict, InvalidRequest, NotFound
from penstock.rules.prompts.documents import PromptContent
from penstock.rules.prompts.file import write_prompt
from penstock.rules.render.prompt import RenderedPrompt, compile_prompt
from penstock.rules.word_diff import Piece, diff_words

_SEARCHED_CHARS = 8000  # of a version's content; a search does not see the rest


class PromptService:
    """Use cases of prompts."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def list_page(
        self,
        project_id: str,
        after: str,
        limit: int,
        *,
        query: str,
        folder: str,
        label: str,
        archived: bool = False,
    ) -> list[StoredPrompt]:
        """Returns prompts by name, after a name. `query`: words of the name or latest version;
        `archived`: those that are removed."""
        with self._context.database.read() as connection:
            return store.list_prompts(
                connection,
                project_id,
                terms=query.split(),
                folder=folder.strip("/"),
                label=label,
                archived=archived,
                after=after,
                limit=limit,
            )

    def get(self, project_id: str, prompt_id: str) -> StoredPrompt:
        """Returns a prompt. Raises `NotFound`."""
        with self._context.database.read() as connection:
            return get_prompt(connection, project_id, prompt_id)

    def list_versions(
        self, project_id: str, prompt_id: str, before: int | None, limit: int
    ) -> list[VersionHead]:
        """Returns versions, newest first. Raises `NotFound`."""
        with self._context.database.read() as connection:
            get_prompt(connection, project_id, prompt_id)
            return store.list_versions(connection, prompt_id, before, limit)

    def version(self, project_id: str, prompt_id: str, wanted: str) -> StoredVersion:
        """Returns a version by number, label, `latest`, or content hash. Raises `NotFound`."""
        with self._context.database.read() as connection:
            prompt = get_prompt(connection, project_id, prompt_id)
            return get_version(connection, prompt, wanted)

    def resolve(self, project_id: str, name: str, wanted: str) -> ResolvedPrompt:
        """Returns a version with its partials, by the name of its prompt, also an old one. Versions
        of a removed prompt are found by content hash only. Raises `NotFound`."""
        with self._context.database.read() as connection:
            prompt = store.find_named(connection, project_id, name)
            if prompt is None:
                raise NotFound(
                    f"This project has no prompt {name!r}.", hint="List them: penstock prompts list"
                )
            if prompt.archived_ms is not None and not DIGEST.fullmatch(wanted):
                raise NotFound(
                    removed_text(prompt), hint=restore_hint(prompt), code="prompt_removed"
                )
            version = get_version(connection, prompt, wanted)
            partials = load_partials(connection, project_id, version.content)
            return ResolvedPrompt(prompt, version, partials)

    def diff(self, project_id: str, prompt_id: str, old: str, new: str) -> list[Piece]:
        """Returns the words that differ between two versions. Raises `NotFound`."""
        with self._context.database.read() as connection:
            prompt = get_prompt(connection, project_id, prompt_id)
            texts = [get_version(connection, prompt, each).content for each in (old, new)]
        return diff_words(*(write_prompt(content) for content in texts))

    def render(
        self, project_id: str, content: PromptContent, values: dict[str, object]
    ) -> RenderedPrompt:
        """Renders a content that is not saved. Raises `InvalidRequest`."""
        with self._context.database.read() as connection:
            whole = with_partials(connection, project_id, content)
            partials = load_partials(connection, project_id, whole)
        return compile_prompt(whole, partials).render(values)

    def add(
        self, actor: Principal, project_id: str, name: str, new: NewVersion
    ) -> tuple[StoredPrompt, StoredVersion]:
        """Adds a prompt with its first version. Raises `InvalidRequest`, `Conflict`."""
        check_prompt_name(name)
        with self._context.database.write() as tx:
            if taken := store.find_named(tx.connection, project_id, name):
                raise name_taken(name, taken)
            if store.count_prompts(tx.connection, project_id) >= MAX_PROMPTS:
                raise InvalidRequest(f"A project has at most {MAX_PROMPTS:,} prompts.")
            content = self._checked(tx.connection, project_id, new.content, "")
            now = self._context.now_ms()
            prompt_id = self._context.new_id("prm")
            prompt = StoredPrompt(
                prompt_id, project_id, name, content.kind, 1, content.digest(), now, now
            )
            version = _version(prompt, content, actor, new)
            store.add_prompt(tx.connection, prompt, searched_text(name, content))
            store.add_version(tx.connection, project_id, version)
            self._audit(tx, actor, "prompt.add", prompt, new)
        return prompt, version

    def save(
        self, actor: Principal, project_id: str, prompt_id: str, new: NewVersion
    ) -> tuple[StoredPrompt, StoredVersion]:
        """Saves the next version; the latest one if its content is the same. Raises `NotFound`,
        `InvalidRequest`, and `Conflict` if the latest version is not the parent."""
        with self._context.database.write() as tx:
            before = get_prompt(tx.connection, project_id, prompt_id, lock=True)
            require_present(before)
            content = self._checked(tx.connection, project_id, new.content, prompt_id)
            latest = get_version(tx.connection, before, "latest")
            if content.digest() == before.digest:
                return before, latest
            _check_parent(tx.connection, before, latest.head, new.parent)
            _check_successor(before, content)
            prompt = replace(
                before,
                latest=before.latest + 1,
                digest=content.digest(),
                updated_ms=self._context.now_ms(),
            )
            version = _version(prompt, content, actor, new)
            store.save_prompt(tx.connection, prompt, searched_text(prompt.name, content))
            store.add_version(tx.connection, project_id, version)
            self._audit(tx, actor, "prompt.save", prompt, new)
        return prompt, version

    def remove(self, actor: Principal, project_id: str, prompt_id: str) -> None:
        """Removes a prompt. Its name answers that it is removed, its versions stay for those who
        have their hash, and `restore` brings it back at any time. Raises `NotFound`, and `Conflict`
        while a label is on it, because applications may use it."""
        with self._context.database.write() as tx:
            prompt = get_prompt(tx.connection, project_id, prompt_id, lock=True)
            if prompt.labels:
                raise Conflict(
                    f"The prompt {prompt.name!r} has labels: {', '.join(prompt.labels)}.",
                    hint="Remove them first; applications get it by them.",
                    code="prompt_in_use",
                )
            if prompt.archived_ms is None:
                self._archive(tx, actor, prompt, self._context.now_ms())

    def restore(self, actor: Principal, project_id: str, prompt_id: str) -> StoredPrompt:
        """Brings a removed prompt back under its name. Raises `NotFound`."""
        with self._context.database.write() as tx:
            prompt = get_prompt(tx.connection, project_id, prompt_id, lock=True)
            if prompt.archived_ms is None:
                return prompt
            return self._archive(tx, actor, prompt, None)

    def _archive(
        self, tx: Transaction, actor: Principal, prompt: StoredPrompt, archived_ms: int | None
    ) -> StoredPrompt:
        changed = replace(prompt, archived_ms=archived_ms)
        store.save_prompt(tx.connection, changed)
        action = "prompt.restore" if archived_ms is None else "prompt.remove"
        before = {"name": prompt.name, "latest": prompt.latest, "digest": prompt.digest}
        self._context.audit_log.append(
            tx, actor, prompt.project_id, action, prompt.id, before=before
        )
        return changed

    def _checked(
        self, connection: Connection, project_id: str, content: PromptContent, own_id: str
    ) -> PromptContent:
        """Returns the content with its partials. Raises `InvalidRequest` if it cannot work."""
        whole = with_partials(connection, project_id, content)
        compile_prompt(whole, load_partials(connection, project_id, whole, own_id))
        return whole

    def _audit(
        self, tx: Transaction, actor: Principal, action: str, prompt: StoredPrompt, new: NewVersion
    ) -> None:
        after = {
            "name": prompt.name,
            "version": prompt.latest,
            "digest": prompt.digest,
            "message": new.message,
        }
        self._context.audit_log.append(tx, actor, prompt.project_id, action, prompt.id, after=after)


def get_prompt(
    connection: Connection, project_id: str, prompt_id: str, *, lock: bool = False
) -> StoredPrompt:
    """Returns a prompt; with `lock` others wait to change it. Raises `NotFound`."""
    if prompt := store.find_prompt(connection, project_id, prompt_id, lock=lock):
        return prompt
    raise NotFound(f"This project has no prompt with the id {prompt_id!r}.")


def name_taken(name: str, holder: StoredPrompt) -> Conflict:
    """Returns the error of a name that a prompt has or had."""
    hint = "Load its latest version, then save yours on top of it."
    says = f"This project has a prompt {name!r} already"
    if holder.archived_ms is not None:
        says, hint = f"The name {name!r} belongs to a removed prompt", restore_hint(holder)
    elif holder.name != name:
        says = f"{name!r} is an old name of {holder.name!r}, which callers may still use"
        hint = f"Choose another name, or free it: penstock prompts free-name {name}"
    return Conflict(
        f"{says}: {holder.id}, at version {holder.latest} ({holder.digest[:12]}).",
        hint=hint,
        code="prompt_exists",
        param="name",
    )


def get_version(connection: Connection, prompt: StoredPrompt, wanted: str) -> StoredVersion:
    """Returns a version by number, label, `latest`, or content hash. Raises `NotFound`."""
    if DIGEST.fullmatch(wanted):
        found = store.find_hashed(connection, prompt.id, wanted)
    else:
        found = store.find_version(connection, prompt.id, version_number(prompt, wanted))
    if found is None:
        raise NotFound(
            f"The prompt {prompt.name!r} has no version {wanted[:64]}.",
            hint=f"The latest is {prompt.latest}.",
        )
    return found


def _check_parent(
    connection: Connection, prompt: StoredPrompt, latest: VersionHead, parent: str
) -> None:
    if parent == prompt.digest:
        return
    seen = store.find_hashed(connection, prompt.id, parent) if parent else None
    yours = f"version {seen.head.number} ({parent[:12]})" if seen else "no version of this prompt"
    said = f": {latest.message!r}" if latest.message else ""
    raise Conflict(
        f"Your change is based on {yours}, but the latest is version {latest.number} "
        f"({latest.digest[:12]}), by {latest.author}{said}.",
        hint="Compare both, then save your change on top of the latest version.",
        code="prompt_changed",
        param="parent",
    )


def _check_successor(prompt: StoredPrompt, content: PromptContent) -> None:
    if content.kind != prompt.kind:
        raise InvalidRequest(
            f"{prompt.name!r} is a {prompt.kind} prompt, not a {content.kind} prompt.",
            hint="Add another prompt: its users expect this kind.",
            param="kind",
        )
    if prompt.latest >= MAX_VERSIONS:
        raise InvalidRequest(f"A prompt has at most {MAX_VERSIONS:,} versions.")


def _version(
    prompt: StoredPrompt, content: PromptContent, actor: Principal, new: NewVersion
) -> StoredVersion:
    head = VersionHead(
        prompt.id,
        prompt.latest,
        prompt.digest,
        new.parent,
        actor.label,
        new.message,
        prompt.updated_ms,
    )
    return StoredVersion(head, content)


def searched_text(name: str, content: PromptContent) -> str:
    """The text that a search looks into."""
    texts: Sequence[str] = [name, content.text, *(each.content for each in content.messages)]
    return "\n".join(texts).lower()[:_SEARCHED_CHARS]
