"""Values of prompts, and which names are valid."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from penstock.features.access import Role
from penstock.kernel.errors import Conflict, InvalidRequest
from penstock.kernel.time import rfc3339
from penstock.rules.prompts.documents import PromptContent

MAX_PROMPTS: Final = 20_000  # of a project
MAX_VERSIONS: Final = 10_000  # of a prompt
MAX_LABELS: Final = 50  # of a prompt; and protected ones of a project
MAX_COMMENTS: Final = 2000  # of a prompt
MAX_OLD_NAMES: Final = 20  # of a prompt, under which it is found as well
MAX_MOVED: Final = 1000  # prompts of a folder that is moved
MAX_NAME_CHARS: Final = 200  # of a prompt with its folders
MAX_MESSAGE_CHARS: Final = 1000  # of the message of a version or move
MAX_COMMENT_CHARS: Final = 10_000  # of a comment
MAX_QUERY_CHARS: Final = 200  # of a search
PRODUCTION: Final = "production"  # the label of partials and of the SDK, if no other is named
DIGEST: Final = re.compile(r"[0-9a-f]{64}")

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*){0,7}")
_LABEL: Final = re.compile(r"[a-z][a-z0-9._-]{0,62}")

Kind = Literal["text", "chat"]


@dataclass(frozen=True, slots=True)
class StoredPrompt:
    """A prompt with its latest version. `labels`: label → version number. `archived_ms`: since when
    it is removed; `old_names`: names that it had, under which it is found."""

    id: str
    project_id: str
    name: str
    kind: Kind
    latest: int
    digest: str
    created_ms: int
    updated_ms: int
    archived_ms: int | None = None
    labels: Mapping[str, int] = field(default_factory=dict[str, int])
    old_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MovedPrompt:
    """A prompt that has another name now."""

    id: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class VersionHead:
    """A version without its content. `digest` is the hash of the content."""

    prompt_id: str
    number: int
    digest: str
    parent: str
    author: str
    message: str
    created_ms: int


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A version with its content."""

    head: VersionHead
    content: PromptContent


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A version to save. `parent` is the hash of the version that the author saw; empty for a new
    prompt."""

    content: PromptContent
    parent: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class LabelMove:
    """One move of a label. 0 is no version."""

    id: str
    prompt_id: str
    label: str
    from_number: int
    to_number: int
    author: str
    message: str
    moved_ms: int


@dataclass(frozen=True, slots=True)
class PromptComment:
    """A comment on a prompt, or on one of its versions (`number`; 0: on the prompt)."""

    id: str
    prompt_id: str
    number: int
    author: str
    text: str
    created_ms: int


@dataclass(frozen=True, slots=True)
class LabelRule:
    """The role that somebody needs to move a label."""

    label: str
    role: Role


@dataclass(frozen=True, slots=True)
class ResolvedPrompt:
    """A version with everything that its rendering needs. `partials`: by content hash."""

    prompt: StoredPrompt
    version: StoredVersion
    partials: Mapping[str, PromptContent]


def check_prompt_name(name: str) -> None:
    """Raises `InvalidRequest` if a name is not valid."""
    if len(name) > MAX_NAME_CHARS or not _NAME.fullmatch(name):
        raise InvalidRequest(
            f"{name[:MAX_NAME_CHARS]!r} is not a valid name of a prompt.",
            hint="Use letters, digits, and . _ - with / for up to seven folders: support/triage",
            param="name",
        )


def check_label(label: str) -> None:
    """Raises `InvalidRequest` if a label is not valid."""
    if not _LABEL.fullmatch(label) or label == "latest":
        raise InvalidRequest(
            f"{label[:63]!r} is not a valid label.",
            hint="Use lower-case letters, digits, and . _ - (not `latest`, which needs no label).",
            param="label",
        )


def require_present(prompt: StoredPrompt) -> None:
    """Raises `Conflict` for a prompt that is removed."""
    if prompt.archived_ms is not None:
        raise Conflict(removed_text(prompt), hint=restore_hint(prompt), code="prompt_removed")


def removed_text(prompt: StoredPrompt) -> str:
    """Returns a sentence that says since when a prompt is removed."""
    return (
        f"The prompt {prompt.name!r} was removed at {rfc3339((prompt.archived_ms or 0) * 10**6)}."
    )


def restore_hint(prompt: StoredPrompt) -> str:
    """Returns what brings a removed prompt back."""
    return f"Restore it: penstock prompts restore {prompt.name}"
