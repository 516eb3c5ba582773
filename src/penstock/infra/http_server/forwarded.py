"""The address of a client behind reverse proxies, by the one header that is trusted."""

import ipaddress
from collections.abc import Sequence
from typing import Final

from penstock.infra.http_server.asgi import Headers

MAX_HOPS: Final = 16  # proxies between a client and this server; the entries before are not read
_FORWARDED: Final = b"forwarded"  # RFC 7239; other headers are lists of addresses
_LONGEST: Final = 64  # characters of one address with its port

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class ForwardedHeader:
    """Reads `name`, a header with a list of addresses, of requests from `networks`. Each proxy adds
    the address of its peer at the end, so the list is read backwards: the first address that is
    not of a trusted proxy is the client. What stands before it may be invented by the client."""

    def __init__(self, name: str, networks: Sequence[str]) -> None:
        self._name = name.lower().encode("ascii")
        self._networks = tuple(ipaddress.ip_network(one) for one in networks)

    def trusts(self, address: str) -> bool:
        """Returns whether a peer may name the client."""
        peer = parse_address(address.partition("%")[0])
        return peer is not None and self._is_proxy(peer)

    def client_of(self, headers: Headers, peer: tuple[str, int]) -> tuple[str, int]:
        """Returns the client's address, with port 0; that of the last known proxy if an entry
        is no address, and that of the peer without the header."""
        known = peer
        left = MAX_HOPS
        for name, value in reversed(headers):
            if name != self._name:
                continue
            for entry in reversed(value.rsplit(b",", left)[-left:]):
                address = parse_address(self._text(entry))
                if address is None:
                    return known
                known = (str(address), 0)
                if not self._is_proxy(address):
                    return known
                left -= 1
            if left <= 0:
                break
        return known

    def _is_proxy(self, address: Address) -> bool:
        return any(address in network for network in self._networks)

    def _text(self, entry: bytes) -> str:
        if self._name != _FORWARDED:
            return entry.decode("latin-1")
        for pair in entry.split(b";"):
            name, _, value = pair.strip().partition(b"=")
            if name.lower() == b"for":
                return value.decode("latin-1").strip('"')
        return ""


def parse_address(text: str) -> Address | None:
    """Returns the address in a text such as `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1` or
    `[2001:db8::1]:80`; an IPv4-mapped one as IPv4. `None` for anything else, such as `unknown`."""
    text = text.strip(" \t")
    if len(text) > _LONGEST or "%" in text:  # a zone may be any text
        return None
    if text.startswith("["):
        text, bracket, port = text[1:].partition("]")
        if not bracket or not _is_port(port):
            return None
    elif text.count(":") == 1:
        text, _, port = text.partition(":")
        if not _is_port(f":{port}"):
            return None
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if address.version == 6 else address


def _is_port(text: str) -> bool:
    number = text[1:]
    return not text or (text[0] == ":" and number.isascii() and number.isdigit())
