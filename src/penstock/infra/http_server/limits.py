"""All limits of the HTTP server, and the number of connections of a process."""

from typing import Final

import msgspec

from penstock.infra.networks import LOOPBACK

KIB: Final = 1024
MIB: Final = 1024 * KIB
HEALTH_PATHS: Final = frozenset(("/healthz", "/readyz", "/metrics"))  # answered at every limit


class HttpLimits(msgspec.Struct, frozen=True):
    """Sizes in bytes, durations in seconds."""

    max_connections: int = 10_000
    """Open connections of a process; fewer if the process may open fewer files. Above it the
    connection that has been idle longest is closed; without an idle one the new one gets 503."""
    max_connections_per_peer: int = 0
    """Connections from one IPv4 address or one IPv6 /64; 0: a quarter of `max_connections`. Above
    it the peer's own connection that has been idle longest is closed, else the new one gets 503."""
    trusted_peers: tuple[str, ...] = (*LOOPBACK,)
    """Networks without a limit per address: this machine, and reverse proxies, behind which all
    callers have the same address."""
    forwarded_header: str = ""
    """Header in which the peers of `forwarding_peers` name the client, such as `x-forwarded-for`;
    empty: the client is the peer."""
    forwarding_peers: tuple[str, ...] = ()
    """Networks of reverse proxies whose `forwarded_header` is read."""
    max_requests: int = 1024
    """Requests in progress of a process. Above it the one that has waited longest for its body is
    ended with 408; if none waits, the new one gets 503. Health paths are always served."""
    reserve_connections: int = 64
    """Connections above `max_connections`, for health paths only; other paths get 503. The oldest
    one without a request is closed for the next."""
    reserve_head_s: float = 2.0
    """Timeout for the head of a request on a connection of the reserve."""
    kept_files: int = 512
    """Open files that are not used for connections but left for stores and providers."""
    backlog: int = 2048
    """Connections that the kernel holds until they are accepted."""

    head_s: float = 10.0
    """Timeout for the head of a request, from its first byte (on a new connection: its start)."""
    idle_s: float = 75.0
    """Timeout of an idle connection."""
    body_s: float = 600.0
    """Timeout for the body of a request; the app cannot extend it."""
    write_s: float = 330.0
    """Timeout for a full write buffer to drain; then the connection is aborted."""
    linger_s: float = 30.0
    """Time for which an unread body is discarded, so that the client can read the response."""
    half_close_s: float = 0.25
    """A client that half-closes within this time after its request gets its response. A later end
    of the stream counts as a disconnect. TCP does not distinguish the two."""
    tls_handshake_s: float = 10.0
    """Timeout for a TLS handshake. The connection counts once it is done."""

    head_bytes: int = 64 * KIB
    """Request line and header fields together."""
    request_line_bytes: int = 16 * KIB
    """The request line."""
    header_bytes: int = 32 * KIB
    """One header field."""
    header_count: int = 128
    """Header fields of a request."""
    chunk_line_bytes: int = KIB
    """The line before a chunk, its extensions included."""
    chunk_extension_bytes: int = 16 * KIB
    """Chunk extensions of a body together."""
    trailer_bytes: int = 16 * KIB
    """Trailer fields of a body together; they are discarded."""
    ahead_bytes: int = 64 * KIB
    """Bytes read ahead of the app (body, or pipelined requests); above it reading is paused. One
    read of the socket, up to 256 KiB, may exceed it."""
    unread_bytes: int = 64 * KIB
    """Up to this much of a body that the app did not read is discarded; the connection stays."""
    linger_bytes: int = 64 * MIB
    """A longer unread body is discarded up to this size, and the connection is closed."""
    write_buffer_bytes: int = 64 * KIB
    """Bytes buffered for a client that does not read; above it the app waits."""

    @property
    def peer_share(self) -> int:
        """Returns the limit of connections per peer."""
        return self.max_connections_per_peer or max(1, self.max_connections // 4)

    def within(self, open_files: int) -> "HttpLimits":
        """Returns the limits of a process that may open `open_files` files."""
        most = max(open_files // 2, open_files - self.kept_files) - self.reserve_connections
        return msgspec.structs.replace(
            self, max_connections=max(1, min(self.max_connections, most))
        )
