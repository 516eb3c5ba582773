"""The counter file with hostile content: damage, other formats, no space, too many names."""

import asyncio
import resource
import zlib
from pathlib import Path

import pytest
from msgspec.structs import replace

from infra.counter_model import FakeClock
from penstock.infra.counters import CounterFile, FileReader, LocalCounters
from penstock.infra.counters.counter_file import MAX_ENDED
from penstock.infra.counters.file import boot_id, open_counters
from penstock.infra.counters.layout import (
    BLOCK_ENTRIES,
    ENTRIES,
    FILE_BYTES,
    FORMAT,
    HEAD,
    JOURNAL_AT,
    JOURNAL_BYTES,
    JOURNAL_FLAG_AT,
    JOURNAL_HEAD,
    ROW,
    ROWS_AT,
)
from penstock.infra.counters.local import SETTLED_WITHIN_S
from penstock.kernel.time import SystemClock
from penstock.rules.claims import MAX_CLAIMS, CapReached, Claim, CounterKind
from penstock.spi.counters import CountersUnavailable, Reservation

DAY_NS = 86_400 * 10**9


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "counters"


def spend(amount: int, clock: FakeClock, name: str = "spend", cap: int = 100) -> Claim:
    start = clock.now_ns() // DAY_NS * DAY_NS
    key = name.encode().ljust(16, b"*")
    return Claim(key, CounterKind.WINDOW, amount, cap, start, start + DAY_NS)


def used(counters: CounterFile, claim: Claim, amount: int) -> None:
    found = counters.reserve([replace(claim, amount=amount)])
    assert isinstance(found, Reservation)
    counters.settle(found, [amount])


def place_of(path: Path, claim: Claim) -> int:
    return path.read_bytes().index(claim.key, ROWS_AT)


