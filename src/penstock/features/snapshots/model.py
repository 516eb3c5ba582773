"""Compiles documents into a snapshot: content-addressed bytes. Pure functions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from penstock.kernel.digests import canonical_json
from penstock.rules.snapshot import Document, KeyEntry, ProjectSection, Root

# A changed key changes one section, which is sent and decoded again: small sections are cheap.
KEYS_PER_SECTION: Final = 256


@dataclass(frozen=True, slots=True)
class Compiled:
    """A root and its sections, as gateways receive them."""

    digest: str
    root: bytes
    sections: Mapping[str, bytes]  # by content hash


def compile_snapshot(documents: Mapping[str, Document]) -> Compiled:
    """Compiles documents by section name. The same documents give the same bytes."""
    sections: dict[str, bytes] = {}
    hashes: dict[str, str] = {}
    for name, document in documents.items():
        content = canonical_json(document)
        hash_ = sha256(content).hexdigest()
        sections[hash_] = content
        hashes[name] = hash_
    root = canonical_json(Root(hashes))
    return Compiled(sha256(root).hexdigest(), root, sections)


def access_documents(projects: Iterable[ProjectSection]) -> dict[str, Document]:
    """Returns `<project_id>/access`, or with many keys `<project_id>/access/<digest prefix>`."""
    documents: dict[str, Document] = {}
    for project in projects:
        name = f"{project.project_id}/access"
        for prefix, keys in _by_prefix(project.keys).items():
            part = f"{name}/{prefix}" if prefix else name
            documents[part] = ProjectSection(project.project_id, tuple(keys), project.policy)
    return documents


def _by_prefix(keys: tuple[KeyEntry, ...]) -> Mapping[str, list[KeyEntry]]:
    digits = 0
    while len(keys) > KEYS_PER_SECTION * 16**digits:
        digits += 1
    parts: dict[str, list[KeyEntry]] = {} if digits else {"": []}
    for key in keys:
        parts.setdefault(key.digest[:digits], []).append(key)
    return parts
