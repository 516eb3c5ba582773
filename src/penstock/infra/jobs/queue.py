"""The queue of jobs as workers see it: claim, keep, end. Each step is one short transaction."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from penstock.infra.jobs import store
from penstock.infra.jobs.documents import (
    MAX_ATTEMPTS,
    MAX_ERROR_CHARS,
    Job,
    JobProgress,
    JobState,
    pause_ms,
)
from penstock.infra.sql import Database
from penstock.kernel.time import Clock

LEASE_MS: Final = 20_000  # for which a worker that is not heard of keeps a job
MAX_OF_PROJECT: Final = 2  # jobs of one project at once; the others wait, so that projects share
_LOOKED_AT: Final = 16  # due jobs of one claim


@dataclass(frozen=True, slots=True)
class JobQueue:
    """The jobs of an installation, for the worker with this name."""

    database: Database
    clock: Clock
    worker: str

    def claim(self, kinds: Collection[str]) -> Job | None:
        """Leases the job that is due for the longest time, if there is one. A job that nobody
        finishes, time after time without progress, fails."""
        with self.database.write() as tx:
            now = self._now_ms()
            running = store.running_by_project(tx.connection, now)
            busy = [project for project, count in running.items() if count >= MAX_OF_PROJECT]
            for seen in store.list_due(tx.connection, kinds, now, busy, _LOOKED_AT):
                left = seen.state is JobState.RUNNING
                if left and seen.attempts >= MAX_ATTEMPTS:
                    error = f"Its worker ended {seen.attempts} times without progress."
                    failed = {"state": JobState.FAILED.value, "error": error, "updated_ms": now}
                    store.change(tx.connection, seen, **failed)
                    continue
                leased = replace(
                    seen,
                    state=JobState.RUNNING,
                    worker=self.worker,
                    lease_until_ms=now + LEASE_MS,
                    attempts=seen.attempts + 1,
                )
                if store.change(
                    tx.connection,
                    seen,
                    state=leased.state.value,
                    worker=leased.worker,
                    lease_until_ms=leased.lease_until_ms,
                    attempts=leased.attempts,
                    updated_ms=now,
                ):
                    return leased
        return None

    def keep(self, job_id: str, progress: JobProgress | None) -> Job | None:
        """Extends the lease; `progress` also starts the count of attempts anew. Returns the job,
        or `None` if the lease is lost: then its work is somebody else's."""
        with self.database.write() as tx:
            now = self._now_ms()
            values: dict[str, object] = {"lease_until_ms": now + LEASE_MS, "updated_ms": now}
            if progress is not None:
                values |= {"progress": store.encode_progress(progress), "attempts": 0}
            if not store.change_own(tx.connection, job_id, self.worker, **values):
                return None
            return store.find_job(tx.connection, job_id)

    def end(self, job_id: str, state: JobState, error: str = "") -> bool:
        """Ends a leased job. Returns false if the lease is lost."""
        values = {"state": state.value, "error": error[:MAX_ERROR_CHARS], "lease_until_ms": 0}
        return self._change_own(job_id, values)

    def give_back(self, job_id: str) -> bool:
        """Queues a leased job again, for the next worker at once."""
        values = {"state": JobState.QUEUED.value, "worker": "", "lease_until_ms": 0, "attempts": 0}
        return self._change_own(job_id, values)

    def fail(self, job: Job, error: str) -> bool:
        """Queues a job again after a pause, or ends it after the last attempt."""
        if job.attempts >= MAX_ATTEMPTS:
            return self.end(job.id, JobState.FAILED, error)
        due = self._now_ms() + pause_ms(job.attempts)
        values = {
            "state": JobState.QUEUED.value,
            "worker": "",
            "lease_until_ms": 0,
            "due_ms": due,
            "error": error[:MAX_ERROR_CHARS],
        }
        return self._change_own(job.id, values)

    def has_open(self) -> bool:
        """Returns whether there is work left, now or later."""
        with self.database.read() as connection:
            return store.count_open(connection) > 0

    def end_own_leases(self) -> None:
        """Ends what a predecessor of the same name has left."""
        with self.database.write() as tx:
            store.end_leases(tx.connection, self.worker, self._now_ms())

    def _change_own(self, job_id: str, values: Mapping[str, object]) -> bool:
        with self.database.write() as tx:
            now = self._now_ms()
            return store.change_own(tx.connection, job_id, self.worker, **values, updated_ms=now)

    def _now_ms(self) -> int:
        return self.clock.now_ns() // 1_000_000
