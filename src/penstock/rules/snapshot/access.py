"""`<project_id>/access`: the keys and the policy of a project."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any, Final, Self

import msgspec

from penstock.rules.attributes import CALL_ATTRIBUTES
from penstock.rules.call import Caller, new_caller
from penstock.rules.client_tokens import ClientToken
from penstock.rules.document import Document
from penstock.rules.snapshot.section import SectionKind
from penstock.rules.tags import unreserved

# Changing one key sends one section again: small sections keep transfer and decoding short.
KEYS_PER_SECTION: Final = 256


class KeyEntry(Document, frozen=True):
    """One virtual key. `digest` is HMAC-SHA-256(pepper, key) in hex; the key is not stored. Call
    attributes that were declared after the first ones (`rules.attributes`) are in `others`."""

    id: str
    digest: str
    name: str = ""
    allowed_models: tuple[str, ...] = ()  # read by `rules.models.patterns`; empty: all
    expires_ms: int | None = None
    team: str = ""
    user: str = ""
    use_case: str = ""
    environment: str = ""
    segment: str = ""
    others: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    tags: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    priority: str = "normal"  # the highest of its calls: `rules.priorities`
    strict_hints: bool = False  # hints that a provider does not have are rejected


def _attribute_of_key(name: str) -> Callable[[KeyEntry], str]:
    """Returns the function that reads the value that a key sets for a call attribute."""
    if name in KeyEntry.__struct_fields__:
        return attrgetter(name)
    return lambda key: key.others.get(name, "")


def _nothing(_key: KeyEntry) -> str:
    return ""


_OF_KEY: Final = tuple(
    _attribute_of_key(each.name) if each.of_key else _nothing for each in CALL_ATTRIBUTES
)


def key_attributes(values: Mapping[str, str]) -> dict[str, Any]:
    """Returns the fields of a `KeyEntry` that hold these call attributes."""
    own: dict[str, Any] = {n: v for n, v in values.items() if n in KeyEntry.__struct_fields__}
    others = {name: value for name, value in values.items() if name not in own and value}
    return own | {"others": others}


class ProjectPolicy(Document, frozen=True):
    """Choices that a project makes for its calls."""

    on_spool_full: str = "refuse"  # or "serve": answer calls without a record, and count them
    capture_content: bool = True


class ProjectSection(Document, frozen=True):
    """The keys and the policy of one project. Many keys are several sections, with one policy."""

    project_id: str
    keys: tuple[KeyEntry, ...] = ()
    policy: ProjectPolicy = ProjectPolicy()


@dataclass(frozen=True, slots=True)
class KeyContext:
    """The key of a call, with the project and the policy that it belongs to. `caller`: the
    attribution of a call with this key and without headers; built once, because most calls are.
    `token`: the client token that the call has in place of the key."""

    project_id: str
    key: KeyEntry
    policy: ProjectPolicy
    caller: Caller
    token: ClientToken | None = None

    @classmethod
    def of(cls, project_id: str, key: KeyEntry, policy: ProjectPolicy) -> Self:
        """Returns the context of a key."""
        values = [of_key(key) for of_key in _OF_KEY]
        return cls(project_id, key, policy, new_caller(key.id, values, unreserved(key.tags)))

    def for_client(self, token: ClientToken) -> "KeyContext":
        """Returns the context of a client token that this key has made."""
        chosen = {"use_case": token.use_case, "user": token.user, "client_token": token.id}
        names = [each.name for each in CALL_ATTRIBUTES]
        values = [self.caller.get(name) or chosen.get(name, "") for name in names]
        return replace(self, token=token, caller=new_caller(self.key.id, values, self.caller.tags))


@dataclass(frozen=True, slots=True)
class AccessIndex:
    """The keys of one section by digest."""

    project_id: str
    keys: Mapping[str, KeyContext]


def _index(section: ProjectSection) -> AccessIndex:
    keys = {
        key.digest: KeyContext.of(section.project_id, key, section.policy) for key in section.keys
    }
    return AccessIndex(section.project_id, keys)


ACCESS: Final = SectionKind("access", ProjectSection, AccessIndex, _index)
