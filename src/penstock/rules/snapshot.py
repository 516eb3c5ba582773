"""The snapshot: what a gateway needs to know, compiled by the server.

A tree: a root names sections by content hash; gateways fetch only what changed. Secrets
travel in a sealed document beside it, so that no digest depends on a secret.
Fields are only ever appended, with a default; a breaking change raises `SNAPSHOT_SCHEMA`.
"""

from typing import Final

import msgspec

from penstock.kernel.digests import content_hash

SNAPSHOT_SCHEMA: Final = 1
# The sealed document is encrypted under `derive_key(gateway token, SEALED_PURPOSE)`.
SEALED_PURPOSE: Final = "penstock snapshot sealed v1"


class Document(msgspec.Struct, frozen=True, omit_defaults=True):
    """Base of everything in a snapshot: immutable, named fields, canonical JSON on the wire."""


class Root(Document, frozen=True):
    """Section name → content hash. Names are `prices/<vendor>` and `<project_id>/<kind>` with
    the kinds `access` (in parts where there are many keys), `providers` and `prices`."""

    sections: dict[str, str]
    schema: int = SNAPSHOT_SCHEMA

    @property
    def digest(self) -> str:
        """What every span carries to say by which snapshot it was governed."""
        return content_hash(self)


class KeyEntry(Document, frozen=True):
    """One virtual key. `digest` is HMAC-SHA-256(pepper, key) in hex; the key itself is unknown."""

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
    """Where and how to reach a provider, and which plain model ids it claims."""

    name: str
    kind: str  # entry point in `penstock.providers`
    base_url: str
    models: tuple[str, ...] = ()
    secret_id: str = ""  # into `Sealed.secrets`; empty: no credential
    private_allowed: bool = False  # an admin said that this host and port may be private
    quirks: dict[str, str] = {}
    connect_timeout_ms: int = 5_000
    first_byte_timeout_ms: int = 120_000
    silence_timeout_ms: int = 60_000
    total_timeout_ms: int = 900_000
    vendor: str = ""  # whose price list holds (section `prices/<vendor>`); empty: nobody's


class ProjectPolicy(Document, frozen=True):
    """What a project wants where there is a choice."""

    on_spool_full: str = "refuse"  # or "serve": answer on, count and show the loss
    capture_content: bool = True


class ProjectSection(Document, frozen=True):
    """`<project_id>/access`: keys and policy of one project. Of more than 256 keys, parts
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
