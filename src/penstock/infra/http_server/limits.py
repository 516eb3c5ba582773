"""Every bound of the HTTP server, and how many connections a process may hold."""

from typing import Final

import msgspec

KIB: Final = 1024
MIB: Final = 1024 * KIB
HEALTH_PATHS: Final = frozenset(("/healthz", "/readyz", "/metrics"))  # answered at every limit


class HttpLimits(msgspec.Struct, frozen=True):
    """Sizes in bytes, durations in seconds."""

    max_connections: int = 10_000
    """Open connections of a process, less where the process may open fewer files. Above it the
    connection that has been idle longest is closed; without an idle one the new one gets 503."""
    max_connections_per_peer: int = 0
    """Connections from one IPv4 address or one IPv6 /64; 0: a quarter of `max_connections`. Above
    it the peer's own connection that has been idle longest is closed, else the new one gets 503."""
    trusted_peers: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
    """Networks without a share: this machine, and reverse proxies, behind which all callers have
    one address."""
    max_requests: int = 1024
    """Requests in progress of a process. Above it the one that has waited longest for its body is
    ended with 408; if none waits, the new one gets 503. Health paths are always served."""
    reserve_connections: int = 64
    """Connections above `max_connections`, for health paths only; others get 503 there. The oldest
    that has not asked yet makes room for the next."""
    reserve_head_s: float = 2.0
    """Time for the head of a request on a connection of the reserve."""
    kept_files: int = 512
    """Files of the process that connections must leave free, for stores and providers."""
    backlog: int = 2048
    """Connections that the kernel holds until they are accepted."""

    head_s: float = 10.0
    """Time for the head of a request: from the first byte, on a new connection from its start."""
    idle_s: float = 75.0
    """How long a connection may wait for its next request."""
    body_s: float = 600.0
    """Time for the body of a request, whatever the app allows."""
    write_s: float = 330.0
    """Time for a full write buffer to drain; then the connection is aborted."""
    linger_s: float = 30.0
    """How long the rest of a body is read and discarded, so that its sender sees the answer."""
    half_close_s: float = 0.25
    """A sender that ends its side this soon after its request still reads and gets its answer; one
    that does so later has hung up. TCP does not tell the two apart."""
    tls_handshake_s: float = 10.0
    """Time for a TLS handshake. A connection counts once it is done."""

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
    """Bytes read ahead of the app (body, or requests that wait for their turn); above it the
    connection is not read. One read of the socket, up to 256 KiB, may go over it."""
    unread_bytes: int = 64 * KIB
    """Up to this much of a body that its app did not read is discarded and the connection kept."""
    linger_bytes: int = 64 * MIB
    """More than that is discarded up to this much, and the connection closed."""
    write_buffer_bytes: int = 64 * KIB
    """Bytes for a caller who does not read; above it the app waits."""

    @property
    def peer_share(self) -> int:
        """Connections that one peer may hold."""
        return self.max_connections_per_peer or max(1, self.max_connections // 4)

    def within(self, open_files: int) -> "HttpLimits":
        """The same for a process that may open so many files."""
        most = max(open_files // 2, open_files - self.kept_files) - self.reserve_connections
        return msgspec.structs.replace(
            self, max_connections=max(1, min(self.max_connections, most))
        )