def overwrite(path: Path, at: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def test_used_amounts_survive_a_restart(path: Path, clock: FakeClock) -> None:
    counters = CounterFile.open(path, clock)
    used(counters, spend(0, clock), 70)
    counters.close()
    again = CounterFile.open(path, clock)
    assert again.read(spend(0, clock)).used == 70
    assert again.reserve([spend(31, clock)]) == CapReached(0, 30, DAY_NS - clock.now_ns() % DAY_NS)


def test_nothing_is_reserved_if_one_counter_has_too_little(path: Path, clock: FakeClock) -> None:
    counters = CounterFile.open(path, clock)
    small = spend(60, clock, "small", cap=50)
    found = counters.reserve([spend(60, clock), small])
    assert found == CapReached(1, 50, None)
    assert counters.read(spend(0, clock)) == (0, 0, 0)


def test_usage_above_the_reservation_counts_and_is_named(path: Path, clock: FakeClock) -> None:
    counters = CounterFile.open(path, clock)
    found = counters.reserve([spend(90, clock)])
    assert isinstance(found, Reservation)
    counters.settle(found, [130])
    assert counters.read(spend(0, clock)) == (130, 0, 40)
    assert isinstance(counters.reserve([spend(0, clock)]), CapReached)


def test_hostile_amounts_are_cut(path: Path, clock: FakeClock) -> None:
    counters = CounterFile.open(path, clock)
    for amount in (2**200, -(2**200)):
        found = counters.reserve([spend(1, clock, cap=2**200)])
        assert isinstance(found, Reservation)
        counters.settle(found, [amount])
    assert counters.read(spend(0, clock)).used == 2**53


def test_a_clock_that_goes_over_the_end_of_a_window_and_back_frees_nothing(
    path: Path, clock: FakeClock
) -> None:
    counters = CounterFile.open(path, clock)
    used(counters, spend(0, clock), 90)
    clock.wall_ns += 31 * DAY_NS
    used(counters, spend(0, clock), 80)
    clock.wall_ns -= 31 * DAY_NS
    assert isinstance(counters.reserve([spend(11, clock)]), CapReached)
    clock.wall_ns -= 365 * DAY_NS
    assert isinstance(counters.reserve([spend(11, clock)]), CapReached)


def test_a_rate_does_not_see_the_wall_clock(path: Path, clock: FakeClock) -> None:
    counters = CounterFile.open(path, clock)
    claim = Claim(b"r" * 16, CounterKind.RATE, 10**9, 2 * 10**9)
    for _ in range(2):
        assert isinstance(counters.reserve([claim]), Reservation)
    clock.wall_ns -= 365 * DAY_NS
    assert counters.reserve([claim]) == CapReached(0, 0, 10**9)
    clock.mono_ns += 10**9
    assert isinstance(counters.reserve([claim]), Reservation)


def test_another_start_of_the_machine_restarts_rates_but_not_budgets(
    path: Path, clock: FakeClock
) -> None:
    counters = CounterFile.open(path, clock)
    rate = Claim(b"r" * 16, CounterKind.RATE, 10**9, 10**9)
    clock.mono_ns = 10**18
    assert isinstance(counters.reserve([rate]), Reservation)
    used(counters, spend(0, clock), 90)
    facts = counters.file.facts()
    counters.file.save_facts(facts._replace(boot=bytes(16)))
    counters.close()
    clock.mono_ns = 0
    again = CounterFile.open(path, clock)
    assert isinstance(again.reserve([rate]), Reservation)
    assert again.read(spend(0, clock)).used == 90
    assert again.file.facts().boot == boot_id()


@pytest.mark.parametrize("at", range(0, ROW.size - 16, 8))
def test_a_damaged_counter_starts_from_zero_and_is_reported(
    path: Path, clock: FakeClock, at: int
) -> None:
    counters = CounterFile.open(path, clock)
    used(counters, spend(0, clock), 70)
    kept = counters.reserve([spend(5, clock), spend(5, clock, "other")])
    overwrite(path, place_of(path, spend(0, clock)) + 16 + at, b"\xa5" * 8)
    with pytest.raises(CountersUnavailable):
        counters.reserve([spend(1, clock)])
    found = counters.reserve([spend(1, clock)])
    assert isinstance(found, Reservation)
    assert isinstance(kept, Reservation)
    assert counters.read(spend(0, clock, "other")).held == 5  # nothing else has changed
    counters.settle(kept, [4, 4])
    facts = FileReader(path, clock).facts()
    assert facts is not None
    assert facts.lost == 1
    assert facts.lost_ns == clock.now_ns()


def test_a_damaged_journal_changes_nothing(path: Path, clock: FakeClock) -> None:
    counters = CounterFile.open(path, clock)
    used(counters, spend(0, clock), 70)
    overwrite(path, JOURNAL_AT, b"\xff" * 64)
    overwrite(path, JOURNAL_FLAG_AT, b"\1")
    assert isinstance(counters.reserve([spend(31, clock)]), CapReached)
    assert counters.read(spend(0, clock)).used == 70


@pytest.mark.parametrize(
    "content",
    [b"", b"x" * 100, bytes(FILE_BYTES), b"\xff" * FILE_BYTES],
    ids=["empty", "short", "zeros", "ones"],
)
def test_a_file_of_another_kind_is_renamed_and_replaced(
    path: Path, clock: FakeClock, content: bytes
) -> None:
    path.write_bytes(content)
    counters = CounterFile.open(path, clock)
    used(counters, spend(0, clock), 70)
    assert counters.file.facts().created_ns == clock.now_ns()
    assert path.with_name("counters.damaged").read_bytes() == content


def test_an_older_format_is_renamed_and_replaced(path: Path, clock: FakeClock) -> None:
    open_counters(path, clock.now_ns()).close()
    magic, version, *sizes, salt, _ = HEAD.unpack(path.read_bytes()[: HEAD.size])
    assert version == FORMAT
    older = HEAD.pack(magic, version - 1, *sizes, salt, 0)[:-4]
    overwrite(path, 0, older + zlib.crc32(older).to_bytes(4, "little"))
    counters = CounterFile.open(path, clock)
    used(counters, spend(0, clock), 70)
    assert path.with_name("counters.damaged").exists()


def test_the_file_is_allocated_when_it_is_created(path: Path, clock: FakeClock) -> None:
    CounterFile.open(path, clock).close()
    assert path.stat().st_blocks * 512 >= FILE_BYTES
    assert path.stat().st_mode & 0o777 == 0o600


def test_without_space_for_the_file_the_counters_are_unavailable(
    path: Path, clock: FakeClock
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES // 2, hard))
    try:
        with pytest.raises(CountersUnavailable):
            CounterFile.open(path, clock)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(path.parent.glob("*.draft")) == []
    CounterFile.open(path, clock).close()


def test_names_of_callers_share_a_counter_when_there_is_no_space_for_more(
    path: Path, clock: FakeClock
) -> None:
    counters = CounterFile.open(path, clock)
    counters._table._candidates = lambda key, *, chosen: iter(
        [ROWS_AT + (8 if chosen else 0) * ROW.size + way * ROW.size for way in range(8)]
    )
    for number in range(8):
        used(counters, replace(spend(0, clock, f"user-{number}"), others=b"o" * 16), 60)
    late = [replace(spend(60, clock, f"late-{number}"), others=b"o" * 16) for number in (1, 2)]
    found = counters.reserve(late[:1])
    assert isinstance(found, Reservation)
    assert isinstance(counters.reserve(late[1:]), CapReached)
    counters.settle(found, [10])
    assert counters.read(spend(0, clock, "o" * 16)).used == 10
    used(counters, spend(0, clock, "key"), 60)  # a configured counter has its own half
    clock.advance(3 * 86_400)  # counters whose windows are over make space
    used(counters, replace(spend(0, clock, "late-1"), others=b"o" * 16), 60)
    assert counters.read(replace(spend(0, clock, "late-1"), others=b"o" * 16)).used == 60


def test_too_many_open_calls_are_unavailable_and_nothing_leaks(
    path: Path, clock: FakeClock
) -> None:
    counters = CounterFile.open(path, clock)
    claim = Claim(b"o" * 16, CounterKind.OPEN, 1, 10**9)
    opened = [counters.reserve([claim]) for _ in range(ENTRIES)]
    with pytest.raises(CountersUnavailable):
        counters.reserve([claim])
    other = CounterFile.open(path, clock)
    with pytest.raises(CountersUnavailable):
        other.reserve([claim])
    assert other.read(claim).held == ENTRIES
    for each in opened[: BLOCK_ENTRIES + 1]:
        assert isinstance(each, Reservation)
        counters.settle(each, [0])
    assert isinstance(counters.reserve([claim]), Reservation)
    counters.close()
    assert other.recover() == ENTRIES - BLOCK_ENTRIES
    assert other.read(claim).held == 0
    assert isinstance(other.reserve([claim]), Reservation)


async def test_a_file_that_is_replaced_under_running_workers_is_reported(
    path: Path, clock: FakeClock
) -> None:
    counters = LocalCounters(path, SystemClock())
    found = await counters.reserve([spend(5, clock)])
    assert isinstance(found, Reservation)
    path.unlink()
    task = asyncio.create_task(counters.run())
    async with asyncio.timeout(20):
        while not counters.notice:
            await asyncio.sleep(0.02)
    assert "replaced" in counters.notice
    counters.settle(found, [5])
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    counters.close()


async def test_a_worker_without_calls_settles_what_an_ended_one_has_left(
    path: Path, clock: FakeClock
) -> None:
    other = CounterFile.open(path, clock)
    found = other.reserve([spend(5, clock)])
    assert isinstance(found, Reservation)
    other.dispatched(found)
    other.close()
    counters, reader = LocalCounters(path, SystemClock()), FileReader(path, clock)
    task = asyncio.create_task(counters.run())
    async with asyncio.timeout(20):
        while reader.read(spend(0, clock)) != (5, 0, 0):
            await asyncio.sleep(0.02)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    reader.close()
    counters.close()


async def ended(counters: LocalCounters, amount: int, used: int, cap: int) -> None:
    found = await counters.reserve([spend(amount, FakeClock(), cap=cap)])
    assert isinstance(found, Reservation)
    counters.dispatched(found)
    counters.settle(found, [used])
    counters.settle(found, [used])  # twice counts once


async def test_calls_far_from_the_cap_are_settled_with_the_next_transaction(path: Path) -> None:
    counters, clock = LocalCounters(path, FakeClock()), FakeClock()
    reader, cap = FileReader(path, clock), 10**6
    await ended(counters, 10, 7, cap)
    assert reader.read(spend(0, clock, cap=cap)) == (0, 10, 0)
    await ended(counters, 10, 7, cap)
    assert reader.read(spend(0, clock, cap=cap)) == (7, 10, 0)
    async with asyncio.timeout(10):
        while reader.read(spend(0, clock, cap=cap)) != (14, 0, 0):
            await asyncio.sleep(SETTLED_WITHIN_S)
    reader.close()
    counters.close()


async def test_calls_near_the_cap_or_above_their_reservation_are_settled_at_once(
    path: Path,
) -> None:
    counters, clock = LocalCounters(path, FakeClock()), FakeClock()
    reader = FileReader(path, clock)
    await ended(counters, 10, 7, 100)
    assert reader.read(spend(0, clock)) == (7, 0, 0)
    await ended(counters, 10, 11, 10**6)
    assert reader.read(spend(0, clock)) == (18, 0, 1)
    reader.close()
    counters.close()


async def test_what_waits_counts_when_a_claim_does_not_fit(path: Path) -> None:
    counters, clock = LocalCounters(path, FakeClock()), FakeClock()
    await ended(counters, 10, 0, 1000)
    assert isinstance(await counters.reserve([spend(1001, clock, cap=1000)]), CapReached)
    assert isinstance(await counters.reserve([spend(1000, clock, cap=1000)]), Reservation)
    counters.close()


def test_the_journal_has_space_for_the_largest_transaction(path: Path, clock: FakeClock) -> None:
    counters = CounterFile.open(path, clock)
    names = [[f"{part}-{at}" for at in range(MAX_CLAIMS)] for part in range(MAX_ENDED + 1)]
    claims = [[spend(1, clock, name) for name in each] for each in names]
    found = [counters.reserve(each) for each in claims[:-1]]
    done = [(each, [1] * MAX_CLAIMS) for each in found if isinstance(each, Reservation)]
    assert len(done) == MAX_ENDED
    last = counters.reserve(claims[-1], ended=done)
    assert isinstance(last, Reservation)
    length = JOURNAL_HEAD.unpack_from(path.read_bytes(), JOURNAL_AT)[0]
    assert 6000 < JOURNAL_HEAD.size + length <= JOURNAL_BYTES
    assert {counters.read(claim) for claim in claims[0]} == {(1, 0, 0)}
    assert {counters.read(claim) for claim in claims[-1]} == {(0, 1, 0)}
