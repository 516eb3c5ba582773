"""The server's snapshot, indexed for requests.

Immutable; a change is a new `Snapshot` that reuses the unchanged parts. `client` fetches
snapshots, `files` keeps the last good one on disk.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from penstock.gateway.snapshot.project_index import KeyContext, ProjectIndex
from penstock.infra.crypto import keyed_digest
from penstock.kernel.errors import PenstockError
from penstock.rules.price import OverridesSection, VendorPrices
from penstock.rules.price_book import PriceBook, PriceList
from penstock.rules.snapshot import (
    SNAPSHOT_SCHEMA,
    ProjectSection,
    ProvidersSection,
    Root,
    Sealed,
)


class SnapshotUnusable(PenstockError):
    """This gateway cannot use the server's snapshot; it keeps the last good one."""

    default_code = "snapshot_unusable"


@dataclass(frozen=True, slots=True)
class AccessIndex:
    """`<project_id>/access`, by key digest."""

    project_id: str
    keys: Mapping[str, KeyContext]


Part = AccessIndex | ProvidersSection | OverridesSection | PriceList


class Snapshot:
    """One state of the configuration. Every call record names the `digest` that governed it."""

    def __init__(
        self, digest: str, hashes: Mapping[str, str], parts: Mapping[str, Part], sealed: Sealed
    ) -> None:
        self.digest = digest
        self.hashes = hashes  # section name → content hash
        self.parts = parts  # by section name
        self._secrets = sealed.secrets
        self._pepper = bytes.fromhex(sealed.pepper)
        self._keys: dict[str, KeyContext] = {}
        self._price_lists: dict[str, PriceList] = {}
        for name, part in parts.items():
            if isinstance(part, AccessIndex):
                self._keys |= part.keys
            elif isinstance(part, PriceList):
                self._price_lists[name.partition("/")[2]] = part
        self._views: dict[str, ProjectIndex] = {}  # made on first use

    def find_key(self, presented: str, now_ms: int) -> KeyContext | None:
        """Finds a valid key; `None` if it is unknown or expired."""
        key_context = self.find_any_key(presented)
        if key_context is None or (
            key_context.key.expires_ms is not None and now_ms >= key_context.key.expires_ms
        ):
            return None
        return key_context

    def find_any_key(self, presented: str) -> KeyContext | None:
        """Finds a key, expired ones too, so that the error can say that it has expired."""
        return self._keys.get(keyed_digest(self._pepper, presented))

    def project(self, project_id: str) -> ProjectIndex:
        """The index of a project; an unknown project has no models."""
        if (view := self._views.get(project_id)) is None:
            view = self._view(project_id)
            self._views[project_id] = view
        return view

    def models(self, key_context: KeyContext) -> tuple[tuple[str, str], ...]:
        """(id, provider) of each model that the key may call."""
        return self.project(key_context.project_id).models(key_context.key.allowed_models)

    def _view(self, project_id: str) -> ProjectIndex:
        providers = self.parts.get(f"{project_id}/providers")
        prices = self.parts.get(f"{project_id}/prices")
        return ProjectIndex(
            project_id,
            providers.providers if isinstance(providers, ProvidersSection) else (),
            self._secrets,
            PriceBook(
                self._price_lists,
                prices.overrides if isinstance(prices, OverridesSection) else (),
            ),
        )


def read_root(raw: bytes) -> Root:
    """Decodes a root. Raises `SnapshotUnusable` for another document, and for a newer schema."""
    try:
        root = msgspec.json.decode(raw, type=Root)
    except msgspec.DecodeError as error:
        raise SnapshotUnusable(f"The server's snapshot cannot be read: {error}.") from error
    if root.schema > SNAPSHOT_SCHEMA:
        raise SnapshotUnusable(
            f"The server's snapshot has schema {root.schema}; this gateway reads up to "
            f"{SNAPSHOT_SCHEMA}. It serves on with its last good snapshot.",
            hint="Upgrade the gateway to the server's version.",
            code="snapshot_schema_newer",
        )
    return root


def missing_sections(root: Root, known: Snapshot | None) -> dict[str, str]:
    """Name → hash of the sections that `known` does not have."""
    hashes: Mapping[str, str] = known.hashes if known is not None else {}
    return {name: hash_ for name, hash_ in root.sections.items() if hashes.get(name) != hash_}


def build(
    root_raw: bytes,
    sections: Mapping[str, bytes],
    sealed: Sealed,
    known: Snapshot | None = None,
) -> Snapshot:
    """The snapshot of a root: changed sections from `sections` (by hash), others from `known`.

    `SnapshotUnusable` when a section is damaged, or a provider's secret is not in `sealed`.
    """
    root = read_root(root_raw)
    changed = missing_sections(root, known)
    parts = dict(known.parts) if known is not None else {}
    for name in parts.keys() - root.sections.keys():
        del parts[name]
    for name, hash_ in changed.items():
        raw = sections[hash_]
        if hashlib.sha256(raw).hexdigest() != hash_:
            raise SnapshotUnusable(f"The section {name} of the snapshot is damaged.")
        if (part := _read_section(name, raw)) is not None:
            parts[name] = part
    _require_secrets(parts.values(), sealed)
    return Snapshot(hashlib.sha256(root_raw).hexdigest(), root.sections, parts, sealed)


def _read_section(name: str, raw: bytes) -> Part | None:
    """`None` for a kind that only newer gateways know."""
    try:
        match name.split("/"):
            case ["prices", _]:
                return PriceList(msgspec.json.decode(raw, type=VendorPrices))
            case [_, "access", *_]:
                return _index_keys(msgspec.json.decode(raw, type=ProjectSection))
            case [_, "providers"]:
                return msgspec.json.decode(raw, type=ProvidersSection)
            case [_, "prices"]:
                return msgspec.json.decode(raw, type=OverridesSection)
            case _:
                return None
    except msgspec.DecodeError as error:
        raise SnapshotUnusable(f"The section {name} cannot be read: {error}.") from error


def _index_keys(section: ProjectSection) -> AccessIndex:
    keys = {key.digest: KeyContext(section.project_id, key, section.policy) for key in section.keys}
    return AccessIndex(section.project_id, keys)


def _require_secrets(parts: Iterable[Part], sealed: Sealed) -> None:
    for part in parts:
        if not isinstance(part, ProvidersSection):
            continue
        for entry in part.providers:
            if entry.secret_id and entry.secret_id not in sealed.secrets:
                raise SnapshotUnusable(f"The secret of provider {entry.name} has not come yet.")
