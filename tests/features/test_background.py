"""Jobs of the server: whatever one raises, it is started again and the others go on."""

import asyncio
import logging

import pytest
from sqlalchemy.exc import OperationalError

from penstock.features.background import each_alone, keep_running, rounds
from penstock.kernel.errors import NotFound, Overloaded

FAILURES = [
    NotFound("gone"),
    Overloaded("away", retry_after_s=1),
    OperationalError("select", {}, Exception("locked")),
    KeyError("unknown kind"),
    ValueError("odd record"),
    ExceptionGroup("both", [TypeError("one"), NotFound("two")]),
    RecursionError(),
    OSError(28, "No space left on device"),
]


async def test_a_job_that_fails_is_started_again_and_hurts_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    met: list[BaseException] = []
    ticks = 0

    async def failing() -> None:
        if len(met) == len(FAILURES):
            await asyncio.Event().wait()
        met.append(FAILURES[len(met)])
        raise met[-1]

    async def ticking() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.001)

    with caplog.at_level(logging.WARNING, "penstock.background"):
        jobs = [asyncio.create_task(keep_running(each, 0)) for each in (failing, ticking)]
        async with asyncio.timeout(20):
            while len(met) < len(FAILURES):
                await asyncio.sleep(0.001)
        before = ticks
        while ticks == before:
            await asyncio.sleep(0.001)
    assert not any(job.done() for job in jobs)
    assert len(caplog.records) == len(FAILURES)
    for job in jobs:
        job.cancel()
    await asyncio.wait(jobs)
    assert all(job.cancelled() for job in jobs)


async def test_a_job_that_ends_is_started_again() -> None:
    starts = 0

    async def short() -> None:
        nonlocal starts
        starts += 1

    job = asyncio.create_task(keep_running(short, 0))
    async with asyncio.timeout(20):
        while starts < 3:
            await asyncio.sleep(0.001)
    job.cancel()
    await asyncio.wait([job])


async def test_rounds_work_in_a_thread_until_one_fails() -> None:
    loop, done = asyncio.get_running_loop(), 0

    def work() -> None:
        nonlocal done
        with pytest.raises(RuntimeError):
            asyncio.get_running_loop()
        done += 1
        if done == 3:
            raise ValueError(loop.time())

    with pytest.raises(ValueError):
        await rounds(work, 0.001)
    assert done == 3


def test_an_item_that_fails_costs_itself_alone(caplog: pytest.LogCaptureFixture) -> None:
    done: list[int] = []

    def work(at: int) -> None:
        if at < len(FAILURES):
            raise FAILURES[at]
        done.append(at)

    each_alone(range(len(FAILURES) + 2), work)
    assert done == [len(FAILURES), len(FAILURES) + 1]
    assert len(caplog.records) == len(FAILURES)
