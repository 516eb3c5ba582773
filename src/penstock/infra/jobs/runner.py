"""The loop of a worker: claims jobs, keeps their leases while they are worked on, ends them."""

import asyncio
import logging
from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Protocol

from penstock.infra.jobs.documents import Job, JobProgress, JobState
from penstock.infra.jobs.queue import LEASE_MS, JobQueue
from penstock.infra.jobs.wanted import WorkWanted
from penstock.kernel.errors import PenstockError

MAX_JOBS: Final = 4  # of a worker at once
_KEEP_EVERY_S: Final = LEASE_MS / 1000 / 8  # between two extensions of a lease
_LOOK_EVERY_S: Final = 0.5  # between two looks for work
_log: Final = logging.getLogger("penstock.worker")


class StopReason(StrEnum):
    """The reasons to stop the work on a job."""

    NONE = ""
    CANCELLED = "cancelled"  # somebody wants it
    WORKER_STOPS = "worker_stops"  # the next worker goes on


class JobControl:
    """The messages between the work on a job and its worker."""

    def __init__(self) -> None:
        self.stop = StopReason.NONE
        self._progress: JobProgress | None = None

    def note(self, progress: JobProgress) -> None:
        """Notes how far the job is. It is shown some seconds later."""
        self._progress = progress

    def take_noted(self) -> JobProgress | None:
        """Returns what was noted since the last time."""
        noted, self._progress = self._progress, None
        return noted


class JobWork(Protocol):
    """Works on jobs of one kind."""

    async def __call__(self, job: Job, control: JobControl) -> None:
        """Returns once the job is done, or soon after `control.stop` is set. It may be called again
        for the same job, after an end at any moment: it goes on where it was. Raises
        `PenstockError` if it has failed; other exceptions are tried again."""
        ...


class JobRunner:
    """Works on the jobs of a queue."""

    def __init__(self, queue: JobQueue, work: Mapping[str, JobWork], wanted: WorkWanted) -> None:
        self._queue = queue
        self._work = work
        self._wanted = wanted
        self._stopping = False
        self._running: dict[str, tuple[asyncio.Task[None], JobControl]] = {}

    def stop(self) -> None:
        """Makes `run` return: jobs stop where they can go on later."""
        self._stopping = True
        for _, control in self._running.values():
            control.stop = control.stop or StopReason.WORKER_STOPS

    async def run(self, idle_s: float | None) -> None:
        """Works until `stop`, or until there was no work for `idle_s` seconds; `None` is ever."""
        await asyncio.to_thread(self._queue.end_own_leases)
        idle_since = asyncio.get_running_loop().time()
        while not self._stopping:
            if await self._claim():
                continue
            now = asyncio.get_running_loop().time()
            if self._running:
                idle_since = now
            elif idle_s is not None and now - idle_since >= idle_s and await self._may_end():
                return
            await asyncio.sleep(_LOOK_EVERY_S)
        if self._running:
            await asyncio.wait([task for task, _ in self._running.values()])

    async def _claim(self) -> bool:
        if len(self._running) >= MAX_JOBS:
            return False
        job = await asyncio.to_thread(self._queue.claim, list(self._work))
        if job is None:
            return False
        control = JobControl()
        if self._stopping:  # it came while the job was claimed
            control.stop = StopReason.WORKER_STOPS
        task = asyncio.create_task(self._keep_and_work(job, control))
        self._running[job.id] = task, control
        task.add_done_callback(lambda _: self._running.pop(job.id))
        return True

    async def _may_end(self) -> bool:
        """Returns whether there is no work left: looks after the file is gone, so that nothing that
        is added now is missed."""
        self._wanted.clear()
        if not await asyncio.to_thread(self._queue.has_open):
            return True
        self._wanted.set()
        return False

    async def _keep_and_work(self, job: Job, control: JobControl) -> None:
        work = asyncio.create_task(self._work[job.kind](job, control))
        if job.cancel_wanted:
            control.stop = StopReason.CANCELLED
        while not (await asyncio.wait([work], timeout=_KEEP_EVERY_S))[0]:
            if not await self._keep(job, control):
                _log.warning("The job %s is another worker's now", job.id)
                work.cancel()
                await asyncio.wait([work])
                return
        await self._keep(job, control)
        await asyncio.to_thread(self._end, job, control, work)

    async def _keep(self, job: Job, control: JobControl) -> bool:
        """Extends the lease. A database that does not answer is asked again later."""
        noted = control.take_noted()
        try:
            kept = await asyncio.to_thread(self._queue.keep, job.id, noted)
        except Exception:  # noqa: BLE001 - worker loop: the lease says how long it may last
            _log.exception("The lease of the job %s cannot be extended now", job.id)
            return True
        if kept is not None and kept.cancel_wanted:
            control.stop = StopReason.CANCELLED
        return kept is not None

    def _end(self, job: Job, control: JobControl, work: asyncio.Task[None]) -> None:
        error = work.exception()
        if isinstance(error, PenstockError):
            self._queue.end(job.id, JobState.FAILED, error.sentence())
        elif error is not None:
            _log.error("The job %s failed", job.id, exc_info=error)
            self._queue.fail(job, f"{type(error).__name__}: {error}")
        elif control.stop is StopReason.WORKER_STOPS:
            self._queue.give_back(job.id)
        elif control.stop is StopReason.CANCELLED:
            self._queue.end(job.id, JobState.CANCELLED)
        else:
            self._queue.end(job.id, JobState.DONE)
