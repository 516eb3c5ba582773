"""The fields that a translation between two dialects left out, changed or rejected.

Hints are left out and named. What carries meaning is rejected before the provider is asked. Every
rejection is a `Rule` of the writing dialect, so that `docs/translation.md` lists them all.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, NamedTuple

from penstock.kernel.errors import InvalidRequest
from penstock.rules.neutral.conversation import Conversation


class ChangeKind(StrEnum):
    """The kind of a change."""

    DROPPED = "dropped"
    CHANGED = "changed"
    FETCHED = "fetched"  # by URL: its kind, type, size and digest


class Change(NamedTuple):
    """One field that a writer left out or changed, by its neutral name (`seed`,
    `reasoning.budget`)."""

    kind: ChangeKind
    field: str

    @property
    def text(self) -> str:
        """The change as records have it: `dropped:seed`."""
        return f"{self.kind.value}:{self.field}"


class Written(NamedTuple):
    """A request in a dialect, and what it does not say any more."""

    body: bytes
    changes: tuple[Change, ...] = ()


class Rule(NamedTuple):
    """Something that a dialect cannot express. `field` is its neutral name; `reason` is a sentence
    for the caller; `source` is the vendor's documentation; `hint` says what else helps."""

    field: str
    reason: str
    source: str = ""
    hint: str = ""


FETCHED_MEDIA: Final = (
    "Or let the gateway fetch it: set the quirk media_urls = fetch of the provider."
)


def reject(rule: Rule, *, field: str = "") -> InvalidRequest:
    """Returns the error for a request that breaks `rule`. `field` names the caller's own field."""
    return InvalidRequest(
        f"This request cannot be translated to the provider's format: {rule.reason}",
        hint=f"Leave it out, or choose a model of a provider with this format. {rule.hint}".strip(),
        code="not_translatable",
        param=field or rule.field,
    )


KEPT: Final = Rule("kept", "it refers to what only a provider with the caller's format can keep.")


def require_nothing_kept(conversation: Conversation) -> None:
    """Raises `InvalidRequest` if the request refers to what another provider keeps."""
    for name in conversation.kept:
        raise reject(KEPT, field=name)


def require_nothing_dropped(changes: Iterable[Change]) -> None:
    """Raises `InvalidRequest` if a field was left out, for callers that do not want that."""
    dropped = [change.field for change in changes if change.kind is ChangeKind.DROPPED]
    if dropped:
        raise InvalidRequest(
            f"The provider's format does not have {', '.join(dropped)}, and this key has strict"
            " hints.",
            hint="Leave it out, choose another model, or use a key without strict hints.",
            code="hint_not_supported",
            param=dropped[0],
        )


class Changes:
    """Collects the changes of one request, each once."""

    def __init__(self) -> None:
        self._found: dict[Change, None] = {}

    def drop(self, field: str) -> None:
        """Notes that `field` was left out."""
        self._found[Change(ChangeKind.DROPPED, field)] = None

    def change(self, field: str) -> None:
        """Notes that `field` was changed to a similar value that the dialect has."""
        self._found[Change(ChangeKind.CHANGED, field)] = None

    def all(self) -> tuple[Change, ...]:
        """The changes in the order in which they were noted."""
        return tuple(self._found)
