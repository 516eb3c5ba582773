"""The value of a stored document. Apart from its table, so that values import no database."""

from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

Entry = TypeVar("Entry", bound=msgspec.Struct)


@dataclass(frozen=True)  # no slots: calls of a generic class set an attribute
class StoredDocument(Generic[Entry]):
    """A document of a project. `updated_ms` is the time of its last change."""

    project_id: str
    entry: Entry
    updated_ms: int
