"""The loop of a worker, over a real database."""

import asyncio
from pathlib import Path

import pytest

from penstock.infra.jobs import runner, store
from penstock.infra.jobs.documents import Job, JobProgress, JobState
from penstock.infra.jobs.queue import JobQueue
from penstock.infra.jobs.runner import JobControl, JobRunner, JobWork
from penstock.infra.jobs.wanted import WorkWanted
from penstock.infra.jobs.worker_name import WorkerName
from penstock.infra.sql import Database
from penstock.kernel.errors import InvalidRequest, SetupError
from penstock.kernel.time import SystemClock

KIND = "count"


def made(database: Database, tmp_path: Path, work: JobWork) -> JobRunner:
    with database.write() as tx:
        store.add_job(tx.connection, Job("a", "prj", KIND, "s"))
    wanted = WorkWanted(tmp_path / "work.wanted")
    wanted.set()
    return JobRunner(JobQueue(database, SystemClock(), "w"), {KIND: work}, wanted)


def stored(database: Database) -> Job:
    with database.read() as connection:
        found = store.find_job(connection, "a")
    assert found is not None
    return found


def test_work_is_done_and_the_idle_worker_ends(database: Database, tmp_path: Path) -> None:
    async def work(job: Job, control: JobControl) -> None:
        control.note(JobProgress(3, 3, 0.25))

    asyncio.run(made(database, tmp_path, work).run(0))
    assert (stored(database).state, stored(database).progress.done) == (JobState.DONE, 3)
    assert not WorkWanted(tmp_path / "work.wanted")


def test_an_error_of_the_user_fails_at_once_and_another_is_tried_again(
    database: Database, tmp_path: Path
) -> None:
    async def reject(job: Job, control: JobControl) -> None:
        raise InvalidRequest("The dataset is empty.", hint="Add items.")

    asyncio.run(made(database, tmp_path, reject).run(0))
    assert (stored(database).state, stored(database).error) == (
        JobState.FAILED,
        "The dataset is empty. Add items.",
    )


def test_a_stop_gives_the_job_back_and_a_cancel_ends_it(database: Database, tmp_path: Path) -> None:
    async def wait(job: Job, control: JobControl) -> None:
        while not control.stop:
            await asyncio.sleep(0.01)

    async def stopped() -> None:
        loop = made(database, tmp_path, wait)
        running = asyncio.create_task(loop.run(None))
        while stored(database).state is not JobState.RUNNING:
            await asyncio.sleep(0.01)
        loop.stop()
        await running

    asyncio.run(stopped())
    assert (stored(database).state, stored(database).attempts) == (JobState.QUEUED, 0)
    with database.write() as tx:
        store.want_cancelled(tx.connection, "a", 1)
    again = JobRunner(
        JobQueue(database, SystemClock(), "w"), {KIND: wait}, WorkWanted(tmp_path / "wanted")
    )
    asyncio.run(again.run(0))
    assert stored(database).state is JobState.CANCELLED


def test_a_stop_that_comes_while_a_job_is_claimed_gives_it_back(
    database: Database, tmp_path: Path
) -> None:
    class StoppedClaim:
        """A queue whose worker is stopped as soon as it has leased a job."""

        def __init__(self, queue: JobQueue) -> None:
            self.queue = queue

        def claim(self, kinds: list[str]) -> Job | None:
            job = self.queue.claim(kinds)
            loop.stop()
            return job

        def __getattr__(self, name: str) -> object:
            return getattr(self.queue, name)

    async def wait(job: Job, control: JobControl) -> None:
        while not control.stop:
            await asyncio.sleep(0.01)

    loop = made(database, tmp_path, wait)
    loop._queue = StoppedClaim(loop._queue)  # pyright: ignore[reportAttributeAccessIssue] - a test
    asyncio.run(asyncio.wait_for(loop.run(None), 20))
    assert (stored(database).state, stored(database).attempts) == (JobState.QUEUED, 0)


def test_work_that_others_took_over_is_cancelled(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "_KEEP_EVERY_S", 0.02)
    ended: list[str] = []

    async def work(job: Job, control: JobControl) -> None:
        try:
            with database.write() as tx:
                store.change_own(tx.connection, "a", "w", worker="other")
            await asyncio.sleep(60)
        finally:
            ended.append(job.id)

    loop = made(database, tmp_path, work)

    async def run() -> None:
        running = asyncio.create_task(loop.run(None))
        while not ended:
            await asyncio.sleep(0.01)
        loop.stop()
        await running

    asyncio.run(run())
    assert (stored(database).worker, stored(database).state) == ("other", JobState.RUNNING)


def test_a_home_has_one_worker_whose_name_stays(tmp_path: Path) -> None:
    first = WorkerName.take(tmp_path / "worker.name")
    with pytest.raises(SetupError, match="Another worker"):
        WorkerName.take(tmp_path / "worker.name")
    first.release()
    again = WorkerName.take(tmp_path / "worker.name")
    assert again.name == first.name
    again.release()
