"""Callers who want more than is theirs, against a real worker: the others notice nothing."""

import json

import pytest

from gateway.conftest import Rig
from gateway.homes import LIMITED_KEY
from gateway.http_client import call
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


async def scrape(rig: Rig) -> Scrape:
    """The worker's metrics as a scraper reads them."""
    answer = await call(rig.worker.url, b"", method="GET", path="/metrics", key=None)
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
    """It may call `up/small`; the provider `lax` may have a model of just that name."""
    rig.answer(answers(unary(b"{}")))
    refused = await call(rig.worker.url, b'{"model":"lax/up/small"}', key=LIMITED_KEY)
    assert (refused.status, refused.error["code"]) == (403, "model_not_allowed")
    assert rig.upstream.seen == []
    assert (await call(rig.worker.url, b'{"model":"up/small"}', key=LIMITED_KEY)).status == 200
