"""Builds snapshots as a server publishes them."""

from dataclasses import dataclass, field
from hashlib import sha256

from penstock.gateway.snapshot.snapshot import Snapshot, build
from penstock.infra.crypto import keyed_digest
from penstock.kernel.digests import canonical_json
from penstock.rules.document import Document
from penstock.rules.snapshot.access import KeyEntry
from penstock.rules.snapshot.providers import ProviderEntry
from penstock.rules.snapshot.tree import Root, Sealed

PEPPER = b"p" * 32


def key(secret: str, **fields: object) -> KeyEntry:
    return KeyEntry(id=f"key_{secret}", digest=keyed_digest(PEPPER, secret), **fields)


def provider(name: str, *models: str, **fields: object) -> ProviderEntry:
    return ProviderEntry(name, "openai-compatible", f"https://{name}", models, **fields)


@dataclass
class Tree:
    """The documents that a server publishes."""

    documents: dict[str, Document]
    secrets: dict[str, str] = field(default_factory=dict[str, str])
    schema: int = 1

    @property
    def sections(self) -> dict[str, bytes]:
        raw = [canonical_json(document) for document in self.documents.values()]
        return {sha256(content).hexdigest(): content for content in raw}

    @property
    def root(self) -> bytes:
        hashes = {n: sha256(canonical_json(d)).hexdigest() for n, d in self.documents.items()}
        return canonical_json(Root(hashes, self.schema))

    @staticmethod
    def digest_of(root: bytes) -> str:
        return sha256(root).hexdigest()

    @property
    def sealed(self) -> Sealed:
        return Sealed(PEPPER.hex(), self.secrets)

    def build(self, known: Snapshot | None = None) -> Snapshot:
        return build(self.root, self.sections, self.sealed, known)
