"""Who sends a request, as far as its address tells: what limits per peer count by."""

from ipaddress import IPv6Address, ip_address

from starlette.types import Scope


def peer_of(scope: Scope) -> str:
    """The caller's IPv4 address, or the first 64 bits of its IPv6 address: whoever has one
    address of such a network has all of them. Behind a reverse proxy it is the proxy's."""
    client = scope.get("client")
    host = str(client[0]).partition("%")[0] if client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else address.exploded[:19]
    return host
