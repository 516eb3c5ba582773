"""`<project_id>/providers`: the providers of a project."""

from collections.abc import Iterable, Iterator
from typing import Final

from penstock.rules.document import Document
from penstock.rules.snapshot.section import SecretUse, plain_section

OWN_CREDENTIAL: Final = "default"  # the name of the one that is part of the provider itself
DEFAULT_QUEUE: Final = 16  # calls that wait for a provider with a limit of calls at once
DEFAULT_QUEUE_TIMEOUT_MS: Final = 5_000  # for which they wait; then 503 `target_full`


class CredentialEntry(Document, frozen=True):
    """A further credential of a provider."""

    name: str
    secret_id: str


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
    credentials: tuple[CredentialEntry, ...] = ()  # beside that of `secret_id`
    max_concurrency: int = 0  # calls at once; 0: no limit. Further calls wait, as the next two say
    max_queue: int = DEFAULT_QUEUE  # in each worker
    queue_timeout_ms: int = DEFAULT_QUEUE_TIMEOUT_MS

    def secret_ids(self) -> Iterator[tuple[str, str]]:
        """Yields name and secret id of each credential."""
        if self.secret_id:
            yield OWN_CREDENTIAL, self.secret_id
        for one in self.credentials:
            yield one.name, one.secret_id


class ProvidersSection(Document, frozen=True):
    """The providers of one project."""

    project_id: str
    providers: tuple[ProviderEntry, ...] = ()


def _secrets(section: ProvidersSection) -> Iterable[SecretUse]:
    return (
        SecretUse(secret_id, f"provider {entry.name}")
        for entry in section.providers
        for _, secret_id in entry.secret_ids()
    )


PROVIDERS: Final = plain_section("providers", ProvidersSection, secrets=_secrets)
