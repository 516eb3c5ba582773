"""Client tokens in a real worker: what they allow, from where, how long, and what browsers get."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gateway.homes import (
    EXPIRED_KEY,
    KEY,
    LIMITED_KEY,
    OTHER_KEY,
    make_home,
    provider,
)
from gateway.http_client import Answer, call
from gateway.raw_upstream import answers, raw_upstream
from gateway.test_limits import used
from gateway.worker import Worker, worker
from penstock.rules.limits.documents import LimitEntry, Measure
from penstock.rules.limits.windows import WindowUnit
from penstock.rules.snapshot.routes import RouteEntry, RouteTarget

PATH = "/v1/client_tokens"
PAGE = "https://app.example.com"
ASK = b'{"model":"up/small","max_tokens":100,"messages":[{"role":"user","content":"hello"}]}'
LARGE = ASK.replace(b"small", b"large")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Worker]:
    async with raw_upstream(answers(used(10, 20))) as upstream:
        home = make_home(
            tmp_path_factory.mktemp("tokens") / "home",
            [provider(upstream.url), provider(upstream.url, "free", models=())],
            routes=[RouteEntry("support", 1, (RouteTarget("up", "small"),))],
        )
        async with worker(home) as found:
            yield found


async def make(running: Worker, key: str = KEY, **fields: Any) -> Answer:
    wanted = {"use_case": "support", **fields}
    return await call(running.url, json.dumps(wanted).encode(), path=PATH, key=key)


async def token(running: Worker, key: str = KEY, **fields: Any) -> str:
    made = await make(running, key, **fields)
    assert made.status == 200, made.body
    return json.loads(made.body)["token"]


def origin(page: str) -> bytes:
    return f"origin: {page}\r\n".encode()


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_key_makes_a_token_and_records_name_both(running: Worker) -> None:
    made = await make(running, user="ada", expires_in_s=60)
    document = json.loads(made.body)
    assert made.headers["cache-control"] == "no-store"
    assert document["expires_in_s"] == 60
    headers = b"x-penstock-user: eve\r\nx-penstock-tags: a=b\r\nx-penstock-session: s1\r\n"
    answer = await call(running.url, ASK, key=document["token"], headers=headers)
    assert answer.status == 200
    end = await running.end_of(answer.trace_id)
    caller = end.begin.caller
    assert (caller.key_id, caller.get("client_token")) == ("key_all", document["id"])
    assert (caller.team, caller.user, caller.use_case) == ("search", "ada", "support")
    assert (caller.session, caller.tags) == ("s1", {})


async def test_a_header_does_not_name_a_token(running: Worker) -> None:
    headers = b"x-penstock-client-token: ctk_1\r\nx-penstock-team: t\r\n: \r\n"
    answer = await call(running.url, ASK, headers=headers.replace(b": \r\n", b""))
    end = await running.end_of(answer.trace_id)
    assert end.begin.caller.get("client_token") == ""


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"use_case": ""}, "use_case"),
        ({"use_case": "x" * 257}, "use_case"),
        ({"use_case": "a\nb"}, "use_case"),
        ({"user": "\x00"}, "user"),
        ({"expires_in_s": 9}, "expires_in_s"),
        ({"expires_in_s": 3601}, "expires_in_s"),
        ({"origins": ["*"]}, "origins"),
        ({"origins": ["https://app.example.com/"]}, "origins"),
        ({"origins": ["https://App.example.com"]}, "origins"),
        ({"origins": ["null"]}, "origins"),
        ({"origins": [f"https://a{n}.example" for n in range(9)]}, "origins"),
        ({"models": ["small"] * 17}, "models"),
        ({"limits": {"requests": 0}}, "limits"),
        ({"limits": {"tokens": -1}}, "limits"),
        ({"limits": {"usd": "NaN"}}, "limits"),
        ({"limits": {"usd": "0"}}, "limits"),
        ({"limits": {"usd": 1001}}, "limits"),
        ({"limits": {"usd": "0.0000000001"}}, "limits"),
        ({"unknown": 1}, None),
        ({"expires_in_s": 1.5}, None),
    ],
)
async def test_what_is_no_token_is_refused(
    running: Worker, fields: dict[str, Any], param: str | None
) -> None:
    made = await make(running, **fields)
    assert made.status == 400, made.body
    assert made.error.get("param") == param


async def test_a_body_above_its_limit_is_refused(running: Worker) -> None:
    made = await make(running, user="x" * 20_000)
    assert made.status == 413
    many = [f"up/{'m' * 240}{n}*" for n in range(16)]
    assert (await make(running, models=many)).error["code"] == "invalid_request"


async def test_a_token_allows_no_more_than_its_key(running: Worker) -> None:
    refused = await make(running, LIMITED_KEY, models=["up/large"])
    assert (refused.status, refused.error["code"]) == (403, "client_token_too_wide")
    wild = await token(running, LIMITED_KEY, models=["up/*"])
    assert (await call(running.url, ASK, key=wild)).status == 200
    assert (await call(running.url, LARGE, key=wild)).error["code"] == "model_not_allowed"
    listed = await call(running.url, b"", path="/v1/models", method="GET", key=wild)
    names = [each["id"] for each in json.loads(listed.body)["data"]]
    assert names == ["support", "up/small"] or names == ["support", "small"]
    assert (await make(running, EXPIRED_KEY)).status == 401
    assert (await make(running, models=["up/none"])).status == 200
    assert (await make(running, models=["nowhere"])).status == 404


async def test_a_token_may_call_fewer_models_than_its_key(running: Worker) -> None:
    narrow = await token(running, models=["up/small"])
    assert (await call(running.url, ASK, key=narrow)).status == 200
    assert (await call(running.url, LARGE, key=narrow)).error["code"] == "model_not_allowed"
    routed = ASK.replace(b"up/small", b"support")
    assert (await call(running.url, routed, key=narrow)).status == 200
    only_route = await token(running, models=["support"])
    assert (await call(running.url, routed, key=only_route)).status == 200
    assert (await call(running.url, ASK, key=only_route)).status == 403
    passed = "/passthrough/up/v1/files"
    refused = await call(running.url, b"", path=passed, method="GET", key=narrow)
    assert refused.status == 403
    assert (await call(running.url, ASK, key=narrow)).status == 200  # nothing is remembered


async def test_a_token_makes_no_tokens(running: Worker) -> None:
    made = await make(running, await token(running))
    assert (made.status, made.error["code"]) == (403, "forbidden")


async def test_its_limits_hold(running: Worker) -> None:
    few = await token(running, limits={"requests": 2, "usd": None})
    found = await asyncio.gather(*(call(running.url, ASK, key=few) for _ in range(6)))
    assert sorted(each.status for each in found) == [200, 200, 429, 429, 429, 429]
    refused = next(each for each in found if each.status == 429)
    assert "client token" in refused.error["message"]
    assert refused.headers["x-should-retry"] == "false"
    small = await token(running, limits={"tokens": 50})
    assert (await call(running.url, ASK, key=small)).error["code"] == "rate_limited"
    short = ASK.replace(b"100", b"15")
    assert (await call(running.url, short, key=small)).status == 200
    cheap = await token(running, limits={"usd": "0.0001"})
    assert (await call(running.url, ASK, key=cheap)).error["code"] == "budget_exceeded"
    another = await token(running, limits={"requests": 1})
    assert (await call(running.url, ASK, key=another)).status == 200


async def test_a_model_without_a_price_needs_a_token_without_usd(running: Worker) -> None:
    unpriced = ASK.replace(b"up/small", b"free/any")
    refused = await call(running.url, unpriced, key=await token(running))
    assert refused.error["code"] == "unpriced_model"
    assert "client tokens without" in refused.error["message"]
    free = await token(running, limits={"usd": None})
    assert (await call(running.url, unpriced, key=free)).status == 200


async def test_forged_and_altered_tokens_are_refused(running: Worker) -> None:
    good = await token(running, models=["up/small"])
    payload, mac = good.removeprefix("pct_").split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    wider = base64.urlsafe_b64encode(json.dumps(claims | {"models": []}).encode()).decode()
    for bad in (
        f"pct_{wider.rstrip('=')}.{mac}",
        f"pct_{payload}.{mac[:-1]}",
        f"pct_{payload}=.{mac}",
        f"pct_{payload}.{mac}=",
        f"pct_{payload[:-1]}.{mac}",
        f"pct_{payload}..{mac}",
        f"pct_{payload}",
        "pct_",
        "pct_." + mac,
        "pct_" + "A" * 5000 + "." + mac,
        f"PCT_{payload}.{mac}",
    ):
        refused = await call(running.url, ASK, key=bad)
        assert (refused.status, refused.error["code"]) in {
            (401, "invalid_api_key"),
            (429, "rate_limit_exceeded"),
        }, bad
    assert (await call(running.url, ASK, key=good)).status == 200


async def test_a_token_of_another_installation_is_refused(running: Worker, tmp_path: Path) -> None:
    foreign = await token(running)
    async with raw_upstream(answers(used(1, 1))) as upstream:
        home = make_home(tmp_path / "home", [provider(upstream.url)])
        async with worker(home) as other:
            refused = await call(other.url, ASK, key=foreign)
            assert (refused.status, refused.error["code"]) == (401, "invalid_api_key")


async def test_a_token_is_of_the_project_of_its_key(running: Worker) -> None:
    theirs = await token(running, OTHER_KEY, limits={"usd": None})
    answer = await call(running.url, ASK, key=theirs)
    end = await running.end_of(answer.trace_id)
    assert end.begin.project_id == "prj_other"


async def test_a_page_of_a_listed_origin_may_call_and_read(running: Worker) -> None:
    page = await token(running, origins=[PAGE, "http://localhost:5173"])
    for one in (PAGE, "http://localhost:5173"):
        answer = await call(running.url, ASK, key=page, headers=origin(one))
        assert answer.status == 200
        assert answer.headers["access-control-allow-origin"] == one
        assert answer.headers["vary"] == "origin"
        assert "access-control-allow-credentials" not in answer.headers
    readable = await call(running.url, LARGE + b"}", key=page, headers=origin(PAGE))
    assert (readable.status, readable.headers["access-control-allow-origin"]) == (400, PAGE)


@pytest.mark.parametrize(
    "page",
    [
        "https://evil.example",
        "https://app.example.com.evil.example",
        "https://app.example.com:444",
        "http://app.example.com",
        "HTTPS://APP.EXAMPLE.COM",
        "null",
        "",
    ],
)
async def test_another_page_may_not(running: Worker, page: str) -> None:
    listed = await token(running, origins=[PAGE])
    refused = await call(running.url, ASK, key=listed, headers=origin(page))
    assert (refused.status, refused.error["code"]) == (403, "origin_not_allowed")
    assert "access-control-allow-origin" not in refused.headers


async def test_a_token_without_origins_is_for_no_page_and_one_with_them_for_nothing_else(
    running: Worker,
) -> None:
    mobile, page = await token(running), await token(running, origins=[PAGE])
    refused = await call(running.url, ASK, key=mobile, headers=origin(PAGE))
    assert (refused.status, refused.error["code"]) == (403, "origin_not_allowed")
    assert (await call(running.url, ASK, key=mobile)).status == 200
    assert (await call(running.url, ASK, key=page)).error["code"] == "origin_not_allowed"


async def test_a_page_may_not_use_a_key(running: Worker) -> None:
    for page in (PAGE, "null", "http://127.0.0.1:3000"):
        refused = await call(running.url, ASK, headers=origin(page))
        assert (refused.status, refused.error["code"]) == (403, "key_in_web_page")
        assert "access-control-allow-origin" not in refused.headers
    assert (await call(running.url, ASK, headers=origin("app://desktop"))).status == 200
    made = await call(running.url, b"{}", path=PATH, headers=origin(PAGE))
    assert made.status == 403


def preflight(page: str, method: str, names: str = "authorization,content-type") -> bytes:
    return (
        f"origin: {page}\r\naccess-control-request-method: {method}\r\n"
        f"access-control-request-headers: {names}\r\n"
    ).encode()


async def test_a_preflight_is_answered_without_a_token(running: Worker) -> None:
    for path, method in (("/v1/chat/completions", "POST"), ("/v1/models", "GET")):
        answer = await call(
            running.url,
            b"",
            path=path,
            method="OPTIONS",
            key=None,
            headers=preflight(PAGE, method, "authorization, x-stainless-os"),
        )
        assert answer.status == 204
        assert answer.headers["access-control-allow-origin"] == PAGE
        assert answer.headers["access-control-allow-methods"] == method
        assert answer.headers["access-control-allow-headers"] == "authorization, x-stainless-os"


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (PATH, preflight(PAGE, "POST")),
        ("/passthrough/up/v1/files", preflight(PAGE, "POST")),
        ("/internal/v1/dry-run", preflight(PAGE, "POST")),
        ("/metrics", preflight(PAGE, "GET")),
        ("/v1/unknown", preflight(PAGE, "POST")),
        ("/v1/chat/completions", preflight(PAGE, "DELETE")),
        ("/v1/chat/completions", preflight("null", "POST")),
        ("/v1/chat/completions", preflight("https://a b", "POST")),
        ("/v1/chat/completions", preflight("https://" + "a" * 300, "POST")),
        ("/v1/chat/completions", preflight(PAGE, "POST", "a;b")),
        ("/v1/chat/completions", preflight(PAGE, "POST", "a," * 2000 + "a")),
        ("/v1/chat/completions", origin(PAGE)),
    ],
)
async def test_other_preflights_allow_nothing(running: Worker, path: str, headers: bytes) -> None:
    answer = await call(running.url, b"", path=path, method="OPTIONS", key=None, headers=headers)
    assert answer.status != 204
    assert not any(name.startswith("access-control-") for name in answer.headers)


async def test_spend_counts_on_the_key_and_limits_hold_over_workers(tmp_path: Path) -> None:
    budget = LimitEntry(
        "lim_key", "of key", Measure.REQUESTS, Decimal(5), WindowUnit.MONTH, per=("key",)
    )
    async with raw_upstream(answers(used(10, 20))) as upstream:
        home = make_home(tmp_path / "home", [provider(upstream.url)], limits=[budget])
        async with worker(home) as one, worker(home) as two:
            shared = await token(one, limits={"requests": 3})
            found = await asyncio.gather(
                *(call(each.url, ASK, key=shared) for each in (one, two) * 4)
            )
            assert sorted(each.status for each in found) == [200] * 3 + [429] * 5
            rest = [await call(one.url, ASK) for _ in range(3)]
            assert [each.status for each in rest] == [200, 200, 429]
