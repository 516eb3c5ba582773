"""Shadow calls: sent after the answer, recorded beside it, and the first to be dropped."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gateway.counted_providers import Rig, rig, route
from gateway.homes import PROJECT
from gateway.http_client import Answer, call, metrics_token
from penstock.features.limits.assembly import CounterFileStore
from penstock.infra.counters import path_in
from penstock.infra.home import Home
from penstock.infra.redis import RedisView
from penstock.kernel.time import SystemClock
from penstock.rules.call import CallEnd, CallStatus
from penstock.rules.claims import Claim
from penstock.rules.document import Document
from penstock.rules.explanation import DRY_RUN_PATH
from penstock.rules.limits.documents import LimitEntry, Measure
from penstock.rules.limits.index import Amounts, Limit
from penstock.rules.limits.windows import WindowUnit
from penstock.rules.prices.price import PriceOverride, UnitPrice
from penstock.rules.prompts.documents import PromptContent, PromptVariable
from penstock.rules.releases.documents import Release
from penstock.rules.releases.served import ReleaseSection
from penstock.rules.rollouts.documents import Rollout, RolloutArm, ShadowArm
from penstock.rules.rollouts.shadow_budget import shadow_budget
from penstock.rules.snapshot.rollouts import RELEASES, ROLLOUTS, RolloutsSection
from penstock.rules.snapshot.routes import RouteEntry, RouteShadow, RouteTarget
from tests.redis_server import KEEPS_ALL, RedisServer, redis_server

PROMPT = PromptContent("text", "Say {{ what }}.", variables={"what": PromptVariable()})
pytestmark = pytest.mark.asyncio(loop_scope="module")


def shadowed(percent: float = 100, max_calls: int = 4) -> RouteEntry:
    return route(RouteTarget("p0", "small"), shadow=RouteShadow("p1", "large", percent, max_calls))


@asynccontextmanager
async def rollout(
    tmp_path: Path,
    *,
    percent: float = 100,
    usd: str = "5",
    shadow: Release | None = None,
    redis: RedisServer | None = None,
) -> AsyncGenerator[Rig]:
    """A use case that `p0/small` answers, with `p1/large` as its shadow. An answer costs 1 USD."""
    answers, copied = Release("p0/small"), shadow or Release("p1/large", parameters={"seed": 7})
    arm = ShadowArm(copied.digest(), percent, Decimal(usd))
    entry = Rollout("both", "production", 1, (RolloutArm(answers.digest()),), shadow=arm)
    others: dict[str, Document] = {
        RELEASES.name(PROJECT, each.digest()): ReleaseSection(
            PROJECT, each.digest(), each, PROMPT if each.prompt else None
        )
        for each in (answers, copied)
    }
    others[ROLLOUTS.name(PROJECT)] = RolloutsSection(PROJECT, (entry,))
    price = PriceOverride("p", "p1", "large", (UnitPrice("input_tokens", Decimal(100_000)),))
    url = {"url": redis.url} if redis else None
    async with rig(tmp_path, {}, {}, others=others, prices=[price], redis=url) as found:
        yield found


def day_claim(usd: str) -> Claim:
    """The counter of the budget of the shadow of `rollout`."""
    arm = ShadowArm("", 100, Decimal(usd))
    budget = shadow_budget(Rollout("both", "production", 1, (), shadow=arm))
    assert budget is not None
    return Limit(PROJECT, budget).claim((), Amounts(0), SystemClock().now_ns())


async def answered(found: Rig, name: str, *, stream: bool = False) -> Answer:
    """Asks the route and lets its target answer."""
    asked = found.ask(name, "both", stream=stream)
    await found.providers[0].has(1)
    found.providers[0].finish()
    return await asked


async def shadow_of(found: Rig, answer: Answer) -> CallEnd:
    async with asyncio.timeout(30):
        while True:
            for end in found.workers[0].ends():
                if end.shadow_of == answer.trace_id:
                    return end
            await asyncio.sleep(0.005)


async def outcomes(found: Rig) -> dict[str, int]:
    token = metrics_token(found.workers[0].home)
    page = await call(found.workers[0].url, b"", path="/metrics", method="GET", key=token)
    pattern = r'^penstock_shadow_outcomes{.*outcome="(\w+)".*} (\d+)'
    pairs = re.findall(pattern, page.body.decode(), re.MULTILINE)
    return {name: int(count) for name, count in pairs if int(count)}


async def has_outcome(found: Rig, **wanted: int) -> None:
    async with asyncio.timeout(30):
        while await outcomes(found) != wanted:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_call_is_answered_before_its_shadow_is_sent(tmp_path: Path, stream: bool) -> None:
    async with rig(tmp_path, {}, {}, routes=[shadowed()]) as found:
        target, shadow = found.providers
        asked = found.ask("hello", "both", stream=stream)
        await target.has(1)
        assert shadow.seen == []
        target.finish()
        answer = await asked
        assert (answer.status, answer.whole) == (200, True)
        await shadow.has(1)  # the caller has its answer, and this one still waits
        shadow.finish()
        end = await shadow_of(found, answer)
        original = await found.end_of(answer)
        assert (end.status, end.begin.request_model) == (CallStatus.OK, "p1/large")
        assert end.begin.trace_id != original.begin.trace_id
        assert end.begin.caller.tags == {"penstock.shadow": "both"}
        assert end.begin.caller.team == original.begin.caller.team
        assert json.loads(end.request) == json.loads(original.request)
        assert (end.response != b"", original.shadow_of) == (True, "")
        assert [(one.provider, one.model) for one in end.attempts] == [("p1", "large")]
        await has_outcome(found, answered=1)


async def test_a_shadow_that_fails_is_recorded_and_changes_nothing(tmp_path: Path) -> None:
    both = shadowed()
    other = RouteEntry("other", 1, (RouteTarget("p1", "large"),))
    async with rig(tmp_path, {}, {}, routes=[both, other]) as found:
        shadow = found.providers[1]
        for number in range(6):
            shadow.breaks = True
            answer = await answered(found, str(number))
            assert answer.status == 200
            end = await shadow_of(found, answer)
            assert (end.status, end.cost) == (CallStatus.ERROR, "")
        shadow.breaks = False
        asked = found.ask("again", "other")  # a route to the same model still calls it
        await shadow.has(1)
        shadow.finish()
        assert (await asked).status == 200
        await has_outcome(found, failed=6)


async def test_no_more_shadows_than_allowed_are_in_progress(tmp_path: Path) -> None:
    async with rig(tmp_path, {}, {}, routes=[shadowed(max_calls=2)]) as found:
        for number in range(5):
            assert (await answered(found, str(number))).status == 200
        await has_outcome(found, busy=3)
        await found.providers[1].has(2)
        assert found.providers[1].seen == ["0", "1"]
        found.providers[1].finish()
        await found.providers[1].has(1)
        found.providers[1].finish()
        await has_outcome(found, busy=3, answered=2)


async def test_a_shadow_takes_no_turn_at_a_full_provider(tmp_path: Path) -> None:
    limit = {"max_concurrency": 1, "queue_timeout_ms": 60_000}
    async with rig(tmp_path, {}, limit, routes=[shadowed()]) as found:
        running = found.ask("direct", "p1/large")
        await found.providers[1].has(1)
        assert (await answered(found, "hello")).status == 200
        await has_outcome(found, busy=1)
        found.providers[1].finish()
        assert (await running).status == 200
        assert found.providers[1].seen == ["direct"]


async def test_a_share_of_the_calls_has_a_shadow(tmp_path: Path) -> None:
    async with rig(tmp_path, {}, {}, routes=[shadowed(percent=0.01)]) as found:
        for number in range(5):
            await answered(found, str(number))
        assert sum((await outcomes(found)).values()) < 5


async def test_a_call_that_its_caller_left_has_no_shadow(tmp_path: Path) -> None:
    async with rig(tmp_path, {}, {}, routes=[shadowed()]) as found:
        asked = found.ask("leaving", "both", stream=True)
        await found.providers[0].has(1)
        asked.cancel()
        await has_outcome(found, original=1)
        assert found.providers[1].seen == []


async def test_a_budget_of_shadows_refuses_them_and_not_the_calls(tmp_path: Path) -> None:
    budget = LimitEntry(
        "lim_s",
        "shadows",
        Measure.SPEND,
        Decimal(1),
        WindowUnit.MONTH,
        only={"tag:penstock.shadow": ("both",)},
    )  # the model has no price, which a budget rejects
    rate = LimitEntry("lim_r", "rate", Measure.REQUESTS, Decimal(2), WindowUnit.HOUR)
    async with rig(tmp_path, {}, {}, routes=[shadowed()], budgets=[budget]) as found:
        assert (await answered(found, "hello")).status == 200
        await has_outcome(found, refused=1)
        assert found.providers[1].seen == []
    async with rig(tmp_path / "rate", {}, {}, routes=[shadowed()], budgets=[rate]) as found:
        for name in ("one", "two"):  # shadows leave the rates to the callers
            assert (await answered(found, name)).status == 200
            await found.providers[1].has(1)
            found.providers[1].finish()


async def test_a_worker_that_stops_ends_its_shadows_at_once_and_records_them(
    tmp_path: Path,
) -> None:
    async with rig(tmp_path, {}, {}, routes=[shadowed()]) as found:
        answer = await answered(found, "hello")
        await found.providers[1].has(1)
        found.workers[0].process.terminate()
        end = await shadow_of(found, answer)
        assert (end.status, end.error_type) == (CallStatus.ERROR, "shutting_down")


@pytest.mark.parametrize("stream", [False, True])
async def test_a_release_answers_in_the_shadow_of_another_and_nobody_sees_it(
    tmp_path: Path, stream: bool
) -> None:
    async with rollout(tmp_path) as found:
        answer = await answered(found, "hello", stream=stream)
        assert (answer.status, answer.whole) == (200, True)
        await found.providers[1].has(1)  # the caller has its answer, and this one still waits
        found.providers[1].finish()
        end, original = await shadow_of(found, answer), await found.end_of(answer)
        assert (end.status, end.begin.request_model) == (CallStatus.OK, "p1/large")
        assert json.loads(end.request)["seed"] == 7
        assert "seed" not in json.loads(original.request)
        shadow, own = end.begin.caller, original.begin.caller
        assert (shadow.use_case, shadow.environment) == ("both", "production")
        assert (shadow.others["arm"], shadow.others["arm_basis"]) == ("shadow", "shadow")
        assert (own.others["arm"], own.others["arm_basis"]) == ("main", "weight")
        assert shadow.others["release"] != own.others["release"]
        assert shadow.tags == {"penstock.shadow": "both/production"}
        await has_outcome(found, answered=1)


async def test_a_shadow_release_that_cannot_take_the_request_is_recorded(tmp_path: Path) -> None:
    """It needs a variable that callers do not send yet: this is what the shadow is to show."""
    needs_more = Release("p1/large", PROMPT.digest())
    async with rollout(tmp_path, shadow=needs_more) as found:
        answer = await answered(found, "hello")
        assert answer.status == 200
        end = await shadow_of(found, answer)
        assert (end.status, end.error_type) == (CallStatus.ERROR, "release_variables")
        assert (end.begin.caller.others["arm"], end.attempts) == ("shadow", ())
        await has_outcome(found, failed=1)
    async with rollout(tmp_path / "gone", shadow=Release("gone/model")) as found:
        answer = await answered(found, "hello")
        assert (await shadow_of(found, answer)).error_type == "release_model_gone"


async def test_the_budget_of_a_day_holds_shadow_releases_back_and_not_their_callers(
    tmp_path: Path,
) -> None:
    async with rollout(tmp_path, usd="0.5") as found:
        assert (await answered(found, "hello " * 50)).status == 200
        await has_outcome(found, refused=1)
        assert found.providers[1].seen == []


async def explained(found: Rig, model: str = "both") -> dict[str, Any]:
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "hello"}]})
    wanted = {"project_id": PROJECT, "path": "/v1/chat/completions", "body": body}
    home = Home(found.workers[0].home)
    token = home.gateway_token.read_bytes().strip().decode()
    raw = json.dumps(wanted).encode()
    answer = await call(found.workers[0].url, raw, path=DRY_RUN_PATH, key=token)
    return json.loads(answer.body)


async def test_a_dry_run_names_the_shadow_of_the_rollout_and_what_is_left_of_its_budget(
    tmp_path: Path,
) -> None:
    release = Release("p1/large", parameters={"seed": 7}).digest()
    with redis_server(*KEEPS_ALL) as server:
        async with rollout(tmp_path, percent=12.5, usd="5.00", redis=server) as found:
            said = {"release": release, "percent": 12.5, "usd_per_day": "5", "left": "5"}
            assert (await explained(found))["rollout_shadow"] == said
            with RedisView.open(server.url, SystemClock()).as_writer() as counters:
                assert counters.raise_used(day_claim("5"), 4_250_000_000)
            assert (await explained(found))["rollout_shadow"] == said | {"left": "0.75"}
            assert "rollout_shadow" not in await explained(found, "p0/small")
            server.kill()
            assert (await explained(found))["rollout_shadow"] == said | {"left": ""}
            assert [each.seen for each in found.providers] == [[], []]


async def test_what_a_server_restores_of_a_budget_holds_shadows_back(tmp_path: Path) -> None:
    async with rollout(tmp_path, usd="5") as found:
        home = Home(found.workers[0].home)
        with CounterFileStore(path_in(home.counters), SystemClock()).as_writer() as counters:
            assert counters.raise_used(day_claim("5"), 5 * 10**9)
        assert (await answered(found, "hello")).status == 200
        await has_outcome(found, refused=1)
        assert found.providers[1].seen == []


async def test_without_redis_no_shadow_is_sent_and_all_calls_are(tmp_path: Path) -> None:
    with redis_server(*KEEPS_ALL) as server:
        async with rollout(tmp_path, redis=server) as found:
            assert (await answered(found, "hello")).status == 200
            await found.providers[1].has(1)
            found.providers[1].finish()
            await has_outcome(found, answered=1)
            server.kill()
            assert (await answered(found, "again")).status == 200
            await has_outcome(found, answered=1, refused=1)
            assert found.providers[1].seen == ["hello"]


async def test_a_share_of_the_calls_of_a_use_case_has_a_shadow(tmp_path: Path) -> None:
    async with rollout(tmp_path, percent=0.01) as found:
        for number in range(5):
            await answered(found, str(number))
        assert sum((await outcomes(found)).values()) < 5
