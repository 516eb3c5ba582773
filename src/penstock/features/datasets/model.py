"""Values of datasets, and which are valid. A version is what holds items; it never changes."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from penstock.kernel.errors import InvalidRequest
from penstock.rules.evaluation.items import DatasetItem

MAX_DATASETS: Final = 1000  # of a project
MAX_ITEMS: Final = 250_000  # of a version, and of a draft
MAX_BYTES: Final = 2 * 1024**3  # of the items of a version, and of a draft
MAX_VERSIONS: Final = 100_000  # of a dataset
MAX_DRAFTS: Final = 20  # of a dataset
DRAFT_LIFETIME_MS: Final = 24 * 3600 * 1000  # since its last change
MAX_BATCH: Final = 1000  # items of one request
MAX_PAGE_BYTES: Final = 16 * 1024 * 1024  # of the items of one page; at least one item
MAX_TEXT_CHARS: Final = 4000  # of a description, of a message
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


class PersonalDataPolicy(StrEnum):
    """The treatment of items with personal data, before they are stored."""

    FLAG = "flag"
    REDACT = "redact"
    REJECT = "reject"


class ItemChange(StrEnum):
    """The change of an item from one version to the next."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Dataset:
    """A list of versions. `version` is the newest one, 0 for none. `positions` is the number of
    positions that its items have taken, over all versions."""

    id: str
    project_id: str
    name: str
    description: str
    personal_data: PersonalDataPolicy
    version: int
    positions: int
    created_ms: int
    updated_ms: int


@dataclass(frozen=True, slots=True)
class DatasetVersion:
    """One version. `digest` is the hash of the ids and contents of its items: equal versions have
    equal digests, whatever their history. `added`, `changed`, `removed` count against the version
    before."""

    dataset_id: str
    version: int
    digest: str
    item_count: int
    byte_count: int
    added: int
    changed: int
    removed: int
    author: str
    message: str
    created_ms: int


@dataclass(frozen=True, slots=True)
class VersionItem:
    """An item in a version. `position` orders the items of all versions. `findings` are the kinds
    of personal data that it has, by field: `input: e-mail address`."""

    position: int
    item: DatasetItem
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ItemPage:
    """Some items in order. `after` is where the next page begins, `None` at the end."""

    items: tuple[VersionItem, ...]
    after: int | None


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """Selects items: all of `ids`, of a split, with a text in their content."""

    ids: tuple[str, ...] = ()
    split: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class ItemDifference:
    """An item that differs between two versions; `before` or `after` is `None` where it is not in
    a version."""

    position: int
    before: DatasetItem | None
    after: DatasetItem | None


@dataclass(frozen=True, slots=True)
class DatasetDraft:
    """A version that is not finished. `parent` is the version that it changes. `removes_others`:
    the items that it does not have are removed; `keeps_existing`: an item with the id of a present
    one changes nothing."""

    id: str
    dataset_id: str
    parent: int
    removes_others: bool
    keeps_existing: bool
    rows: int
    byte_count: int
    duplicates: int
    updated_ms: int


@dataclass(frozen=True, slots=True)
class ChangeCounts:
    """The numbers of items by their change; `duplicates` were given more than once."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    duplicates: int = 0

    @property
    def makes_version(self) -> bool:
        """Returns whether anything differs from the version before."""
        return bool(self.added or self.changed or self.removed)


@dataclass(frozen=True, slots=True)
class CommittedChange:
    """The newest version after a change, and what the change did. Without a difference there is no
    new version."""

    version: DatasetVersion
    counts: ChangeCounts


def check_dataset(name: str, description: str) -> None:
    """Raises `InvalidRequest` for a name or a description that is not valid."""
    if not _NAME.fullmatch(name):
        raise InvalidRequest(
            f"{name[:63]!r} is not a valid name.",
            hint="Use up to 63 lower-case letters, digits, and . _ -",
            code="dataset_invalid",
            param="name",
        )
    check_text(description, "description")


def check_text(text: str, param: str) -> None:
    """Raises `InvalidRequest` for a text that is too long."""
    if len(text) > MAX_TEXT_CHARS:
        raise InvalidRequest(
            f"The {param} has at most {MAX_TEXT_CHARS:,} characters.",
            code="dataset_invalid",
            param=param,
        )
