"""The open connections, the state in which each waits, and which one is closed for a new one.

A connection waits in at most one queue. A queue is in the order of arrival and has one timeout, so
that the tick checks only its first members, and the oldest idle connection is found at once.
"""

import ipaddress
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from penstock.infra.http_server.limits import HttpLimits
from penstock.infra.http_server.stats import HttpStats


class PooledConnection(Protocol):
    """The interface of a connection that the pool uses."""

    address: str
    peer: "Peer | None"
    queue: "Queue | None"
    reserve: bool

    def expire(self, queue: "Queue") -> None:
        """Handles the timeout of this queue."""
        ...

    def evict(self) -> None:
        """Closes the connection at once, in favour of another one."""
        ...


class Queue:
    """Connections in one state, oldest first."""

    __slots__ = ("idle", "members", "timeout_s")

    def __init__(self, timeout_s: float, *, idle: bool = False) -> None:
        self.timeout_s = timeout_s
        self.idle = idle
        self.members: OrderedDict[PooledConnection, float] = OrderedDict()


class Peer:
    """The connections of one address: their count, and the idle ones, oldest first."""

    __slots__ = ("count", "idle")

    def __init__(self) -> None:
        self.count = 0
        self.idle: OrderedDict[PooledConnection, None] = OrderedDict()


class Pool:
    """All connections of a server."""

    def __init__(self, limits: HttpLimits, now: Callable[[], float], stats: HttpStats) -> None:
        self._limits = limits
        self._now = now
        self._stats = stats
        self._trusted = tuple(ipaddress.ip_network(one) for one in limits.trusted_peers)
        self._peers: dict[str, Peer] = {}
        self._reserve_count = 0
        self.open: set[PooledConnection] = set()
        self.head = Queue(limits.head_s, idle=True)
        self.idle = Queue(limits.idle_s, idle=True)
        self.lingering = Queue(limits.linger_s, idle=True)
        self.reserve = Queue(limits.reserve_head_s)
        self.body = Queue(limits.body_s)
        self.writing = Queue(limits.write_s)
        self._queues = (
            self.head,
            self.idle,
            self.lingering,
            self.reserve,
            self.body,
            self.writing,
        )
        self._idle_queues = (self.head, self.idle, self.lingering)

    def admit(self, connection: PooledConnection) -> bool:
        """Adds a new connection; at the limits, to the reserve. Returns `False` if that is full
        too."""
        peer = self._peer_of(connection.address)
        if self._has_capacity(peer):
            self.open.add(connection)
            connection.peer = peer
            if peer is not None:
                peer.count += 1
            self.enter(connection, self.head)
        elif self._has_reserve():
            self.open.add(connection)
            connection.reserve = True
            self._reserve_count += 1
            self.enter(connection, self.reserve)
        else:
            self._forget(connection.address, peer)
            return False
        self._stats.open_count = len(self.open)
        return True

    def remove(self, connection: PooledConnection) -> None:
        """Removes a closed connection. A second call does nothing."""
        if connection not in self.open:
            return
        self.open.remove(connection)
        self.leave(connection)
        self._reserve_count -= connection.reserve
        if connection.peer is not None:
            connection.peer.count -= 1
            self._forget(connection.address, connection.peer)
        self._stats.open_count = len(self.open)

    def enter(self, connection: PooledConnection, queue: Queue) -> None:
        """Moves the connection to `queue`, from any other one."""
        if connection not in self.open:
            return
        if connection.queue is not None:
            self.leave(connection)
        queue.members[connection] = self._now()
        connection.queue = queue
        if queue.idle and connection.peer is not None:
            connection.peer.idle[connection] = None

    def leave(self, connection: PooledConnection) -> None:
        """Removes the connection from its queue: it is busy and has no timeout."""
        if connection.queue is None:
            return
        del connection.queue.members[connection]
        connection.queue = None
        if connection.peer is not None:
            connection.peer.idle.pop(connection, None)

    def expire(self) -> None:
        """Expires the connections that have reached the timeout of their queue."""
        now = self._now()
        for queue in self._queues:
            while queue.members:
                connection, since = next(iter(queue.members.items()))
                if now - since < queue.timeout_s:
                    break
                self.leave(connection)
                connection.expire(queue)

    def end_oldest_body(self) -> bool:
        """Ends the request that has waited longest for its body, so that another one is served.
        Returns `False` if no request waits for a body."""
        oldest = next(iter(self.body.members), None)
        if oldest is None:
            return False
        self.leave(oldest)
        oldest.expire(self.body)
        return True

    def hasten(self, timeout_s: float) -> None:
        """Shortens the timeouts of connections without a request."""
        for queue in (self.head, self.idle):
            queue.timeout_s = min(queue.timeout_s, timeout_s)

    def close_idle(self) -> None:
        """Closes all idle connections, because the server stops."""
        for queue in (self.head, self.idle):
            for connection in list(queue.members):
                connection.evict()

    def _has_capacity(self, peer: Peer | None) -> bool:
        full = peer is not None and peer.count >= self._limits.peer_share
        if full and not self._evict(next(iter(peer.idle), None) if peer else None):
            return False
        if len(self.open) - self._reserve_count < self._limits.max_connections:
            return True
        return self._evict(self._oldest_idle())

    def _has_reserve(self) -> bool:
        if self._reserve_count < self._limits.reserve_connections:
            return True
        return self._evict(next(iter(self.reserve.members), None))

    def _evict(self, connection: PooledConnection | None) -> bool:
        if connection is None:
            return False
        self._stats.closed_idle_count += 1
        connection.evict()
        return True

    def _oldest_idle(self) -> PooledConnection | None:
        firsts = [next(iter(q.members.items())) for q in self._idle_queues if q.members]
        return min(firsts, key=lambda first: first[1])[0] if firsts else None

    def _peer_of(self, address: str) -> Peer | None:
        """Returns the peer of an address; `None` if it is trusted. Peers without connections are
        removed."""
        ip = _address(address) if address else None
        if ip is None or any(ip in network for network in self._trusted):
            return None
        return self._peers.setdefault(_share_of(address), Peer())

    def _forget(self, address: str, peer: Peer | None) -> None:
        if peer is not None and not peer.count:
            self._peers.pop(_share_of(address), None)


def _share_of(address: str) -> str:
    """Returns the IPv4 address, or the /64 of an IPv6 address, which one host usually owns."""
    ip = _address(address)
    if ip.version == 4:
        return str(ip)
    return str(ipaddress.IPv6Network((int(ip) >> 64 << 64, 64)))


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Parses an address without its zone; an IPv4-mapped IPv6 address as IPv4."""
    ip = ipaddress.ip_address(text.partition("%")[0])
    return ip.ipv4_mapped or ip if ip.version == 6 else ip
