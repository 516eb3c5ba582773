"""Providers as values: what one is, which names and addresses are allowed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final

from penstock.features.identity.model import Principal
from penstock.infra.egress.addresses import AddressClass, classify
from penstock.infra.egress.urls import parse_url
from penstock.kernel.errors import Forbidden, InvalidRequest
from penstock.rules.snapshot import ProviderEntry

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_LOCAL_ENDS: Final = (".localhost", ".local", ".internal")


@dataclass(frozen=True, slots=True)
class Provider:
    """A configured provider of one project. The secret itself is only in the store, sealed."""

    project_id: str
    name: str
    kind: str
    base_url: str
    models: tuple[str, ...] = ()  # what it claims
    models_pinned: bool = False  # named by a person: its own list does not replace them
    private_allowed: bool = False
    quirks: Mapping[str, str] = field(default_factory=dict[str, str])
    vendor: str = ""  # whose public prices hold; empty: nobody's
    found: bool = False  # came by itself, and may change by itself
    secret_id: str = ""  # another one for each new secret; empty: none
    secret_hint: str = ""
    created_ms: int = 0
    updated_ms: int = 0

    def entry(self) -> ProviderEntry:
        """What gateways are told."""
        return ProviderEntry(
            name=self.name,
            kind=self.kind,
            base_url=self.base_url,
            models=self.models,
            secret_id=self.secret_id,
            private_allowed=self.private_allowed,
            quirks=dict(self.quirks),
            vendor=self.vendor,
        )

    def audit_fields(self) -> dict[str, object]:
        """What the audit trail tells: never the secret, of the models only their number."""
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
        }


@dataclass(frozen=True, slots=True)
class NewProvider:
    """What a new provider should be. Without address or kind, its vendor's hold; own quirks win
    over the vendor's. `vendor=None`: known by the provider's name, its prices by the address."""

    name: str
    base_url: str = ""
    kind: str = ""
    secret: str = field(default="", repr=False)
    models: tuple[str, ...] = ()
    private_allowed: bool = False
    quirks: Mapping[str, str] = field(default_factory=dict[str, str])
    vendor: str | None = None


@dataclass(frozen=True, slots=True)
class ProviderChange:
    """What should change; `None`: stays. An empty secret is removed, empty models are unpinned."""

    base_url: str | None = None
    secret: str | None = field(default=None, repr=False)
    models: tuple[str, ...] | None = None
    private_allowed: bool | None = None
    quirks: Mapping[str, str] | None = None
    vendor: str | None = None


@dataclass(frozen=True, slots=True)
class ProviderCheck:
    """What came of asking a provider for its models. `problem` is empty when it answered."""

    latency_ms: float
    models: tuple[str, ...] = ()
    problem: str = ""

    @property
    def ok(self) -> bool:
        """Whether it answered with its models."""
        return not self.problem


def check_name(name: str) -> str:
    """The name, if a provider may have it; else `InvalidRequest`."""
    if not _NAME.fullmatch(name):
        raise InvalidRequest(
            f"{name!r} cannot be a provider's name.",
            hint="Use up to 63 lower-case letters, digits, dots, dashes and underscores.",
            param="name",
        )
    return name


def check_base_url(url: str, *, private_allowed: bool, secret: bool) -> str:
    """The URL without a slash at its end, if it may be called; else `InvalidRequest`.

    Only what can be read off it is judged here; where a name leads is judged at every connection.
    """
    read = parse_url(url)
    if read.suffix:
        raise _bad_url("A base URL has no query and no fragment.", "")
    address_class = _classify_host(read.host)
    if address_class is AddressClass.NEVER:
        raise _bad_url(f"The host {read.host} may never be called.", "")
    if address_class is AddressClass.PRIVATE and not private_allowed:
        raise InvalidRequest(
            f"{read.host} is a private address.",
            hint="An instance admin can allow it for this host and port: set `private_allowed` "
            "(`penstock provider add … --private-allowed`).",
            code="private_address",
            param="base_url",
        )
    if read.scheme == "http" and secret and not private_allowed:
        raise _bad_url("Over plain http the API key could be read on its way.", "Use https.")
    return url.rstrip("/")


def require_may_allow_private(actor: Principal) -> None:
    """`Forbidden` unless the actor is an instance admin: private addresses are other machines of
    whoever runs this installation, not the project's."""
    if not actor.instance_admin:
        raise Forbidden(
            "Only an instance admin may allow a private address.",
            hint="Ask one to add this provider with `penstock provider add … --private-allowed`.",
            code="private_needs_instance_admin",
            param="private_allowed",
        )


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port: to whom a secret goes. What is no URL (stores may hold some from
    before they were read fully) is an origin of its own."""
    try:
        read = parse_url(url)
    except InvalidRequest:
        return "", url, 0
    return read.scheme, read.host, read.port


def secret_hint(secret: str) -> str:
    """Enough to tell keys apart, too little to use: `…abcd`."""
    if not secret:
        return ""
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
