"""Runs an HTTP server as a process: serves until a signal, drains, stops the background work."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any

from penstock.infra.http_server import HttpServer
from penstock.infra.process import RETIRE_SIGNAL

Work = Coroutine[Any, Any, None]


async def serve_until_stopped(
    server: HttpServer,
    *,
    grace_s: float,
    before: Work | None = None,
    background: Sequence[Work] = (),
    announcement: Work | None = None,
    drain: Callable[[], Awaitable[None]] | None = None,
    on_retire: Callable[[], None] | None = None,
) -> None:
    """Serves until SIGTERM or SIGINT, or until the server or a background task ends. After
    `RETIRE_SIGNAL` it accepts no connections, calls `on_retire`, and ends with the last connection.

    `before` runs before the server listens. `background` runs until the requests are drained, and
    must not end. `announcement` reports that the process serves. At the stop, no new connections
    are accepted; `drain` lets requests finish; the remaining ones get `grace_s`. Raises the first
    exception of the server or of a background task, after the drain.
    """
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    serving = asyncio.create_task(_serve(server, before))
    running = [serving, *map(asyncio.create_task, background)]
    retired = asyncio.Event()
    loop.add_signal_handler(RETIRE_SIGNAL, retired.set)
    waiting = [
        asyncio.create_task(_wait(stopped)),
        asyncio.create_task(_retire(retired, server, on_retire)),
    ]
    if announcement is not None:
        waiting.append(asyncio.create_task(announcement))
    try:
        await asyncio.wait((*running, waiting[0]), return_when=asyncio.FIRST_COMPLETED)
        server.stop()
        if drain is not None:
            await drain()
        for task in (*running[1:], *waiting):
            task.cancel()
        await asyncio.wait(running, timeout=grace_s)
    finally:
        await _cancel(*running, *waiting)
    for task in running:
        if not task.cancelled():
            task.result()


async def _serve(server: HttpServer, before: Work | None) -> None:
    if before is not None:
        await before
    await server.serve()


async def _retire(
    event: asyncio.Event, server: HttpServer, on_retire: Callable[[], None] | None
) -> None:
    await event.wait()
    server.retire()
    if on_retire is not None:
        on_retire()


async def _wait(event: asyncio.Event) -> None:
    await event.wait()


async def _cancel(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    with suppress(asyncio.CancelledError):
        await asyncio.wait(tasks)
