"""Dry runs in a running worker: what they say is what a call gets, and they do nothing."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.homes import KEY, LIMITED_KEY, PROJECT, make_home, provider
from gateway.http_client import Answer, call
from gateway.raw_upstream import RawUpstream, answers, raw_upstream, unary
from gateway.worker import Worker, worker
from penstock.rules.explanation import DRY_RUN_PATH
from penstock.rules.guards.policies import Action, Check, GuardrailPolicy, Place
from penstock.rules.limits.documents import LimitEntry, Measure
from penstock.rules.limits.windows import WindowUnit
from penstock.rules.snapshot.routes import RouteEntry, RouteTarget

WHOLE = unary(
    b'{"id":"c","model":"m","choices":[{"index":0,"finish_reason":"stop",'
    b'"message":{"role":"assistant","content":"hi"}}],'
    b'"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}'
)


@dataclass
class Rig:
    """A worker with two providers, routes, limits and a guardrail policy."""

    upstreams: tuple[RawUpstream, RawUpstream]
    worker: Worker

    async def ask(self, body: dict[str, Any], key: str = KEY, headers: str = "") -> Answer:
        raw = json.dumps(body).encode()
        return await call(self.worker.url, raw, key=key, headers=headers.encode())

    async def explain(self, body: dict[str, Any], **fields: object) -> dict[str, Any]:
        wanted: dict[str, object] = {"project_id": PROJECT, "path": "/v1/chat/completions"}
        wanted |= {"body": json.dumps(body)} | fields
        token = (self.worker.home / "gateway.token").read_bytes().strip().decode()
        raw = json.dumps(wanted).encode()
        answer = await call(self.worker.url, raw, path=DRY_RUN_PATH, key=token)
        assert answer.status == 200, answer.body
        found: dict[str, Any] = json.loads(answer.body)
        return found

    def asked(self) -> int:
        return sum(len(each.seen) for each in self.upstreams)


def limit(name: str, measure: Measure, amount: str, **changes: object) -> LimitEntry:
    fields: dict[str, object] = {"id": f"lim_{name}", "name": name, "measure": measure}
    fields |= {"amount": Decimal(amount), "window": WindowUnit.MONTH}
    return LimitEntry(**(fields | changes))  # pyright: ignore[reportArgumentType] - fields of a test's choice


LIMITS = (
    limit("all", Measure.REQUESTS, "1000000"),
    limit("few tokens", Measure.TOKENS, "5000", only={"team": ("search",), "use_case": ("tiny",)}),
    limit("no money", Measure.SPEND, "0", only={"use_case": ("poor",)}),
)
ROUTES = (
    RouteEntry("both", 3, (RouteTarget("up", "small"), RouteTarget("two", "small", priority=1))),
    RouteEntry(
        "long",
        1,
        (RouteTarget("two", "large"), RouteTarget("up", "large", after=("context_length",))),
        max_attempts=2,
    ),
)
POLICIES = (
    GuardrailPolicy("grd_1", "for search", (Check("card_numbers", (Place.INPUT,), Action.FLAG),)),
    GuardrailPolicy(
        "grd_2",
        "for two",
        (Check("secrets", (Place.OUTPUT, Place.INPUT), Action.BLOCK),),
        only={"provider": ("two",)},
    ),
)


@asynccontextmanager
async def rig(tmp_path: Path) -> AsyncGenerator[Rig]:
    async with raw_upstream(answers(WHOLE)) as one, raw_upstream(answers(WHOLE)) as two:
        entries = [provider(one.url), provider(two.url, "two", models=("large",))]
        home = make_home(
            tmp_path / "home", entries, routes=ROUTES, limits=LIMITS, guardrails=POLICIES
        )
        async with worker(home) as running:
            yield Rig((one, two), running)


MESSAGES = [{"role": "user", "content": "hello"}]
SECRET = [{"role": "user", "content": "use ghp_" + "a1B2" * 9}]
CARD = [{"role": "user", "content": "pay with 4111 1111 1111 1111"}]


async def test_a_route_is_explained_with_its_targets_limits_and_policies(tmp_path: Path) -> None:
    async with rig(tmp_path) as found:
        body = {"model": "both", "messages": MESSAGES, "max_tokens": 100}
        said = await found.explain(body, key_id="key_all", headers={"x-penstock-user": "ann"})
        assert (said["route"], said["route_version"], said["strategy"]) == ("both", 3, "weighted")
        assert said["caller"] == {"team": "search", "user": "ann"}
        order = [(each["provider"], each["model"]) for each in said["targets"]]
        assert order == [("up", "small"), ("two", "small")]
        first, second = said["targets"]
        assert first["output_tokens"] == 100
        highest = Decimal(first["input_tokens"] + 200) / 10**6
        assert Decimal(first["cost"]) == highest
        assert "cost" not in second
        assert [one["name"] for one in said["limits"]] == ["all"]
        assert (said["limits"][0]["reserves"], said["limits"][0]["fits"]) == ("1", True)
        assert [one["name"] for one in said["guardrails"]] == ["for search", "for two"]
        assert said["guardrails"][1]["checks"] == ["secrets:output,input:block"]
        assert said["cache"] == {"looked_up": False, "hit": False}
        assert "rejection" not in said
        assert found.asked() == 0
        assert found.worker.begins() == []


async def test_a_target_by_cause_comes_last_and_is_not_usual(tmp_path: Path) -> None:
    async with rig(tmp_path) as found:
        said = await found.explain({"model": "long", "messages": MESSAGES})
        first, last = said["targets"]
        assert first["provider"] == "two"
        assert (last["after"], last["reached"]) == (["context_length"], False)


async def test_the_cache_is_looked_at_and_a_dry_run_puts_nothing_there(tmp_path: Path) -> None:
    async with rig(tmp_path) as found:
        body = {"model": "up/small", "messages": MESSAGES}
        asks = {"x-penstock-cache": "60"}
        for _ in range(2):
            said = await found.explain(body, key_id="key_all", headers=asks)
            assert said["cache"] == {"looked_up": True, "hit": False}
        await found.ask(body, headers="x-penstock-cache: 60\r\n")
        said = await found.explain(body, key_id="key_all", headers=asks)
        assert said["cache"] == {"looked_up": True, "hit": True}
        renewed = await found.explain(body, headers={"x-penstock-cache": "60, refresh"})
        assert renewed["cache"] == {"looked_up": False, "hit": False}


async def test_the_checks_of_the_request_are_run(tmp_path: Path) -> None:
    async with rig(tmp_path) as found:
        said = await found.explain({"model": "up/small", "messages": CARD})
        (flagged,) = said["findings"]
        assert (flagged["detector"], flagged["place"], flagged["count"]) == (
            "card_numbers",
            "input",
            1,
        )
        assert "rejection" not in said
        blocked = await found.explain({"model": "two/large", "messages": SECRET})
        assert blocked["rejection"]["stage"] == "guardrails"
        assert blocked["rejection"]["code"] == "guardrail_blocked"
        assert blocked["targets"][0]["provider"] == "two"


async def test_only_the_gateway_token_opens_it(tmp_path: Path) -> None:
    async with rig(tmp_path) as found:
        raw = json.dumps({"project_id": PROJECT, "path": "/v1/chat/completions"}).encode()
        for key in (KEY, None, "x"):
            answer = await call(found.worker.url, raw, path=DRY_RUN_PATH, key=key)
            assert answer.status == 401
        token = (found.worker.home / "gateway.token").read_bytes().strip().decode()
        for wrong in (b"", b"[]", b'{"project_id":1}'):
            answer = await call(found.worker.url, wrong, path=DRY_RUN_PATH, key=token)
            assert answer.status == 400
        read = await call(found.worker.url, b"", path=DRY_RUN_PATH, method="GET", key=token)
        assert read.status == 401


_KEYS = {"key_all": KEY, "key_small": LIMITED_KEY}
_REQUESTS = st.fixed_dictionaries(
    {
        "model": st.sampled_from(
            ["small", "up/small", "two/large", "large", "both", "long", "none", "two/x", ""]
        ),
        "messages": st.sampled_from([MESSAGES, SECRET, CARD, [], "text"]),
    },
    optional={
        "max_tokens": st.sampled_from([1, 100, 10_000]),
        "stream": st.booleans(),
        "n": st.sampled_from([1, 2]),
    },
)


async def _explained_twice(
    found: Rig, body: dict[str, Any], key_id: str, headers: dict[str, str]
) -> dict[str, Any]:
    """Explains until two in a row are equal: the call before settles a few milliseconds after its
    end, and a window may end in between. If an explanation changed anything, none would be."""
    said = await found.explain(body, key_id=key_id, headers=headers)
    for _ in range(3):
        again = await found.explain(body, key_id=key_id, headers=headers)
        if said == again:
            return said
        said = again
    raise AssertionError("explanations in a row differ")


async def test_what_is_said_is_what_a_call_gets_and_nothing_changes(tmp_path: Path) -> None:
    drawn: list[tuple[dict[str, Any], str, str]] = []

    @given(_REQUESTS, st.sampled_from(list(_KEYS)), st.sampled_from(["", "tiny", "poor"]))
    def draw(body: dict[str, Any], key_id: str, use_case: str) -> None:
        drawn.append((body, key_id, use_case))

    draw()
    async with rig(tmp_path) as found:
        for body, key_id, use_case in drawn[:60]:
            header = f"x-penstock-use-case: {use_case}\r\n" if use_case else ""
            headers = {"x-penstock-use-case": use_case} if use_case else {}
            before = found.asked()
            said = await _explained_twice(found, body, key_id, headers)
            assert found.asked() == before
            answer = await found.ask(body, _KEYS[key_id], header)
            rejection = said.get("rejection")
            if rejection is None:
                assert answer.status == 200, (body, said, answer.body)
                assert found.asked() == before + 1
            else:
                assert answer.status == rejection["status"], (body, said, answer.body)
                assert answer.error["code"] == rejection["code"]
                assert rejection["message"] in answer.error["message"]
                assert found.asked() == before
