"""Hostile callers against a real worker: other callers are not affected."""

import asyncio
import json

import pytest

from gateway.conftest import Rig
from gateway.homes import EXPIRED_KEY, KEY, LIMITED_KEY
from gateway.http_client import call, connect, metrics_token, request
from gateway.prometheus_text import Scrape, parse
from gateway.raw_upstream import answers, unary

pytestmark = pytest.mark.asyncio(loop_scope="module")

NAMES = (
    "\u2028",
    "a\rb",
    "\x00",
    "\x85",
    '"}\n# TYPE x counter\n',
    "\\",
    "ß" * 250,
    "\ud83d\ude00",
)


async def scrape(rig: Rig, token: str | None = None) -> Scrape:
    """Reads the worker's metrics with the token of its home."""
    token = metrics_token(rig.worker.home) if token is None else token
    answer = await call(rig.worker.url, b"", method="GET", path="/metrics", key=token or None)
    assert answer.status == 200
    return parse(answer.body)


async def test_no_model_name_breaks_the_metrics_page_or_makes_a_series(rig: Rig) -> None:
    rig.answer(answers(unary(b"{}")))
    before = (await scrape(rig)).total("penstock_requests_total")
    for name in NAMES:
        for model in (name, f"up/{name}"):
            body = json.dumps({"model": model, "messages": []}).encode()
            assert (await call(rig.worker.url, body)).status in {200, 400, 404}
    after = await scrape(rig)
    assert after.total("penstock_requests_total") == before + 2 * len(NAMES)
    assert after.label("penstock_requests_total", "model") <= {"", "small", "large", "other"}


async def test_a_limited_key_reaches_no_other_provider_by_the_name_of_a_model(rig: Rig) -> None:
    """The key may call `up/small`; the provider `lax` may have a model of exactly that name."""
    rig.answer(answers(unary(b"{}")))
    refused = await call(rig.worker.url, b'{"model":"lax/up/small"}', key=LIMITED_KEY)
    assert (refused.status, refused.error["code"]) == (403, "model_not_allowed")
    assert rig.upstream.seen == []
    assert (await call(rig.worker.url, b'{"model":"up/small"}', key=LIMITED_KEY)).status == 200


async def test_without_the_token_metrics_have_no_names_tokens_or_costs(rig: Rig) -> None:
    rig.answer(answers(unary(b"{}")))
    assert (await call(rig.worker.url)).status == 200
    everything, public = await scrape(rig), await scrape(rig, "")
    assert "up" in everything.label("penstock_requests_total", "provider")
    shown = {label for _, labels in public.values for label, _ in labels}
    gen_ai = {"gen_ai_operation_name", "error_type"}
    assert shown <= {"worker", "operation", "status", "error", "le", "stage", "outcome"} | gen_ai
    named = {"penstock_tokens_total", "penstock_cost_usd_total", "penstock_unpriced_total"}
    named |= {"gen_ai_client_token_usage"}
    assert public.kinds.keys() == everything.kinds.keys() - named
    for total in ("penstock_requests_total", "penstock_request_seconds_count"):
        assert public.total(total) == everything.total(total) > 0


async def test_a_wrong_metrics_token_is_like_none(rig: Rig) -> None:
    for token in ("wrong", KEY, metrics_token(rig.worker.home)[:-1]):
        assert (await scrape(rig, token)).label("penstock_requests_total", "provider") == set()
    assert (rig.worker.home / "metrics.token").stat().st_mode & 0o777 == 0o600


async def test_many_calls_without_a_valid_key_are_counted_and_disturb_no_other_call(
    rig: Rig,
) -> None:
    rig.answer(answers(unary(b"{}")))
    before = (await scrape(rig)).total("penstock_requests_total", provider="", model="")
    ends, bodies, count = len(rig.worker.ends()), b"{}" + b" " * 5000, 1500
    statuses = set[int]()
    for batch in range(count // 50):
        keys = (EXPIRED_KEY if n % 7 == 0 else f"pk_wrong_{batch}_{n}" for n in range(50))
        found = await asyncio.gather(*(call(rig.worker.url, bodies, key=key) for key in keys))
        statuses |= {answer.status for answer in found}
        throttled = [answer for answer in found if answer.status == 429]
        assert all(int(answer.headers["retry-after"]) > 0 for answer in throttled)
        assert (await call(rig.worker.url)).status == 200
    assert statuses == {401, 429}
    after = await scrape(rig)
    assert after.total("penstock_requests_total", provider="", model="") == before + count
    records = rig.worker.ends()[ends:]
    failed = [end for end in records if end.http_status in {401, 429}]
    assert 0 < len(failed) < 30
    assert all(end.request == b"" for end in failed)
    assert after.total("penstock_unrecorded_auth_failures") >= count - 30


async def test_a_call_without_a_key_is_answered_before_its_body(rig: Rig) -> None:
    reader, writer = await connect(rig.worker.url)
    writer.write(request(b"x", key=None, length=50_000))
    assert (await asyncio.wait_for(reader.readline(), 30)).split()[1] in {b"401", b"429"}
    writer.close()
