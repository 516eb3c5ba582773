"""Finds the partials of a prompt, and fixes their versions when it is saved."""

from collections.abc import Mapping

from msgspec.structs import replace
from sqlalchemy import Connection

from penstock.features.prompts import store
from penstock.features.prompts.model import PRODUCTION, StoredPrompt, removed_text, restore_hint
from penstock.kernel.errors import InvalidRequest, NotFound
from penstock.rules.prompts.documents import PromptContent
from penstock.rules.render.prompt import MAX_PARTIALS, find_includes


def with_partials(connection: Connection, project_id: str, content: PromptContent) -> PromptContent:
    """Returns the content with the hash of each partial that its templates include: as given, or
    that of the version that the name means now (`name`, `name@label`, `name@3`). Raises
    `InvalidRequest`."""
    found = {
        name: content.partials.get(name) or _digest(connection, project_id, name)
        for name in find_includes(content)
    }
    return replace(content, partials=found)


def load_partials(
    connection: Connection,
    project_id: str,
    content: PromptContent,
    own_id: str = "",
) -> Mapping[str, PromptContent]:
    """Returns the contents of all partials, also those of partials, by content hash. Raises
    `InvalidRequest` if one is not in this project, or is the prompt `own_id` itself."""
    found: dict[str, PromptContent] = {}
    waiting = [(name, digest) for name, digest in content.partials.items()]
    while waiting:
        name, digest = waiting.pop()
        if digest in found:
            continue
        stored = store.find_content(connection, project_id, digest)
        if stored is None:
            raise _invalid(
                f"The partial {name!r} has the content {digest[:12]}, which is in no prompt here.",
                "Leave out its entry in `partials` to use the present version.",
            )
        prompt_id, partial = stored
        if prompt_id == own_id:
            raise _invalid(f"The partial {name!r} includes this prompt again.", "")
        if len(found) >= MAX_PARTIALS:
            raise _invalid(f"A prompt has at most {MAX_PARTIALS} partials.", "")
        found[digest] = partial
        waiting.extend(partial.partials.items())
    return found


def version_number(prompt: StoredPrompt, wanted: str) -> int:
    """Returns the number of a version: a label, a number, `latest`; empty: that of the label
    `production`, or else the latest. Raises `NotFound`."""
    if not wanted:
        return prompt.labels.get(PRODUCTION, prompt.latest)
    if wanted == "latest":
        return prompt.latest
    if wanted.isdecimal() and len(wanted) < 9:
        return int(wanted)
    if wanted in prompt.labels:
        return prompt.labels[wanted]
    labels = ", ".join(prompt.labels) or "none"
    raise NotFound(
        f"The prompt {prompt.name!r} has no label {wanted!r}.", hint=f"It has: {labels}."
    )


def _digest(connection: Connection, project_id: str, include: str) -> str:
    name, _, wanted = include.partition("@")
    prompt = store.find_named(connection, project_id, name)
    if prompt is None:
        raise _invalid(
            f"There is no prompt {name!r} to include.", "Add it first, as a text prompt."
        )
    if prompt.archived_ms is not None:
        raise _invalid(removed_text(prompt), restore_hint(prompt))
    try:
        number = version_number(prompt, wanted)
    except NotFound as error:
        raise _invalid(error.message, error.hint) from None
    version = store.find_version(connection, prompt.id, number)
    if version is None:
        raise _invalid(f"The prompt {name!r} has no version {number}.", "")
    return version.head.digest


def _invalid(message: str, hint: str) -> InvalidRequest:
    return InvalidRequest(message, hint=hint, code="partial_invalid", param="partials")
