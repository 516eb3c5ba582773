"""A key with strict hints: what a translation would leave out is rejected, and not sent."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from openai import BadRequestError

from gateway.conftest import Rig
from gateway.homes import KEY, STRICT_KEY, make_home, provider
from gateway.raw_upstream import answers, raw_upstream, unary
from gateway.worker import worker
from penstock.rules.snapshot.routes import RouteEntry, RouteTarget

pytestmark = pytest.mark.asyncio(loop_scope="module")

MESSAGE = (
    b'{"id":"m","type":"message","role":"assistant","model":"m","content":[{"type":"text",'
    b'"text":"Hi."}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1}}'
)
CHAT = b'{"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"Hello."}}]}'
HINTS: Any = {"seed": 4, "logit_bias": {"7": 1}}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    home = tmp_path_factory.mktemp("strict") / "home"
    async with (
        raw_upstream(answers(unary(MESSAGE))) as upstream,
        raw_upstream(answers(unary(CHAT))) as other,
    ):
        targets = (RouteTarget("claude", "m"), RouteTarget("up", "small", priority=1))
        make_home(
            home,
            [provider(upstream.url, "claude", kind="anthropic", models=()), provider(other.url)],
            routes=[RouteEntry("both", 1, targets, max_attempts=2)],
        )
        async with worker(home) as running:
            yield Rig(upstream, running)


async def ask(rig: Rig, key: str, model: str, **more: Any) -> str:
    messages: Any = [{"role": "user", "content": "Hello"}]
    async with rig.openai(key) as client:
        answer = await client.chat.completions.create(model=model, messages=messages, **more)
    return answer.choices[0].message.content or ""


async def test_hints_that_the_format_does_not_have_are_rejected_by_name(rig: Rig) -> None:
    rig.upstream.seen.clear()
    with pytest.raises(BadRequestError, match="seed, logit_bias") as caught:
        await ask(rig, STRICT_KEY, "claude/m", **HINTS)
    assert (caught.value.code, caught.value.param) == ("hint_not_supported", "seed")
    assert not rig.upstream.seen
    assert await ask(rig, KEY, "claude/m", **HINTS) == "Hi."
    assert rig.worker.ends()[-1].attempts[0].changes[-2:] == ("dropped:seed", "dropped:logit_bias")


async def test_requests_that_lose_nothing_are_served(rig: Rig) -> None:
    assert await ask(rig, STRICT_KEY, "claude/m") == "Hi."
    assert await ask(rig, STRICT_KEY, "up/small", **HINTS) == "Hello."


async def test_a_route_takes_the_target_that_has_the_hints(rig: Rig) -> None:
    assert await ask(rig, STRICT_KEY, "both", **HINTS) == "Hello."
    assert await ask(rig, STRICT_KEY, "both") == "Hi."
