"""The fault drill: each row of docs/drill.md, through a real gateway."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal

import pytest
import pytest_asyncio

from drills.fault_providers import (
    FAULTS,
    STREAMED,
    FaultProviders,
    expired_certificate,
    fault_providers,
)
from drills.fault_table import AFTER, ALONE, BY_NAME, EXPECTED, LIMITS, Expected, right_attempts
from gateway.homes import make_home, provider
from gateway.http_client import Answer, call
from gateway.worker import Worker, worker
from penstock.rules.call import CallEnd, UsageSource
from penstock.rules.prices.price import PriceOverride, UnitPrice
from penstock.rules.snapshot.providers import ProviderEntry
from penstock.rules.snapshot.routes import RouteEntry, RouteTarget

pytestmark = pytest.mark.drill


@dataclass
class Drill:
    providers: FaultProviders
    worker: Worker

    async def ask(self, fault: str) -> tuple[Answer, float]:
        model = f"{fault}-a/m" if fault in BY_NAME else fault
        message = {"role": "user", "content": "hello " * 20}
        body = {"model": model, "stream": fault in STREAMED, "messages": [message]}
        began = time.monotonic()
        answer = await call(self.worker.url, json.dumps(body).encode())
        return answer, time.monotonic() - began

    async def ends(self, traces: set[str]) -> dict[str, CallEnd]:
        async with asyncio.timeout(30):
            while True:
                found = [end for end in self.worker.ends() if end.begin.trace_id in traces]
                if len(found) >= len(traces):
                    return {end.begin.trace_id: end for end in found}
                await asyncio.sleep(0.05)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def drill(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Drill]:
    folder = tmp_path_factory.mktemp("faults")
    trusted, expired = expired_certificate(folder)
    async with fault_providers() as plain, fault_providers(expired) as secure:
        urls = {
            "certificate-expired": f"https://localhost:{secure.port}/certificate-expired/a/v1",
            "name-gone": "http://gone.invalid/v1",
        }
        entries: list[ProviderEntry] = []
        for fault in FAULTS:
            url = urls.get(fault, plain.url(fault, "a"))
            entries.append(provider(url, f"{fault}-a", models=("m",), **LIMITS))
            kind = "anthropic" if fault == "other-dialect" else "openai-compatible"
            url = plain.url(fault, "b")
            entries.append(provider(url, f"{fault}-b", models=("m",), kind=kind, **LIMITS))
        token = (UnitPrice("input_tokens", Decimal(1)), UnitPrice("output_tokens", Decimal(2)))
        price = PriceOverride(id="all", provider="*", model="*", prices=token)
        home = make_home(
            folder / "home", entries, prices=[price], routes=[_route(fault) for fault in FAULTS]
        )
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("SSL_CERT_FILE", str(trusted))
            async with worker(home) as running:
                yield Drill(plain, running)


def _route(fault: str) -> RouteEntry:
    first = RouteTarget(f"{fault}-a", "m")
    second = RouteTarget(f"{fault}-b", "m", priority=1, after=AFTER.get(fault, ()))
    targets = (first,) if fault in ALONE else (first, second)
    limit_ms = 1000 if fault == "slow-first-token" else 0
    attempts = 2 if fault == "all-down" else 3
    return RouteEntry(fault, 1, targets, max_attempts=attempts, first_token_timeout_ms=limit_ms)


def test_the_page_has_a_row_for_each_fault() -> None:
    assert EXPECTED.keys() == FAULTS.keys()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("at_once", [1, 32])
@pytest.mark.parametrize("fault", FAULTS)
async def test_each_fault_has_the_right_outcome(
    drill: Drill, fault: str, at_once: int, drill_full: bool
) -> None:
    expected = EXPECTED[fault]
    for _ in range(20 if drill_full else 2):
        drill.providers.begin_round()
        asked = await asyncio.gather(*(drill.ask(fault) for _ in range(at_once)))
        ends = await drill.ends({answer.trace_id for answer, _ in asked})
        hit = 0
        for answer, took_s in asked:
            end = ends[answer.trace_id]
            hit += _check(expected, answer, end)
            if drill_full:
                assert took_s <= expected.within_s, (fault, took_s)
        if fault in ALONE:
            assert hit == 1
            await _let_the_budget_recover(drill, fault)


async def _let_the_budget_recover(drill: Drill, fault: str) -> None:
    """A tenth of the calls may be retries: so nine good ones follow each fault."""
    for _ in range(10):
        assert (await drill.ask(fault))[0].status == 200


def _check(expected: Expected, answer: Answer, end: CallEnd) -> bool:
    """Checks one call. Returns whether it met the fault."""
    assert answer.status == expected.status, answer.body
    if expected.code:
        assert (answer.whole, expected.code in answer.body.decode()) == (False, True)
        assert b"[DONE]" not in answer.body
    elif expected.status == 200:
        assert answer.whole
        assert answer.body.count(b"t19 ") == 1
    steps = tuple((one.provider[-1], one.error_type) for one in end.attempts)
    assert steps in right_attempts(expected)
    _check_costs(end)
    return steps == expected.attempts


def _check_costs(end: CallEnd) -> None:
    """Each attempt that was served has a cost, and the call has their sum."""
    for one in end.attempts:
        served = one.usage.source is not UsageSource.NONE
        assert served == bool(one.cost)
        if not one.error_type:
            assert (one.usage.input_tokens, one.usage.output_tokens) == (100, 20)
            assert Decimal(one.cost) == Decimal("0.00014")
    costs = [Decimal(one.cost) for one in end.attempts if one.cost]
    assert (Decimal(end.cost) if end.cost else 0) == sum(costs)
