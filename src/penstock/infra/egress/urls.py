"""URLs of providers: parsed fully, or rejected, before they are used."""

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final
from urllib.parse import urlsplit

from penstock.kernel.errors import InvalidRequest

MAX_URL: Final = 2_000  # characters
_MAX_HOST: Final = 253  # characters of a name in DNS
_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_VISIBLE: Final = re.compile(r"[!-~]+")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PORT: Final = re.compile(r"(:[0-9]{1,5})?")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Url:
    """An http or https URL. `host` is in lower case and without brackets, `authority` as written,
    `target` is path and query; `suffix`: it has a query or fragment."""

    scheme: str
    host: str
    port: int
    authority: str
    target: str
    suffix: bool


def parse_url(text: str) -> Url:
    """Parses a plain http or https URL of ASCII characters, without user, with a possible host and
    port. Raises `InvalidRequest` for anything else."""
    if len(text) > MAX_URL or not _VISIBLE.fullmatch(text):
        raise _invalid("it is too long or contains invalid characters")
    try:
        parts = urlsplit(text)
        port, host = parts.port, parts.hostname or ""
    except ValueError as error:
        raise _invalid("its host or port is invalid") from error
    if parts.scheme not in _DEFAULT_PORTS or not host or "@" in parts.netloc:
        raise _invalid("it should look like https://api.example.com/v1")
    written = f"[{host}]" if "[" in parts.netloc else host
    rest = parts.netloc.lower().removeprefix(written)
    if port == 0 or not _PORT.fullmatch(rest) or not _is_host(host, bracketed=written != host):
        raise _invalid("its host or port is invalid")
    return Url(
        scheme=parts.scheme,
        host=host,
        port=port or _DEFAULT_PORTS[parts.scheme],
        authority=parts.netloc,
        target=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
        suffix="?" in text or "#" in text,
    )


def _is_host(host: str, *, bracketed: bool) -> bool:
    if bracketed:
        return _is_ipv6(host)
    labels = host.removesuffix(".").split(".")
    if _NUMBER.fullmatch(
        labels[-1]
    ):  # as in browsers, a number as last label means an IPv4 address
        return _is_ipv4(host)
    return len(host) <= _MAX_HOST and all(_LABEL.fullmatch(label) for label in labels)


def _is_ipv4(host: str) -> bool:
    try:
        IPv4Address(host)
    except AddressValueError:
        return False
    return True


def _is_ipv6(host: str) -> bool:
    try:
        return IPv6Address(host).scope_id is None
    except AddressValueError:
        return False


def _invalid(reason: str) -> InvalidRequest:
    return InvalidRequest(
        f"The URL cannot be used: {reason}.",
        hint="Write it like https://api.example.com/v1.",
        param="base_url",
    )
