"""Looks up the addresses of host names, so that a slow name delays no other one.

The usual pools have a few threads for all names, and a name server that does not answer occupies
each of them for many seconds. Here a name has a thread of its own, and calls for the same name
share it: there are never more threads than names of providers.
"""

import asyncio
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from ipaddress import ip_address
from threading import Thread
from typing import Any, Final

FindAddresses = Callable[[str], Sequence[str]]
LOOKUPS_AT_ONCE: Final = 1024  # names of hosts; each has a thread


def find_addresses(host: str) -> list[str]:
    """Returns the addresses of a name, best first, as the system knows them. Raises `OSError`."""
    found: list[Any] = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class NameLookup:
    """The lookups of one event loop, at most `most` at once."""

    def __init__(
        self, find: FindAddresses = find_addresses, *, most: int = LOOKUPS_AT_ONCE
    ) -> None:
        self._find = find
        self._most = most
        self._running: dict[str, asyncio.Future[list[str]]] = {}

    async def addresses(self, host: str) -> list[str]:
        """Returns the addresses of a host name or of an address itself. Raises `OSError`."""
        try:
            return [str(ip_address(host))]
        except ValueError:
            running = self._running.get(host) or self._begin(host)
            return await asyncio.shield(running)

    def _begin(self, host: str) -> "asyncio.Future[list[str]]":
        if len(self._running) >= self._most:
            raise OSError("too many names are looked up at once")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[str]] = loop.create_future()
        try:
            Thread(target=self._work, args=(host, loop, future), daemon=True).start()
        except RuntimeError as error:  # the system has no thread left
            raise OSError(f"no thread for a lookup: {error}") from error
        future.add_done_callback(lambda done: self._end(host, done))
        self._running[host] = future
        return future

    def _end(self, host: str, done: "asyncio.Future[list[str]]") -> None:
        del self._running[host]
        if not done.cancelled():
            done.exception()  # all callers may have gone: then nobody else reads it

    def _work(
        self, host: str, loop: asyncio.AbstractEventLoop, future: "asyncio.Future[list[str]]"
    ) -> None:
        """Runs in the thread. The loop may have been closed meanwhile."""
        try:
            found = list(self._find(host))
        except Exception as error:  # noqa: BLE001 - it belongs to the callers
            failure = _as_os_error(host, error)
            finish = partial(future.set_exception, failure)
        else:
            finish = partial(future.set_result, found)
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(finish)


def _as_os_error(host: str, error: Exception) -> OSError:
    """A name that cannot be encoded raises a `UnicodeError`."""
    return error if isinstance(error, OSError) else OSError(f"{host!r} is no host name: {error}")
