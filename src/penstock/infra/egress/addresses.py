"""The check of addresses: every address that a name resolves to is classified before a connection.

Owns the classification. `lookup.py` finds addresses, `client.py` connects to the checked ones.
"""

from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from penstock.infra.egress.lookup import NameLookup
from penstock.infra.networks import LOOPBACK
from penstock.kernel.errors import UpstreamFailed

Address = IPv4Address | IPv6Address


class AddressClass(StrEnum):
    """The rule for connections to an address."""

    PUBLIC = "public"  # allowed
    PRIVATE = "private"  # only if an admin allowed it for this host and port
    NEVER = "never"


_METADATA: Final = frozenset(
    ip_address(text)
    for text in (
        "169.254.169.254",  # AWS, GCP, Azure, most others
        "169.254.170.2",  # AWS ECS
        "168.63.129.16",  # Azure, a public address by range
        "100.100.100.200",  # Alibaba, inside the carrier-grade range
        "192.0.0.192",  # Oracle
        "fd00:ec2::254",  # AWS
        "fd20:ce::254",  # GCP
    )
)
_PRIVATE: Final = tuple(
    ip_network(text)
    for text in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        *LOOPBACK,
        "100.64.0.0/10",  # carrier-grade NAT
        "fc00::/7",
    )
)
_NAT64: Final = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))


def classify(address: Address) -> AddressClass:
    """Returns the class of an address. One that embeds another has the stricter class."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:  # the same socket as the plain IPv4 address
            return classify(address.ipv4_mapped)
        inner = _tunnelled(address)
        if inner is not None:
            return (
                AddressClass.PUBLIC
                if classify(inner) is AddressClass.PUBLIC
                else AddressClass.NEVER
            )
    if address in _METADATA:
        return AddressClass.NEVER
    if any(address in network for network in _PRIVATE):
        return AddressClass.PRIVATE
    if address.is_multicast or not address.is_global:
        return AddressClass.NEVER
    return AddressClass.PUBLIC


def _tunnelled(address: IPv6Address) -> IPv4Address | None:
    """Returns the IPv4 address to which a translator or tunnel would forward a packet."""
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    low = int(address) & 0xFFFFFFFF
    if any(address in network for network in _NAT64):
        return IPv4Address(low)
    if 1 < int(address) <= 0xFFFFFFFF:  # ::a.b.c.d, long deprecated, still routed by some
        return IPv4Address(low)
    return None


async def resolve(lookup: NameLookup, host: str, port: int, *, private_allowed: bool) -> list[str]:
    """Resolves `host` and checks all its addresses. Raises `UpstreamFailed` if one is forbidden."""
    try:
        addresses = await lookup.addresses(host)
    except OSError as error:
        raise UpstreamFailed(
            f"The host {host!r} cannot be resolved ({error.strerror or error}).",
            hint="Check the provider's base URL.",
            code="upstream_unresolved",
        ) from error
    for text in addresses:
        _require(host, port, classify(ip_address(text)), private_allowed=private_allowed)
    return addresses


def _require(host: str, port: int, address_class: AddressClass, *, private_allowed: bool) -> None:
    if address_class is AddressClass.PUBLIC or (
        address_class is AddressClass.PRIVATE and private_allowed
    ):
        return
    hint = "Use a public address."
    if address_class is AddressClass.PRIVATE:
        hint = f"An admin can allow private addresses for {host}:{port} in the provider's settings."
    raise UpstreamFailed(
        f"The host {host!r} resolves to an address that is not allowed.",
        hint=hint,
        code="upstream_address_forbidden",
    )
