"""Values of the catalog: providers, and which names and base URLs they may have."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Final

import msgspec

from penstock.features.access import Principal
from penstock.infra.egress.addresses import AddressClass, classify
from penstock.infra.egress.urls import parse_url
from penstock.kernel.errors import Forbidden, InvalidRequest
from penstock.rules.snapshot.providers import (
    DEFAULT_QUEUE,
    DEFAULT_QUEUE_TIMEOUT_MS,
    CredentialEntry,
    ProviderEntry,
)
from penstock.spi.chat import ChatProvider, ProviderConfig

MAX_CONCURRENCY: Final = 1024  # calls at once of a provider
MAX_QUEUE: Final = 256  # calls that wait for a provider in one gateway worker
LONGEST_QUEUE_MS: Final = 60_000
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_KEY_ID: Final = re.compile(r'\s*\{.*"private_key_id"\s*:\s*"(\w{8,128})"', re.DOTALL)
_LOCAL_ENDS: Final = (".localhost", ".local", ".internal")


@dataclass(frozen=True, slots=True)
class Provider:
    """A configured provider of one project. Its secret is only in the database, encrypted."""

    project_id: str
    name: str
    kind: str
    base_url: str
    models: tuple[str, ...] = ()
    models_pinned: bool = False  # set by a user: the provider's own list does not replace them
    private_allowed: bool = False
    quirks: Mapping[str, str] = field(default_factory=dict[str, str])
    vendor: str = ""  # which public price list applies; empty: none
    found: bool = False  # discovered at start, and updated by later discoveries
    secret_id: str = ""  # new for each new secret; empty: no secret
    secret_hint: str = ""
    created_ms: int = 0
    updated_ms: int = 0
    max_concurrency: int = 0  # calls at once; 0: no limit
    max_queue: int = DEFAULT_QUEUE  # calls that wait in each gateway worker
    queue_timeout_ms: int = DEFAULT_QUEUE_TIMEOUT_MS

    def entry(self, credentials: Sequence["ProviderCredential"] = ()) -> ProviderEntry:
        """Returns the provider's entry in the snapshot, with its further credentials."""
        return ProviderEntry(
            name=self.name,
            kind=self.kind,
            base_url=self.base_url,
            models=self.models,
            secret_id=self.secret_id,
            private_allowed=self.private_allowed,
            quirks=dict(self.quirks),
            vendor=self.vendor,
            credentials=tuple(CredentialEntry(one.name, one.secret_id) for one in credentials),
            max_concurrency=self.max_concurrency,
            max_queue=self.max_queue,
            queue_timeout_ms=self.queue_timeout_ms,
        )

    def audit_fields(self) -> dict[str, object]:
        """Returns the fields for the audit log: never the secret; only the number of models."""
        return {
            "kind": self.kind,
            "base_url": self.base_url,
            "model_count": len(self.models),
            "models_pinned": self.models_pinned,
            "private_allowed": self.private_allowed,
            "quirks": dict(self.quirks),
            "vendor": self.vendor,
            "secret_hint": self.secret_hint,
            "secret_id": self.secret_id,
            "max_concurrency": self.max_concurrency,
            "max_queue": self.max_queue,
            "queue_timeout_ms": self.queue_timeout_ms,
        }


@dataclass(frozen=True, slots=True)
class ProviderCredential:
    """A credential of a provider. Its secret is only in the database, encrypted."""

    project_id: str
    provider: str
    name: str
    secret_id: str
    secret_hint: str
    created_ms: int

    def audit_fields(self) -> dict[str, object]:
        """Returns the fields for the audit log: never the secret."""
        return {"name": self.name, "secret_hint": self.secret_hint, "secret_id": self.secret_id}


@dataclass(frozen=True, slots=True)
class CalledProvider:
    """A provider as the server calls it with one credential."""

    plugin: ChatProvider
    config: ProviderConfig
    private_allowed: bool = False


@dataclass(frozen=True, slots=True)
class NewProvider:
    """A provider to create. Base URL and kind default to the vendor's; own quirks override the
    vendor's. `vendor=None`: the vendor is found by the provider's name, its prices by the URL."""

    name: str
    base_url: str = ""
    kind: str = ""
    secret: str = field(default="", repr=False)
    models: tuple[str, ...] = ()
    private_allowed: bool = False
    quirks: Mapping[str, str] = field(default_factory=dict[str, str])
    vendor: str | None = None
    max_concurrency: int = 0
    max_queue: int = DEFAULT_QUEUE
    queue_timeout_ms: int = DEFAULT_QUEUE_TIMEOUT_MS


