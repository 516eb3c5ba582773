"""The cost of a call by the service tier in its answer: flex, priority, batch.

The price list is a test's own; every expected cost is worked by hand.
"""

import json
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest
import pytest_asyncio

from gateway.conftest import Rig
from gateway.homes import make_home, provider
from gateway.http_client import call
from gateway.raw_upstream import STREAM_HEAD, Script, answers, chunk, raw_upstream, unary
from gateway.worker import worker
from penstock.rules.prices.price import (
    Clause,
    ModelPrices,
    PricePeriod,
    PriceVariant,
    UnitPrice,
    VendorPrices,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


def period(per_input: int, per_output: int) -> PricePeriod:
    """USD for a million tokens."""
    prices = (
        UnitPrice("input_tokens", Decimal(per_input)),
        UnitPrice("output_tokens", Decimal(per_output)),
    )
    return PricePeriod(prices)


ACME = VendorPrices(
    "acme",
    (
        ModelPrices(
            "m",
            Clause("equals", "m"),
            (period(4, 8),),
            (
                PriceVariant({"speed": "fast"}, period(6, 12)),
                PriceVariant({"service_tier": "flex"}, period(2, 4)),
                PriceVariant({"service_tier": "priority"}, period(8, 16)),
                PriceVariant({"processing": "batch"}, period(1, 2)),
            ),
        ),
    ),
)
# 1000 input and 500 output tokens
COSTS = {
    None: (Decimal("0.008"), "acme/m"),
    "default": (Decimal("0.008"), "acme/m"),
    "on_demand": (Decimal("0.008"), "acme/m"),
    "flex": (Decimal("0.004"), "acme/m+service_tier=flex"),
    "priority": (Decimal("0.016"), "acme/m+service_tier=priority"),
    "batch": (Decimal("0.002"), "acme/m+processing=batch"),
    "fast": (Decimal("0.012"), "acme/m+speed=fast"),
}
USAGE = {"prompt_tokens": 1000, "completion_tokens": 500}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    home: Path = tmp_path_factory.mktemp("tiers") / "home"
    async with raw_upstream(answers(unary(b"{}"))) as upstream:
        make_home(home, [provider(upstream.url, "acme", vendor="acme")], price_lists=[ACME])
        async with worker(home) as running:
            yield Rig(upstream, running)


def whole(tier: str | None, said: str = "hello") -> Script:
    message = {"role": "assistant", "content": said}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    body = {"id": "c", "model": "m", "choices": [choice], "usage": USAGE, "service_tier": tier}
    return answers(unary(json.dumps(body).encode()))


def streamed(tier: str | None) -> Script:
    delta = {"index": 0, "delta": {"content": "hello"}, "finish_reason": "stop"}
    chunks = [
        {"id": "c", "model": "m", "service_tier": tier, "choices": [delta]},
        {"id": "c", "model": "m", "service_tier": tier, "choices": [], "usage": USAGE},
    ]
    events = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in chunks)
    return answers(STREAM_HEAD + chunk(events + b"data: [DONE]\n\n") + chunk(b""))


async def cost_of(rig: Rig, script: Script, *, stream: bool = False) -> tuple[Decimal, str]:
    """Cost and price of a call that requests flex; the request does not decide."""
    rig.answer(script)
    ask = {"model": "acme/m", "messages": [], "stream": stream, "service_tier": "flex"}
    answer = await call(rig.worker.url, json.dumps(ask).encode())
    assert (answer.status, answer.whole) == (200, True)
    end = await rig.end_of(answer.trace_id)
    return Decimal(end.cost), end.price_id


@pytest.mark.parametrize("tier", COSTS)
async def test_the_tier_in_the_answer_sets_the_price(rig: Rig, tier: str | None) -> None:
    assert await cost_of(rig, whole(tier)) == COSTS[tier]
    assert await cost_of(rig, streamed(tier), stream=True) == COSTS[tier]


async def test_the_tier_of_a_large_answer_is_read_from_its_end(rig: Rig) -> None:
    said = "x" * 1_000_000 + ' "service_tier": "priority" '
    assert await cost_of(rig, whole("flex", said)) == COSTS["flex"]
    assert await cost_of(rig, whole(None, said)) == COSTS[None]
