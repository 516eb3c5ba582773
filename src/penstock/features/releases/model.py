"""Values of releases."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from penstock.rules.releases.documents import Release

MAX_RELEASES: Final = 100_000  # of a project
MAX_STEPS: Final = 32  # of a release
MAX_RELEASE_BYTES: Final = 256 * 1024  # of one release as JSON
MAX_RELEASE_TOOLS: Final = 128  # of a release
MAX_MODEL_CHARS: Final = 256  # of the name of a model
MAX_MESSAGE_CHARS: Final = 1000  # of the message of a release
DIGEST_START: Final = re.compile(r"[0-9a-f]{8,64}")  # enough of a hash to name a release

ListedModels = Mapping[str, Sequence[str]]
"""The providers of a project with the models that they list; none for one that lists nothing."""


class PartKind(StrEnum):
    """The kinds of parts that a release contains."""

    PROMPT = "prompt"
    PARTIAL = "partial"
    MODEL = "model"  # or a route
    STEP = "step"  # another release


@dataclass(frozen=True, slots=True)
class ReleasePart:
    """A part of a release: the content hash of a version or a release, or the name of a model.
    `title` says what it is, for people."""

    kind: PartKind
    part: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class StoredRelease:
    """A release of a project. `author_ids`: the ids of all who may have acted as its author."""

    project_id: str
    digest: str
    release: Release
    author: str
    message: str
    created_ms: int
    author_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReleaseLineage:
    """The parts of a release, the releases of which it is a step, and where it answers calls: use
    case and environment."""

    release: StoredRelease
    contains: Sequence[ReleasePart]
    contained_in: Sequence[StoredRelease]
    rollouts: Sequence[tuple[str, str]]
