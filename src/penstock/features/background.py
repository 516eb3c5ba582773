"""Work that the server does beside its requests."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from penstock.features.vertical import Job
from penstock.kernel.errors import PenstockError

_FIRST_PAUSE_S: Final = 1.0
# Between two starts of a job that fails again and again; it is never given up.
_LONGEST_PAUSE_S: Final = 60.0
_Item = TypeVar("_Item")
_log: Final = logging.getLogger("penstock.background")


async def rounds(work: Callable[[], object], every_s: float) -> None:
    """Does `work` in a thread after every `every_s` seconds, until it is cancelled or fails."""
    while True:
        await asyncio.sleep(every_s)
        await asyncio.to_thread(work)


def each_alone(items: Iterable[_Item], work: Callable[[_Item], object]) -> None:
    """Does `work` with each item. One that fails is logged, costs itself, and stops no other."""
    for item in items:
        try:
            work(item)
        except (PenstockError, SQLAlchemyError) as failure:
            _log.warning("Background work must wait: %s", failure)
        except Exception:  # noqa: BLE001 - the rule of this function
            _log.exception("Background work failed.")


async def keep_running(job: Job, pause_s: float = _FIRST_PAUSE_S) -> None:
    """Runs a job until it is cancelled. One that fails is started again after a pause, which grows
    while it fails at once: whatever a job meets, the server and its other jobs go on."""
    pause = pause_s
    while True:
        begun = time.monotonic()
        try:
            await job()
        except (PenstockError, SQLAlchemyError) as failure:  # a store is away, most of the time
            _log.warning("Background work waits %.0f s: %s", pause, failure)
        except Exception:  # noqa: BLE001 - the rule of this function
            _log.exception("Background work failed; it starts again in %.0f s.", pause)
        if time.monotonic() - begun > _LONGEST_PAUSE_S:
            pause = pause_s
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE_S)
