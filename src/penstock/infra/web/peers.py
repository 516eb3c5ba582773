"""The address by which limits per peer are counted."""

from ipaddress import IPv6Address, ip_address

from starlette.types import Scope


def peer_of(scope: Scope) -> str:
    """Returns the client's IPv4 address, or the first 64 bits of its IPv6 address, because one
    client usually has a whole /64. Behind a reverse proxy it is the proxy's address, unless
    `forwarded_header` is set."""
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
