"""`<project_id>/providers`: the providers of a project."""

from collections.abc import Iterable
from typing import Final

from penstock.rules.document import Document
from penstock.rules.snapshot.section import SecretUse, plain_section


class ProviderEntry(Document, frozen=True):
    """The address and settings of a provider, and the plain model ids that it lists."""

    name: str
    kind: str  # entry point in `penstock.providers`
    base_url: str
    models: tuple[str, ...] = ()
    secret_id: str = ""  # key of `Sealed.secrets`; empty: no credential
    private_allowed: bool = False  # an admin allowed a private address for this host and port
    quirks: dict[str, str] = {}  # noqa: RUF012 - msgspec copies the default
    connect_timeout_ms: int = 5_000
    first_byte_timeout_ms: int = 120_000
    silence_timeout_ms: int = 60_000
    total_timeout_ms: int = 900_000
    vendor: str = ""  # its price list is the section `prices/<vendor>`; empty: none


class ProvidersSection(Document, frozen=True):
    """The providers of one project."""

    project_id: str
    providers: tuple[ProviderEntry, ...] = ()


def _secrets(section: ProvidersSection) -> Iterable[SecretUse]:
    return (
        SecretUse(entry.secret_id, f"provider {entry.name}")
        for entry in section.providers
        if entry.secret_id
    )


PROVIDERS: Final = plain_section("providers", ProvidersSection, secrets=_secrets)
