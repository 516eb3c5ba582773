"""Shares: no project can fill the spool while others have calls to record."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.spool_world import FolderStore, begin_of, end_of, eventually, open_spool
from penstock.infra.spool import OnFull, SendOutcome, SendResult, Spool, SpoolFull
from penstock.infra.spool.project_usage import ProjectUsage
from penstock.rules.call import encode

QUOTA = 400_000


def one_call(spool: Spool, number: int, project: str) -> None:
    begin = begin_of(number)
    on_full = OnFull.REFUSE
    key = begin.trace_id
    spool.begin(key, encode(begin), end_bytes=3000, on_full=on_full, project=project)
    assert spool.end(key, encode(end_of(begin, 2000)), project=project)


def until_refused(spool: Spool, project: str, first: int) -> int:
    for number in range(first, first + 10_000):
        try:
            one_call(spool, number, project)
        except SpoolFull:
            return number - first
    raise AssertionError("never refused")


async def test_a_project_at_its_share_is_refused_and_others_are_not(tmp_path: Path) -> None:
    spool, store = (
        open_spool(tmp_path / "spool", quota_bytes=QUOTA, project_share=0.75),
        FolderStore(tmp_path / "s"),
    )
    store.result = SendResult(SendOutcome.RETRY, "down")
    task = asyncio.create_task(spool.run(store))
    greedy = until_refused(spool, "greedy", 0)
    filled = spool.stats().bytes_on_disk
    assert 0.6 * QUOTA < filled < 0.76 * QUOTA
    assert spool.stats().full_because == "", "the spool is ready for the others"
    assert any("with their share of the spool used up: 1" in one for one in spool.stats().notices())
    second = until_refused(spool, "second", 20_000)
    assert second > 10
    one_call(spool, 50_000, "third")
    store.result = None
    await eventually(lambda: len(store.calls()) == greedy + second + 1)
    await eventually(lambda: spool.stats().bytes_on_disk < QUOTA // 4)
    await asyncio.sleep(0.1)
    assert spool.stats().projects_at_share == 0
    assert until_refused(spool, "greedy", 60_000) > 10
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    spool.close()


async def test_the_ends_of_refused_calls_do_not_use_the_share_of_others(tmp_path: Path) -> None:
    spool = open_spool(tmp_path / "spool", quota_bytes=QUOTA, project_share=0.75)
    until_refused(spool, "greedy", 0)
    for number in range(20_000, 20_200):
        begin = begin_of(number)
        with pytest.raises(SpoolFull):
            spool.begin(begin.trace_id, encode(begin), end_bytes=3000, project="greedy")
        spool.end(begin.trace_id, encode(end_of(begin, 2000)), project="greedy")
    assert spool.stats().bytes_on_disk < 0.8 * QUOTA
    assert spool.stats().lost_calls == 0
    one_call(spool, 50_000, "other")
    spool.close()


STEPS = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(1, 500), st.booleans(), st.floats(0, 1)),
    max_size=60,
)


@given(STEPS)
def test_projects_without_bytes_are_removed_and_the_sums_are_right(
    steps: list[tuple[str, int, bool, float]],
) -> None:
    usage, used = ProjectUsage(0.75), 0
    for project, size, finished, left in steps:
        if 2 * size <= 1000 - used and usage.fits(project, 2 * size, 1000 - used):
            usage.count(project, written=0, reserved=size)
            usage.count(project, written=size, reserved=-size)
            used += size
        if finished:
            used = int(used * left)
            usage.shrink(used)
        assert used <= 1000
    usage.shrink(0)
    assert len(usage) == 0
