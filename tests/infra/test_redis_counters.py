"""Counters on a real Redis: exact over workers, whatever happens to callers, workers and Redis."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from infra.counter_model import FakeClock
from infra.redis_counters import RedisCounterFile, read_counter
from penstock.infra.counters import LocalCounters
from penstock.infra.redis.allowance import LocalAllowance
from penstock.infra.redis.counters import RedisCounters
from penstock.infra.redis.problems import notice_of_server, problem_of_server
from penstock.kernel.time import SystemClock
from penstock.rules.claims import CapReached, Claim, CounterKind, CounterState
from penstock.spi.counters import CountersUnavailable, Reservation
from tests.redis_server import KEEPS_ALL, RedisServer, redis_server

START, END = 10**18, 3 * 10**18
PROJECT = "prj_1"
LEASE_S = 0.6


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with redis_server(*KEEPS_ALL) as running:
        yield running


def spend(amount: int, cap: int = 100, name: str = "spend") -> Claim:
    key = name.encode().ljust(16, b"*")
    return Claim(key, CounterKind.WINDOW, amount, cap, START, END, project=PROJECT)


def opened(cap: int = 10**6) -> Claim:
    return Claim(b"open************", CounterKind.OPEN, 1, cap, project=PROJECT)


def state(server: RedisServer, claim: Claim) -> CounterState:
    with server.client() as client:
        return read_counter(client, claim)


def counters_of(url: str, folder: Path, name: str, share: float = 0.1) -> RedisCounters:
    clock = SystemClock()
    local = LocalAllowance(LocalCounters(folder / "allowance", clock), share)
    return RedisCounters(url, name, clock, local, LEASE_S)


@contextlib.asynccontextmanager
async def running(counters: RedisCounters) -> AsyncIterator[RedisCounters]:
    task = asyncio.create_task(counters.run())
    try:
        yield counters
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        counters.close()


async def reserved(counters: RedisCounters, *claims: Claim) -> Reservation:
    found = await counters.reserve(claims)
    assert isinstance(found, Reservation)
    return found


async def returned(counters: RedisCounters) -> None:
    """Waits until Redis is used again."""
    async with asyncio.timeout(60):
        while counters.problem:
            await asyncio.sleep(0.01)


async def settled(server: RedisServer, claim: Claim) -> CounterState:
    """Waits until nothing is held any more."""
    async with asyncio.timeout(60):
        while (found := state(server, claim)).held or state(server, opened()).held:
            await asyncio.sleep(0.02)
    return found


async def test_two_gateways_admit_a_cap_exactly(server: RedisServer, tmp_path: Path) -> None:
    one, two = (counters_of(server.url, tmp_path, name) for name in ("one", "two"))
    async with running(one), running(two):
        calls = [each.reserve([spend(1, 101), opened()]) for each in (one, two) for _ in range(100)]
        found = await asyncio.gather(*calls)
        kept = [each for each in found if isinstance(each, Reservation)]
        assert len(kept) == 101
        rejected = [each for each in found if isinstance(each, CapReached)]
        assert {(each.claim, each.left) for each in rejected} == {(0, 0)}
        for each in kept:
            (one if getattr(each, "id", "").startswith("one") else two).settle(each, [1, 0])
    assert state(server, spend(0)) == (101, 0, 0)
    assert state(server, opened()) == (0, 0, 0)


async def test_amounts_above_the_precision_of_lua_are_exact(
    server: RedisServer, tmp_path: Path
) -> None:
    cap = 10**18 - 1  # a budget of a billion dollars
    async with running(counters_of(server.url, tmp_path, "one")) as counters:
        for _ in range(111):
            found = await reserved(counters, spend(2**53 - 1, cap))
            counters.settle(found, [2**53 - 1])
        left = cap - 111 * (2**53 - 1)
        assert isinstance(await counters.reserve([spend(left + 1, cap)]), CapReached)
        assert (await reserved(counters, spend(left, cap))).left == [0]
    assert state(server, spend(0)) == (111 * (2**53 - 1), left, 0)


async def test_callers_that_are_cancelled_hold_nothing(server: RedisServer, tmp_path: Path) -> None:
    async with running(counters_of(server.url, tmp_path, "one")) as counters:
        await reserved(counters, spend(1, 10**6))
        for turns in range(12):
            calls = [
                asyncio.create_task(counters.reserve([spend(1, 10**6), opened()]))
                for _ in range(20)
            ]
            for _ in range(turns):
                await asyncio.sleep(0)
            for call in calls:
                call.cancel()
            for each in await asyncio.gather(*calls, return_exceptions=True):
                if isinstance(each, Reservation):
                    counters.release(each)
    assert state(server, spend(0)) == (0, 1, 0)
    assert state(server, opened()) == (0, 0, 0)


async def test_a_stopped_redis_delays_no_call_for_ever_and_late_reservations_do_not_count(
    server: RedisServer, tmp_path: Path
) -> None:
    async with running(counters_of(server.url, tmp_path, "one")) as counters:
        kept = await reserved(counters, spend(10), opened())
        server.signal(signal.SIGSTOP)
        found = await asyncio.gather(
            *(counters.reserve([spend(1), opened()]) for _ in range(20)), return_exceptions=True
        )
        assert all(isinstance(each, CountersUnavailable) for each in found)
        assert "in time" in counters.problem
        counters.settle(kept, [7, 0])
        server.signal(signal.SIGCONT)
        await returned(counters)
        assert await settled(server, spend(0)) == (7, 0, 0)
        await reserved(counters, spend(93))


async def test_a_killed_redis_loses_nothing_that_it_had_written(
    server: RedisServer, tmp_path: Path
) -> None:
    async with running(counters_of(server.url, tmp_path, "one")) as counters:
        kept = await reserved(counters, spend(10), opened())
        server.kill()
        with pytest.raises(CountersUnavailable):
            await counters.reserve([spend(1)])
        counters.settle(kept, [12, 0])
        server.start()
        await returned(counters)
        assert await settled(server, spend(0)) == (12, 0, 2)


async def test_what_an_empty_redis_has_lost_counts_when_it_is_settled(
    server: RedisServer, tmp_path: Path
) -> None:
    async with running(counters_of(server.url, tmp_path, "one")) as counters:
        kept = await reserved(counters, spend(10), opened())
        with server.client() as client:
            client.flushall()
        await reserved(counters, spend(1))
        counters.settle(kept, [9, 0])
        counters.settle(kept, [9, 0])
        await asyncio.sleep(0)
        await reserved(counters, spend(1))
    assert state(server, spend(0)) == (9, 2, 9)


async def test_a_script_that_was_removed_is_loaded_again(
    server: RedisServer, tmp_path: Path
) -> None:
    async with running(counters_of(server.url, tmp_path, "one")) as counters:
        kept = await reserved(counters, spend(10))
        with server.client() as client:
            client.script_flush()
        counters.settle(kept, [3])
        await reserved(counters, spend(97))
    assert state(server, spend(0)) == (3, 97, 0)


async def test_reservations_of_an_ended_gateway_are_settled_after_its_lease(
    server: RedisServer, tmp_path: Path
) -> None:
    stopped = counters_of(server.url, tmp_path, "stopped")
    async with running(counters_of(server.url, tmp_path, "one")) as living:
        async with running(stopped):
            late = await reserved(stopped, spend(10), opened())
            await reserved(stopped, spend(20), opened())
            kept = await reserved(living, spend(1))
        assert await settled_but(server, 1) == (30, 1, 0)
        assert state(server, opened()).held == 0
        async with running(stopped):  # it was not dead
            stopped.settle(late, [14, 0])
            await reserved(stopped, spend(1, name="other"))
        assert state(server, spend(0)) == (34, 1, 4)
        living.settle(kept, [1])


async def settled_but(server: RedisServer, held: int) -> CounterState:
    async with asyncio.timeout(60):
        while (found := state(server, spend(0))).held != held:
            await asyncio.sleep(0.02)
    return found


async def test_a_redis_that_was_away_does_not_end_the_leases_of_living_gateways(
    server: RedisServer, tmp_path: Path
) -> None:
    one, two = (counters_of(server.url, tmp_path, name) for name in ("one", "two"))
    async with running(one), running(two):
        kept = [await reserved(each, spend(10)) for each in (one, two)]
        await asyncio.sleep(2 * LEASE_S)
        server.signal(signal.SIGSTOP)
        await asyncio.sleep(2 * LEASE_S)
        server.signal(signal.SIGCONT)
        await returned(one)
        await returned(two)
        await asyncio.sleep(3 * LEASE_S)
        assert state(server, spend(0)) == (0, 20, 0)
        for each, reservation in zip((one, two), kept, strict=True):
            each.settle(reservation, [1])
    assert state(server, spend(0)) == (2, 0, 0)


async def test_while_redis_is_away_a_machine_uses_its_allowance_and_owes_it(
    server: RedisServer, tmp_path: Path
) -> None:
    one, two = (counters_of(server.url, tmp_path, name, share=0.1) for name in ("one", "two"))
    async with running(one), running(two):
        await reserved(one, spend(10))
        server.kill()
        admitted = 0
        for counters in (one, two) * 8:
            with pytest.raises(CountersUnavailable):
                await counters.reserve([spend(2)])
            with contextlib.suppress(CountersUnavailable):
                found = await counters.reserve_allowance([spend(2)])
                assert found is not None
                counters.settle(found, [2])
                counters.settle(found, [2])
                admitted += 1
        assert admitted == 5  # a tenth of 100, over the workers of a machine
        server.start()
        await returned(one)
        await returned(two)
    assert state(server, spend(0)) == (10, 10, 10)


async def test_without_an_allowance_nothing_is_admitted(tmp_path: Path) -> None:
    counters = counters_of("redis://127.0.0.1:9/0", tmp_path, "one", share=0)
    with pytest.raises(CountersUnavailable):
        await counters.reserve_allowance([spend(1)])
    counters.close()


async def test_every_key_expires(server: RedisServer, tmp_path: Path) -> None:
    async with running(counters_of(server.url, tmp_path, "one")) as counters:
        user = replace(spend(3, name="ann"), others=b"o" * 16)
        kept = await reserved(counters, spend(1), opened(), user, rate(), rate(held=True))
        counters.settle(await reserved(counters, user, opened()), [3, 0])
        with server.client() as client:
            assert {client.pttl(key) > 0 for key in client.keys("*")} == {True}
            assert max(client.pttl(key) for key in client.keys("*")) <= 100 * 86_400_000
        counters.settle(kept, [1, 0, 3, 0, 1])


def test_what_is_held_in_a_window_that_is_forgotten_stays_held(server: RedisServer) -> None:
    with server.client() as client:
        counters = RedisCounterFile(client, FakeClock(), set(), lambda _: None)
        first = spend(60)
        found = counters.reserve([first])
        assert isinstance(found, Reservation)
        second, third = (replace(first, start_ns=END * n, end_ns=END * n + 1) for n in (1, 2))
        assert isinstance(counters.reserve([replace(second, amount=30)]), Reservation)
        assert isinstance(counters.reserve([third]), Reservation)
        assert counters.read(second).held == 90
        counters.settle(found, [60])
        assert counters.read(second) == (60, 30, 60)


def rate(amount: int = 1, *, held: bool = False) -> Claim:
    kind = CounterKind.HELD_RATE if held else CounterKind.RATE
    key = b"rate" * 4 if held else b"reqs" * 4
    return Claim(key, kind, amount * 10**9, 2 * 10**9, project=PROJECT)


def test_a_server_clock_that_goes_back_neither_blocks_nor_frees_a_rate(server: RedisServer) -> None:
    clock = FakeClock()
    with server.client() as client:
        counters = RedisCounterFile(client, clock, set(), lambda _: None)
        for _ in range(2):
            assert isinstance(counters.reserve([rate()]), Reservation)
        clock.mono_ns -= 4 * 10**9
        assert counters.reserve([rate()]) == CapReached(0, 0, 10**9)
        clock.mono_ns += 10**9
        assert isinstance(counters.reserve([rate()]), Reservation)


def test_names_of_callers_share_a_counter_above_their_number(server: RedisServer) -> None:
    with server.client() as client:
        counters = RedisCounterFile(client, FakeClock(), set(), lambda _: None, max_chosen=4)
        for number in range(4):
            user = replace(spend(60, name=f"user-{number}"), others=b"o" * 16)
            counters.settle(counters.reserve([user]), [60])
        late = [replace(spend(60, name=f"late-{n}"), others=b"o" * 16) for n in range(2)]
        found = counters.reserve(late[:1])
        assert isinstance(found, Reservation)
        assert isinstance(counters.reserve(late[1:]), CapReached)
        counters.settle(found, [10])
        assert counters.read(spend(0, name="o" * 16)).used == 10
        assert isinstance(counters.reserve([spend(60, name="key")]), Reservation)


async def test_a_wrong_password_is_named_and_never_shown(tmp_path: Path) -> None:
    with redis_server("--requirepass", "right") as server:
        url = server.url.replace("redis://", "redis://:wrong-canary@")
        async with running(counters_of(url, tmp_path, "one")) as counters:
            with pytest.raises(CountersUnavailable) as seen:
                await counters.reserve([spend(1)])
            assert "password" in counters.problem
            assert "canary" not in counters.problem + seen.value.message


async def test_a_user_with_the_documented_rights_is_enough(
    server: RedisServer, tmp_path: Path
) -> None:
    rights = ["~penstock:*", "+@read", "+@write", "+@scripting", "+info", "+time", "+select"]
    page = Path("docs/limits-and-budgets.md").read_text()
    assert f"`{' '.join(rights)}`" in page
    with server.client() as client:
        client.execute_command("ACL", "SETUSER", "penstock", "on", ">secret", *rights)
    url = server.url.replace("redis://", "redis://penstock:secret@")
    async with running(counters_of(url, tmp_path, "one")) as counters:
        counters.settle(await reserved(counters, spend(3), rate(), opened()), [2, 0, 0])
    assert state(server, spend(0)) == (2, 0, 0)


async def test_a_replica_and_a_full_memory_are_named_and_the_return_is_automatic(
    server: RedisServer, tmp_path: Path
) -> None:
    changes = [
        (("REPLICAOF", "127.0.0.1", "9"), ("REPLICAOF", "NO", "ONE"), "replica"),
        (("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0"), "memory"),
    ]
    async with running(counters_of(server.url, tmp_path, "one")) as counters:
        kept = await reserved(counters, spend(10))
        with server.client() as client:
            for broken, mended, word in changes:
                client.execute_command(*broken)
                with pytest.raises(CountersUnavailable):
                    await counters.reserve([spend(1)])
                assert word in counters.problem
                client.execute_command(*mended)
                async with asyncio.timeout(60):
                    while True:
                        with contextlib.suppress(CountersUnavailable):
                            found = await reserved(counters, spend(1))
                            break
                        await asyncio.sleep(0.05)
                counters.release(found)
            counters.settle(kept, [10])
    assert state(server, spend(0)) == (10, 0, 0)


async def test_all_keys_of_a_project_are_in_one_slot_of_a_cluster(tmp_path: Path) -> None:
    with redis_server("--cluster-enabled", "yes") as server:
        with server.client() as client:
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
            while b"cluster_state:ok" not in client.execute_command("CLUSTER", "INFO"):
                await asyncio.sleep(0.05)
        async with running(counters_of(server.url, tmp_path, "one")) as counters:
            await returned(counters)
            user = replace(spend(3, name="ann"), others=b"o" * 16)
            counters.settle(await reserved(counters, spend(1), user, rate()), [1, 3, 0])
        assert state(server, spend(0)) == (1, 0, 0)


@pytest.mark.parametrize(
    ("info", "words"),
    [
        ({"redis_version": "5.0.7"}, "too old"),
        ({}, "too old"),
        ({"redis_version": "x.y"}, "too old"),
        ({"redis_version": "6.2.0"}, ""),
        ({"redis_version": "7.0.0", "role": "slave"}, "replica"),
        ({"redis_version": "7.0.0", "maxmemory": 5, "used_memory": 6}, "memory"),
        ({"redis_version": "7.0.0", "maxmemory": "x", "used_memory": 6}, ""),
        ({"redis_version": "7.2.4", "valkey_version": "8.1"}, ""),
    ],
)
def test_a_server_that_cannot_be_used_is_named(info: dict[str, object], words: str) -> None:
    problem = problem_of_server(info)
    assert words in problem
    assert bool(problem) == bool(words)


def test_a_server_that_may_drop_counters_is_reported() -> None:
    assert not notice_of_server({"maxmemory": 0, "maxmemory_policy": "allkeys-lru"})
    assert not notice_of_server({"maxmemory": 10**9, "maxmemory_policy": "noeviction"})
    assert "noeviction" in notice_of_server(
        {"maxmemory": 10**9, "maxmemory_policy": "volatile-lru"}
    )
