"""Compiles documents into a snapshot: content-addressed bytes. Pure functions."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from penstock.kernel.digests import canonical_json
from penstock.rules.document import Document
from penstock.rules.snapshot.tree import Root

CompiledDocuments = Mapping[str, tuple[Document, str]]  # with their content hashes, by name


@dataclass(frozen=True, slots=True)
class Compiled:
    """A root, as gateways receive it. `sections` has the contents, by hash, of the documents that
    were not compiled before."""

    digest: str
    root: bytes
    sections: Mapping[str, bytes]
    documents: CompiledDocuments

    def hashes(self) -> frozenset[str]:
        """Returns the hashes of all sections."""
        return frozenset(hash_ for _, hash_ in self.documents.values())


def compile_snapshot(
    documents: Mapping[str, Document], before: CompiledDocuments | None = None
) -> Compiled:
    """Compiles documents by section name. The same documents give the same bytes. A document that
    is the same object as `before` keeps its hash."""
    sections: dict[str, bytes] = {}
    compiled: dict[str, tuple[Document, str]] = {}
    for name, document in documents.items():
        known = before.get(name) if before is not None else None
        if known is not None and known[0] is document:
            compiled[name] = known
            continue
        content = canonical_json(document)
        hash_ = sha256(content).hexdigest()
        sections[hash_] = content
        compiled[name] = (document, hash_)
    root = canonical_json(Root({name: hash_ for name, (_, hash_) in compiled.items()}))
    return Compiled(sha256(root).hexdigest(), root, sections, compiled)