@dataclass(frozen=True, slots=True)
class ProviderChange:
    """Changes of a provider; `None` keeps a value. An empty secret removes it, empty models unpin
    them."""

    base_url: str | None = None
    secret: str | None = field(default=None, repr=False)
    models: tuple[str, ...] | None = None
    private_allowed: bool | None = None
    quirks: Mapping[str, str] | None = None
    vendor: str | None = None
    max_concurrency: int | None = None
    max_queue: int | None = None
    queue_timeout_ms: int | None = None


@dataclass(frozen=True, slots=True)
class ProviderCheck:
    """The result of a connection test. `problem` is empty if it succeeded."""

    latency_ms: float
    models: tuple[str, ...] = ()
    problem: str = ""

    @property
    def ok(self) -> bool:
        """Returns whether the provider returned its models."""
        return not self.problem


def check_name(name: str) -> str:
    """Returns the name. Raises `InvalidRequest` if a provider may not have it."""
    if not _NAME.fullmatch(name):
        raise InvalidRequest(
            f"{name!r} is not a valid provider name.",
            hint="Use up to 63 lower-case letters, digits, dots, dashes and underscores.",
            param="name",
        )
    return name


def check_base_url(url: str, *, private_allowed: bool, secret: bool) -> str:
    """Returns the URL without a trailing slash. Raises `InvalidRequest` if it is not allowed.

    Checks the URL only. The addresses of its host name are checked at each connection.
    """
    read = parse_url(url)
    if read.suffix:
        raise _bad_url("The base URL must not have a query or a fragment.", "")
    address_class = _classify_host(read.host)
    if address_class is AddressClass.NEVER:
        raise _bad_url(f"The host {read.host} is not allowed.", "")
    if address_class is AddressClass.PRIVATE and not private_allowed:
        raise InvalidRequest(
            f"{read.host} is a private address.",
            hint="An instance admin can allow it for this host and port: set `private_allowed` "
            "(`penstock provider add … --private-allowed`).",
            code="private_address",
            param="base_url",
        )
    if read.scheme == "http" and secret and not private_allowed:
        raise _bad_url("Plain http would send the API key unencrypted.", "Use https.")
    return url.rstrip("/")


def require_may_allow_private(actor: Principal) -> None:
    """Raises `Forbidden` unless the actor is an instance admin: private addresses belong to the
    operator's network, not to the project."""
    if not actor.instance_admin:
        raise Forbidden(
            "Only an instance admin may allow a private address.",
            hint="Ask an instance admin to run `penstock provider add … --private-allowed`.",
            code="private_needs_instance_admin",
            param="private_allowed",
        )


def require_may_refer(actor: Principal) -> None:
    """Raises `Forbidden` unless the actor is an instance admin: the server's access to a secrets
    manager belongs to the operator, not to the project."""
    if not actor.instance_admin:
        raise Forbidden(
            "Only an instance admin may refer to a secrets manager.",
            hint="Ask an instance admin to set this credential.",
            code="reference_needs_instance_admin",
            param="api_key",
        )


def origin(url: str) -> tuple[str, str, int]:
    """Returns scheme, host and port, which determine where a secret is sent. An invalid URL (an
    older version may have stored one) is its own origin."""
    try:
        read = parse_url(url)
    except InvalidRequest:
        return "", url, 0
    return read.scheme, read.host, read.port


def clean_secret(secret: str) -> str:
    """Returns a credential as it is stored: a key without spaces, or the JSON of a key file without
    line breaks. Raises `InvalidRequest` for other text, because it goes into headers."""
    if secret.lstrip().startswith("{"):
        with suppress(msgspec.DecodeError):
            text = msgspec.json.encode(msgspec.json.decode(secret, type=dict[str, Any])).decode()
            if text.isascii():
                return text
    elif secret.isascii() and secret.isprintable() and " " not in secret:
        return secret
    raise InvalidRequest(
        "The API key contains characters that are not allowed.",
        hint="Check that nothing else was pasted with it.",
        param="api_key",
    )


def secret_hint(secret: str) -> str:
    """Returns the last four characters, to identify a key: `…abcd`; of a key file, those of the
    key's id."""
    if not secret:
        return ""
    if found := _KEY_ID.match(secret):
        return f"…{found[1][-4:]}"
    return f"…{secret[-4:]}" if len(secret) >= 16 else "…"


def _classify_host(host: str) -> AddressClass:
    host = host.removesuffix(".")
    try:
        return classify(ip_address(host))
    except ValueError:
        local = host == "localhost" or host.endswith(_LOCAL_ENDS)
        return AddressClass.PRIVATE if local else AddressClass.PUBLIC


def _bad_url(message: str, hint: str) -> InvalidRequest:
    return InvalidRequest(message, hint=hint, param="base_url")
