"""Limits of calls at once: queue, priorities, other targets of a route, several workers."""

import asyncio
import json
from pathlib import Path

import pytest

from gateway.counted_providers import LOW, rig, route
from penstock.rules.call import CallStatus
from penstock.rules.snapshot.routes import RouteTarget

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_provider_gets_no_more_calls_at_once_than_its_limit(tmp_path: Path) -> None:
    async with rig(tmp_path, {"max_concurrency": 3, "max_queue": 40}) as found:
        asked = [found.ask(str(number), stream=number % 2 == 0) for number in range(30)]
        answering = asyncio.ensure_future(found.providers[0].drain())
        answers = await asyncio.gather(*asked)
        answering.cancel()
        assert [each.status for each in answers] == [200] * 30
        assert found.providers[0].most == 3
        ends = [await found.end_of(each) for each in answers]
        waited = [end.attempts[0].waited_ns for end in ends]
        assert sum(each > 0 for each in waited) >= 20
        for end, wait in zip(ends, waited, strict=True):
            assert end.attempts[0].start_ns - end.begin.start_ns >= wait
        assert (await found.metric("provider_calls"))["p0"] == 0


async def test_a_full_queue_refuses_in_the_shape_of_the_surface(tmp_path: Path) -> None:
    limit = {"max_concurrency": 1, "max_queue": 1, "queue_timeout_ms": 20_000}
    async with rig(tmp_path, limit) as found:
        first = found.ask("first")
        await found.providers[0].has(1)
        second = found.ask("second")
        await found.waits(1)
        refused = await found.ask("third")
        assert (refused.status, refused.error["code"]) == (503, "target_full")
        assert "p0" in refused.error["message"]
        assert refused.headers["retry-after"] == "20"
        messages = await found.ask("fourth", path="/v1/messages")
        assert (messages.status, json.loads(messages.body)["type"]) == (503, "error")
        end = await found.end_of(refused)
        assert (end.error_type, end.attempts) == ("target_full", ())
        assert (await found.metric("provider_refused_calls"))["p0"] == 2
        for waiting in (first, second):
            found.providers[0].finish()
            assert (await waiting).status == 200
            await found.providers[0].has(int(waiting is first))


async def test_higher_priorities_are_served_first_and_replace_lower_ones(tmp_path: Path) -> None:
    limit = {"max_concurrency": 1, "max_queue": 3, "queue_timeout_ms": 20_000}
    async with rig(tmp_path, limit) as found:
        upstream = found.providers[0]
        asked = {"running": found.ask("running")}
        await upstream.has(1)
        for number, name in enumerate(("low 1", "low 2"), 1):
            asked[name] = found.ask(name, headers=LOW)
            await found.waits(number)
        asked["normal 1"] = found.ask("normal 1")
        refused = await asked.pop("low 2")  # the key has two of three places
        assert (refused.status, refused.error["code"]) == (503, "target_full")
        for _ in range(3):
            await upstream.has(1)
            upstream.finish()
        assert [(await each).status for each in asked.values()] == [200] * 3
        assert upstream.seen == ["running", "normal 1", "low 1"]


async def test_one_key_cannot_fill_the_queue(tmp_path: Path) -> None:
    limit = {"max_concurrency": 1, "max_queue": 2, "queue_timeout_ms": 20_000}
    async with rig(tmp_path, limit) as found:
        running = found.ask("running")
        await found.providers[0].has(1)
        waiting = found.ask("one")
        await found.waits(1)
        refused = await found.ask("two")
        assert (refused.status, refused.error["code"]) == (429, "share_exceeded")
        assert "retry-after" in refused.headers
        found.providers[0].finish()
        await running
        await found.providers[0].has(1)
        found.providers[0].finish()
        assert (await waiting).status == 200


async def test_a_call_does_not_wait_longer_than_the_queue_allows(tmp_path: Path) -> None:
    limit = {"max_concurrency": 1, "queue_timeout_ms": 100}
    async with rig(tmp_path, limit) as found:
        first = found.ask("first")
        await found.providers[0].has(1)
        late = await found.ask("late")
        assert (late.status, late.error["code"]) == (503, "target_full")
        found.providers[0].finish()
        assert (await first).status == 200
        assert found.providers[0].seen == ["first"]


async def test_a_caller_that_leaves_gives_up_its_turn(tmp_path: Path) -> None:
    limit = {"max_concurrency": 1, "max_queue": 5, "queue_timeout_ms": 60_000}
    async with rig(tmp_path, limit) as found:
        upstream = found.providers[0]
        first = found.ask("first")
        await upstream.has(1)
        leaving = found.ask("leaving")
        await found.waits(1)
        staying = found.ask("staying")
        await found.waits(2)
        leaving.cancel()
        await found.waits(1)
        upstream.finish()
        await first
        await upstream.has(1)
        upstream.finish()
        assert (await staying).status == 200
        assert upstream.seen == ["first", "staying"]
        ends = await found.workers[0].wait_for_ends(3)
        assert sorted(end.status for end in ends) == [
            CallStatus.CANCELLED,
            CallStatus.OK,
            CallStatus.OK,
        ]


