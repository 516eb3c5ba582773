"""Compiles documents into a snapshot: content-addressed bytes. Pure functions."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from penstock.kernel.digests import canonical_json
from penstock.rules.snapshot import Document, Root


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
