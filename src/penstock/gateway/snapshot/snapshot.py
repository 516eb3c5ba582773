"""The server's snapshot, indexed for requests.

Immutable; a change is a new `Snapshot` that reuses the unchanged parts. `client` fetches
snapshots, `files` keeps the last good one on disk.
"""

import hashlib
from collections.abc import Mapping
from functools import partial
from typing import TypeVar

import msgspec

from penstock.gateway.snapshot.key_table import KeyTable
from penstock.gateway.snapshot.project_index import ProjectIndex
from penstock.gateway.snapshot.rollouts import ProjectRollouts
from penstock.gateway.snapshot.shadow_budgets import with_shadow_budgets
from penstock.infra.crypto import derive_key, hashed_key_digest, keyed_digest
from penstock.kernel.errors import PenstockError
from penstock.rules.client_tokens import CLIENT_PURPOSE
from penstock.rules.document import Document
from penstock.rules.models.facts import FactsIndex, ListedModel
from penstock.rules.prices.price_book import PriceBook
from penstock.rules.provider_ids import PURPOSE as ID_PURPOSE
from penstock.rules.releases.served import ServedRelease
from penstock.rules.scores.answer_token import PURPOSE
from penstock.rules.snapshot.access import KeyContext
from penstock.rules.snapshot.facts import MODEL_FACTS
from penstock.rules.snapshot.guardrails import GUARDRAILS
from penstock.rules.snapshot.kinds import KINDS, read_section
from penstock.rules.snapshot.limits import LIMITS
from penstock.rules.snapshot.prices import OWN_PRICES, VENDOR_PRICE_LISTS
from penstock.rules.snapshot.providers import PROVIDERS
from penstock.rules.snapshot.revoked_tokens import REVOKED_TOKENS
from penstock.rules.snapshot.rollouts import RELEASES, ROLLOUTS
from penstock.rules.snapshot.routes import ROUTES
from penstock.rules.snapshot.section import SectionKind
from penstock.rules.snapshot.tree import SNAPSHOT_SCHEMA, Root, Sealed

D = TypeVar("D", bound=Document)
B = TypeVar("B")


class SnapshotUnusable(PenstockError):
    """This gateway cannot use the server's snapshot; it keeps the last good one."""

    default_code = "snapshot_unusable"


class Snapshot:
    """One state of the configuration. Every call record names the `digest` that governed it."""

    def __init__(
        self,
        digest: str,
        hashes: Mapping[str, str],
        parts: Mapping[str, object],
        sealed: Sealed,
        keys: KeyTable | None = None,
    ) -> None:
        self.digest = digest
        self.hashes = hashes  # section name → content hash
        self.parts = parts  # built sections by name
        self._secrets = sealed.secrets
        self._pepper = bytes.fromhex(sealed.pepper)
        self.answer_secret = derive_key(self._pepper, PURPOSE)  # signs answer tokens
        self.client_secret = derive_key(self._pepper, CLIENT_PURPOSE)  # signs client tokens
        self.id_secret = derive_key(self._pepper, ID_PURPOSE)  # authenticates ids of providers
        self.keys = KeyTable.of(parts) if keys is None else keys
        self._price_lists = dict(VENDOR_PRICE_LISTS.all(parts))
        self._facts = FactsIndex(dict(MODEL_FACTS.all(parts)))
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
        keys = self.keys
        found = keys.get(keyed_digest(self._pepper, presented))
        if found is None and keys.has_hashed:  # imported: only their hashes are known
            hashed = hashlib.sha256(presented.encode()).hexdigest()
            found = keys.get(hashed_key_digest(self._pepper, hashed))
        return found

    def key_of_id(self, project_id: str, key_id: str) -> KeyContext | None:
        """Finds a key of a project by its id, expired ones too. It looks at all keys."""
        contexts = (context for _, context in self.keys.all())
        found = (one for one in contexts if (one.project_id, one.key.id) == (project_id, key_id))
        return next(found, None)

    def revoked_tokens(self, project_id: str) -> frozenset[str]:
        """Returns the ids of the client tokens of a project that are revoked."""
        found = REVOKED_TOKENS.find(self.parts, project_id)
        return found.ids if found else frozenset()

    def section(self, kind: SectionKind[D, B], owner: str) -> B | None:
        """Returns the built section of a project, or a shared one; `None` if there is none."""
        return kind.find(self.parts, owner)

    def project(self, project_id: str) -> ProjectIndex:
        """The index of a project; an unknown project has no models."""
        if (view := self._views.get(project_id)) is None:
            view = self._view(project_id)
            self._views[project_id] = view
        return view

    def models(self, key_context: KeyContext) -> tuple[ListedModel, ...]:
        """Returns each model that the key may call, and its client token."""
        project = self.project(key_context.project_id)
        models = project.models(key_context.key.allowed_models)
        if key_context.token is None or not key_context.token.models:
            return models
        allowed = {(one.provider, one.id) for one in project.models(key_context.token.models)}
        return tuple(one for one in models if (one.provider, one.id) in allowed)

    def _view(self, project_id: str) -> ProjectIndex:
        providers = self.section(PROVIDERS, project_id)
        prices = self.section(OWN_PRICES, project_id)
        routes = self.section(ROUTES, project_id)
        rollouts = self.section(ROLLOUTS, project_id)
        return ProjectIndex(
            project_id,
            providers.providers if providers else (),
            self._secrets,
            PriceBook(self._price_lists, prices.overrides if prices else ()),
            self._facts,
            routes=routes.routes if routes else (),
            limits=with_shadow_budgets(self.section(LIMITS, project_id), rollouts),
            guardrails=self.section(GUARDRAILS, project_id),
            rollouts=ProjectRollouts(rollouts, partial(self._release, project_id))
            if rollouts
            else None,
        )

    def _release(self, project_id: str, digest: str) -> ServedRelease | None:
        return RELEASES.find(self.parts, project_id, digest)


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
    removed = parts.keys() - root.sections.keys()
    for name in removed:
        del parts[name]
    for name, hash_ in changed.items():
        raw = sections[hash_]
        if hashlib.sha256(raw).hexdigest() != hash_:
            raise SnapshotUnusable(f"The section {name} of the snapshot is damaged.")
        if (part := _read_section(name, raw)) is not None:
            parts[name] = part
    _require_secrets(parts, sealed)
    keys = known.keys.changed(known.parts, parts, changed.keys() | removed) if known else None
    return Snapshot(hashlib.sha256(root_raw).hexdigest(), root.sections, parts, sealed, keys)


def _read_section(name: str, raw: bytes) -> object | None:
    """`None` for a kind that only newer gateways have."""
    try:
        return read_section(name, raw)
    except msgspec.DecodeError as error:
        raise SnapshotUnusable(f"The section {name} cannot be read: {error}.") from error


def _require_secrets(parts: Mapping[str, object], sealed: Sealed) -> None:
    for kind in KINDS:
        if not kind.has_secrets:
            continue
        for _, part in kind.all(parts):
            for use in kind.secrets(part):
                if use.id not in sealed.secrets:
                    raise SnapshotUnusable(f"The secret of {use.used_by} has not come yet.")