async def test_a_running_caller_that_leaves_frees_its_place(tmp_path: Path) -> None:
    limit = {"max_concurrency": 1, "queue_timeout_ms": 60_000}
    async with rig(tmp_path, limit) as found:
        upstream = found.providers[0]
        leaving = found.ask("leaving", stream=True)
        await upstream.has(1)
        waiting = found.ask("waiting")
        await found.waits(1)
        leaving.cancel()
        async with asyncio.timeout(30):
            while "waiting" not in upstream.seen:
                await asyncio.sleep(0.005)
        await upstream.has(1)
        upstream.finish()
        assert (await waiting).status == 200


async def test_a_route_goes_on_where_a_target_is_full(tmp_path: Path) -> None:
    both = route(RouteTarget("p0", "small"), RouteTarget("p1", "small", priority=1))
    limit = {"max_concurrency": 1, "queue_timeout_ms": 60_000}
    async with rig(tmp_path, limit, {}, routes=[both]) as found:
        full, other = found.providers
        first = found.ask("first", "both")
        await full.has(1)
        second = found.ask("second", "both")
        await other.has(1)
        other.finish()
        answer = await second
        end = await found.end_of(answer)
        assert answer.status == 200
        assert [(one.provider, one.waited_ns) for one in end.attempts] == [("p1", 0)]
        full.finish()
        await first
        third = found.ask("third", "both")
        await full.has(1)
        full.finish()
        assert (await third).status == 200
        assert (full.seen, other.seen) == (["first", "third"], ["second"])
        assert (await found.metric("unavailable_targets"))["p0"] == 0


async def test_a_target_may_be_for_calls_that_found_the_others_full(tmp_path: Path) -> None:
    both = route(RouteTarget("p0", "small"), RouteTarget("p1", "small", after=("full",)))
    async with rig(tmp_path, {"max_concurrency": 1}, {}, routes=[both]) as found:
        first = found.ask("first", "both")
        await found.providers[0].has(1)
        second = found.ask("second", "both")
        await found.providers[1].has(1)
        for each in found.providers:
            each.finish()
        assert [(await each).status for each in (first, second)] == [200, 200]


async def test_a_route_whose_targets_are_all_full_waits_for_the_first(tmp_path: Path) -> None:
    both = route(RouteTarget("p0", "small"), RouteTarget("p1", "small", priority=1))
    limit = {"max_concurrency": 1, "queue_timeout_ms": 60_000}
    async with rig(tmp_path, limit, limit, routes=[both]) as found:
        first, second = found.ask("first", "both"), None
        await found.providers[0].has(1)
        second = found.ask("second", "both")
        await found.providers[1].has(1)
        third = found.ask("third", "both")
        await found.waits(1)
        found.providers[0].finish()
        await first
        await found.providers[0].has(1)
        for each in found.providers:
            each.finish()
        assert [(await each).status for each in (second, third)] == [200, 200]
        end = await found.end_of(await third)
        assert [(one.provider, one.waited_ns > 0) for one in end.attempts] == [("p0", True)]


async def test_the_time_limit_of_a_route_holds_in_the_queue(tmp_path: Path) -> None:
    only = route(RouteTarget("p0", "small"), total_timeout_ms=200)
    limit = {"max_concurrency": 1, "queue_timeout_ms": 60_000}
    async with rig(tmp_path, limit, routes=[only]) as found:
        first = found.ask("first")
        await found.providers[0].has(1)
        late = await found.ask("late", "both")
        assert (late.status, late.error["code"]) == (503, "target_full")
        found.providers[0].finish()
        assert (await first).status == 200


async def test_a_hedge_that_loses_frees_its_place(tmp_path: Path) -> None:
    hedged = route(
        RouteTarget("p0", "small"),
        RouteTarget("p1", "small", priority=1),
        hedge_percent=50,
        hedge_after_ms=100,
    )
    limit = {"max_concurrency": 1, "queue_timeout_ms": 60_000}
    async with rig(tmp_path, limit, limit, routes=[hedged]) as found:
        slow, quick = found.providers
        answer = found.ask("hedged", "both", stream=True)
        await slow.has(1)
        await quick.has(1)
        quick.finish()
        assert (await answer).status == 200
        for at, each in enumerate(found.providers):
            await each.has(0)
            again = found.ask("again", f"p{at}/small")
            await each.has(1)
            each.finish()
            assert (await again).status == 200


async def test_workers_of_a_home_share_the_places(tmp_path: Path) -> None:
    limit = {"max_concurrency": 2, "max_queue": 30, "queue_timeout_ms": 60_000}
    async with rig(tmp_path, limit, workers=2) as found:
        asked = [found.ask(str(number), at=number % 2) for number in range(24)]
        await found.providers[0].has(2)
        answering = asyncio.ensure_future(found.providers[0].drain())
        answers = await asyncio.gather(*asked)
        answering.cancel()
        assert [each.status for each in answers] == [200] * 24
        assert found.providers[0].most == 2


async def test_a_killed_worker_leaves_its_places_to_the_others(tmp_path: Path) -> None:
    limit = {"max_concurrency": 1, "queue_timeout_ms": 60_000}
    async with rig(tmp_path, limit, workers=2) as found:
        lost = found.ask("lost", at=0)
        await found.providers[0].has(1)
        waiting = found.ask("waiting", at=1)
        found.workers[0].process.kill()
        async with asyncio.timeout(30):
            while "waiting" not in found.providers[0].seen:
                await asyncio.sleep(0.005)
        await found.providers[0].has(1)
        found.providers[0].finish()
        assert (await waiting).status == 200
        lost.cancel()
