"""The snapshot: the configuration of gateways, compiled by the server.

A tree: a root lists sections by content hash; gateways fetch only the changed ones. Secrets are in
a separate sealed document, so that no digest depends on a secret.
Fields are only appended, with a default; a breaking change increments `SNAPSHOT_SCHEMA`.
"""

from typing import Final

import msgspec

from penstock.kernel.digests import content_hash

SNAPSHOT_SCHEMA: Final = 1
# The sealed document is encrypted under `derive_key(gateway token, SEALED_PURPOSE)`.
SEALED_PURPOSE: Final = "penstock snapshot sealed v1"


class Document(msgspec.Struct, frozen=True, omit_defaults=True):
    """Base of all documents in a snapshot: immutable, named fields, canonical JSON on the wire."""


class Root(Document, frozen=True):
    """Section name → content hash. Names are `prices/<vendor>` and `<project_id>/<kind>` with
    the kinds `access` (in parts where there are many keys), `providers` and `prices`."""

    sections: dict[str, str]
    schema: int = SNAPSHOT_SCHEMA

    @property
    def digest(self) -> str:
        """The digest by which call records name the snapshot that governed them."""
        return content_hash(self)


class KeyEntry(Document, frozen=True):
    """One virtual key. `digest` is HMAC-SHA-256(pepper, key) in hex; the key is not stored."""

    id: str
    digest: str
    name: str = ""
    allowed_models: tuple[str, ...] = ()  # read by `rules.model_patterns`; empty: all
    expires_ms: int | None = None
    team: str = ""
    user: str = ""
    use_case: str = ""
    environment: str = ""
    segment: str = ""


class ProviderEntry(Document, frozen=True):
    """The address and settings of a provider, and the plain model ids that it lists."""

    name: str
    kind: str  # entry point in `penstock.providers`
    base_url: str
    models: tuple[str, ...] = ()
    secret_id: str = ""  # key of `Sealed.secrets`; empty: no credential
    private_allowed: bool = False  # an admin allowed a private address for this host and port
    quirks: dict[str, str] = {}
    connect_timeout_ms: int = 5_000
    first_byte_timeout_ms: int = 120_000
    silence_timeout_ms: int = 60_000
    total_timeout_ms: int = 900_000
    vendor: str = ""  # its price list is section `prices/<vendor>`; empty: none


class ProjectPolicy(Document, frozen=True):
    """Choices that a project makes for its calls."""

    on_spool_full: str = "refuse"  # or "serve": answer calls without a record, and count them
    capture_content: bool = True


class ProjectSection(Document, frozen=True):
    """`<project_id>/access`: keys and policy of one project. More than 256 keys are split into
    `<project_id>/access/<hex>` by the first digits of the keys' digests."""

    project_id: str
    keys: tuple[KeyEntry, ...] = ()
    policy: ProjectPolicy = ProjectPolicy()


class ProvidersSection(Document, frozen=True):
    """`<project_id>/providers`."""

    project_id: str
    providers: tuple[ProviderEntry, ...] = ()


class Sealed(Document, frozen=True):
    """The secret half, encrypted under the gateway token: the key pepper and provider secrets."""

    pepper: str  # hex
    secrets: dict[str, str] = {}
