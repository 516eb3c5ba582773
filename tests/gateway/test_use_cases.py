"""Use cases in a running worker: what a release makes of a request, on each surface."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from anthropic import AsyncAnthropic
from google import genai
from google.genai import types
from openai import APIStatusError, BadRequestError, NotFoundError

from gateway.conftest import Rig
from gateway.homes import (
    KEY,
    LIMITED_KEY,
    OTHER_KEY,
    OTHER_USE_CASE_KEY,
    PROJECT,
    make_home,
    provider,
)
from gateway.http_client import call
from gateway.raw_upstream import STREAM_HEAD, answers, chunk, raw_upstream, unary
from gateway.worker import worker
from penstock.rules.document import Document
from penstock.rules.guards.policies import Action, Check, GuardrailPolicy, Place
from penstock.rules.prompts.documents import PromptContent, PromptMessage, PromptVariable
from penstock.rules.releases.documents import Release
from penstock.rules.releases.served import ReleaseSection
from penstock.rules.rollouts.documents import Rollout, RolloutArm, StickyUnit
from penstock.rules.snapshot.rollouts import RELEASES, ROLLOUTS, RolloutsSection
from penstock.rules.snapshot.routes import RouteEntry, RouteTarget

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECRET = "ghp_" + "Ab3dEf6hIj9kLm2nOp5qRs8tUv1wXy4zAb7d"
ANSWER = unary(
    b'{"id":"c","object":"chat.completion","created":1,"model":"small","choices":[{"index":0,'
    b'"message":{"role":"assistant","content":"{}"},"finish_reason":"stop"}]}'
)
STREAM = (
    STREAM_HEAD
    + chunk(b'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"hi"}}]}\n\n')
    + chunk(b'data: {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n')
    + chunk(b"data: [DONE]\n\n")
    + b"0\r\n\r\n"
)
PROMPT = PromptContent(
    "chat",
    messages=(
        PromptMessage("system", "Sort tickets about {{ product }}."),
        PromptMessage(placeholder="messages"),
    ),
    variables={"product": PromptVariable()},
)
TOOL = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}
SCHEMA = {"type": "object", "properties": {"kind": {"type": "string"}}}
MAIN = Release(
    "up/small",
    PROMPT.digest(),
    parameters={"temperature": 0.25, "max_tokens": 99},
    tools=(TOOL,),
    response_schema=SCHEMA,
)
PLAIN = Release("both", parameters={"seed": 7})
GONE = Release("gone-route")
LARGE = Release("up/large")
CHAIN = Release(steps={"sort": MAIN.digest(), "plain": PLAIN.digest(), "away": "ab" * 32})
BROKEN = Release("up/small", parameters={"of_a_newer_version": 1})


def sections(rollouts: Sequence[Rollout]) -> dict[str, Document]:
    """The sections of these rollouts with the releases above."""
    releases = [(MAIN, PROMPT), *((each, None) for each in (PLAIN, GONE, LARGE, BROKEN, CHAIN))]
    found: dict[str, Document] = {
        RELEASES.name(PROJECT, each.digest()): ReleaseSection(PROJECT, each.digest(), each, prompt)
        for each, prompt in releases
    }
    return found | {ROLLOUTS.name(PROJECT): RolloutsSection(PROJECT, tuple(rollouts))}


def full(use_case: str, release: Release, environment: str = "production") -> Rollout:
    return Rollout(use_case, environment, 1, (RolloutArm(release.digest()),))


CANARY = Rollout(
    "canary",
    "production",
    1,
    (RolloutArm(MAIN.digest(), 1, "old"), RolloutArm(PLAIN.digest(), 0, "new")),
    sticky=StickyUnit.USER,
    baseline="old",
    overrides={"tester": "new"},
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    home: Path = tmp_path_factory.mktemp("use_cases") / "home"
    rollouts = [
        full("support", MAIN),
        full("support", PLAIN, "staging"),
        full("gone", GONE),
        full("large", LARGE),
        full("broken", BROKEN),
        full("chain", CHAIN),
        full("small", PLAIN),  # also the plain id of a model: the use case goes first
        CANARY,
    ]
    guard = GuardrailPolicy("g", "no secrets", (Check("secrets", (Place.INPUT,), Action.REDACT),))
    async with raw_upstream(answers(ANSWER)) as upstream:
        make_home(
            home,
            [provider(upstream.url)],
            routes=[RouteEntry("both", 3, (RouteTarget("up", "large"),))],
            guardrails=[guard],
            others=sections(rollouts),
        )
        async with worker(home) as running:
            yield Rig(upstream, running)


def sent(rig: Rig) -> dict[str, Any]:
    """The only request that the provider has got."""
    (seen,) = rig.upstream.seen
    rig.upstream.seen.clear()
    return json.loads(seen.body)


EXPECTED = [
    {"role": "system", "content": "Sort tickets about shoes."},
    {"role": "user", "content": "My laces broke."},
]


def check_whole(body: dict[str, Any]) -> None:
    """Checks the request that `MAIN` makes, as a provider with OpenAI's format gets it."""
    assert body["messages"] == EXPECTED
    assert body["model"] == "small"
    assert body["temperature"] == 0.25
    assert body["max_completion_tokens"] == 99
    assert body["tools"][0]["function"]["name"] == "look_up"
    assert body["response_format"]["json_schema"]["schema"] == SCHEMA
    assert "variables" not in body


async def create(rig: Rig, key: str = KEY, **fields: Any) -> Any:
    """Asks by OpenAI's client, and returns its raw answer."""
    async with rig.openai(key) as client:
        create_raw: Any = client.chat.completions.with_raw_response.create
        return await create_raw(messages=[EXPECTED[1]], **fields)


async def ask(
    rig: Rig, model: str = "support", key: str = KEY, headers: Mapping[str, str] | None = None
) -> Any:
    return await create(
        rig,
        key,
        model=model,
        temperature=1.0,
        extra_body={"variables": {"product": "shoes"}} if model in {"support", "canary"} else {},
        extra_headers=headers or {},
    )


async def test_openais_client(rig: Rig) -> None:
    rig.answer(answers(ANSWER))
    answer = await ask(rig)
    check_whole(sent(rig))
    end = await rig.end_of(answer.headers["x-penstock-trace-id"])
    caller = end.begin.caller
    assert (caller.use_case, caller.environment, caller.team) == ("support", "production", "search")
    assert caller.others == {
        "release": MAIN.digest(),
        "arm": "main",
        "arm_basis": "weight",
        "prompt_version": MAIN.prompt,
    }
    assert end.begin.snapshot
    assert json.loads(end.request)["messages"] == EXPECTED


async def test_openais_client_streams(rig: Rig) -> None:
    rig.answer(answers(STREAM))
    async with rig.openai() as client:
        stream = await client.chat.completions.create(
            model="support",
            messages=[{"role": "user", "content": "My laces broke."}],
            stream=True,
            extra_body={"variables": {"product": "shoes"}},
        )
        texts = [each.choices[0].delta.content async for each in stream if each.choices]
    assert "".join(text or "" for text in texts) == "hi"
    body = sent(rig)
    assert body["stream"] is True
    check_whole(body)


async def test_the_client_of_the_responses_api(rig: Rig) -> None:
    rig.answer(answers(ANSWER))
    variables = {"variables": {"product": "shoes"}}
    async with rig.openai() as client:
        await client.responses.create(
            model="support", input="My laces broke.", extra_body=variables
        )
    check_whole(sent(rig))


async def test_anthropics_client(rig: Rig) -> None:
    rig.answer(answers(ANSWER))
    client = AsyncAnthropic(base_url=rig.worker.url, api_key=KEY, max_retries=0)
    async with client:
        await client.messages.create(
            model="support",
            max_tokens=5000,
            messages=[{"role": "user", "content": "My laces broke."}],
            extra_body={"variables": {"product": "shoes"}},
        )
    check_whole(sent(rig))


async def test_googles_client(rig: Rig) -> None:
    """The model is in the path there; a check that redacts reads the head again."""
    rig.answer(answers(ANSWER))
    options = types.HttpOptions(
        base_url=rig.worker.url, extra_body={"variables": {"product": f"shoes {SECRET}"}}
    )
    async with genai.Client(api_key=KEY, http_options=options).aio as client:
        await client.models.generate_content(model="support", contents="My laces broke.")
    body = sent(rig)
    assert SECRET not in json.dumps(body)
    assert body["messages"][0]["content"].startswith("Sort tickets about shoes ")
    assert (body["model"], body["messages"][1]) == ("small", EXPECTED[1])


async def test_variables_in_a_header(rig: Rig) -> None:
    rig.answer(answers(ANSWER))
    variables = b'x-penstock-variables: {"product":"shoes"}\r\n'
    request = {"model": "support", "messages": [EXPECTED[1]]}
    body = json.dumps(request).encode()
    answer = await call(rig.worker.url, body, headers=variables)
    assert answer.status == 200
    check_whole(sent(rig))
    both = json.dumps(request | {"variables": {"product": "x"}}).encode()
    assert (await call(rig.worker.url, both, headers=variables)).status == 400
    assert rig.upstream.seen == []


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        (None, "variable_missing"),
        ({}, "variable_missing"),
        ({"product": 3}, "variable_invalid"),
        ({"product": "x", "produkt": "y"}, "variable_unknown"),
        ([1], "variable_invalid"),
        ("x", "variable_invalid"),
        ({"product": "x", "messages": ["x"]}, "release_variables"),
    ],
)
async def test_wrong_variables_are_refused_before_a_token_is_bought(
    rig: Rig, variables: object, code: str
) -> None:
    rig.answer(answers(ANSWER))
    with pytest.raises(BadRequestError) as caught:
        await create(rig, model="support", extra_body={"variables": variables})
    assert caught.value.code == code
    assert rig.upstream.seen == []
    end = await rig.end_of(caught.value.response.headers["x-penstock-trace-id"])
    assert end.begin.caller.others["release"] == MAIN.digest()
    assert end.request == b""  # no check of the project has judged it


async def test_a_missing_variable_has_the_shape_of_its_surface(rig: Rig) -> None:
    request = {"max_tokens": 5, "model": "support", "messages": [EXPECTED[1]]}
    answer = await call(rig.worker.url, json.dumps(request).encode(), path="/v1/messages")
    assert answer.status == 400
    error = json.loads(answer.body)
    assert (error["type"], error["error"]["type"]) == ("error", "invalid_request_error")
    assert "`product` is missing" in error["error"]["message"]


async def test_the_environment_chooses_the_release(rig: Rig) -> None:
    rig.answer(answers(ANSWER))
    answer = await create(
        rig,
        model="support",
        extra_headers={"x-penstock-environment": "staging"},
    )
    body = sent(rig)
    assert (body["model"], body["seed"], body["messages"]) == ("large", 7, [EXPECTED[1]])
    end = await rig.end_of(answer.headers["x-penstock-trace-id"])
    assert end.begin.caller.environment == "staging"
    assert end.begin.caller.others["release"] == PLAIN.digest()
    with pytest.raises(NotFoundError) as caught:
        await ask(rig, headers={"x-penstock-environment": "dev"})
    assert caught.value.code == "release_not_found"
    assert "production, staging" in str(caught.value)


async def test_the_use_case_goes_before_a_model_of_the_same_name(rig: Rig) -> None:
    rig.answer(answers(ANSWER))
    await ask(rig, "small")
    assert sent(rig)["model"] == "large"
    await ask(rig, "up/small")
    assert sent(rig)["model"] == "small"


@pytest.mark.parametrize(
    ("model", "key", "status", "code"),
    [
        ("support", OTHER_USE_CASE_KEY, 403, "use_case_not_allowed"),
        ("support", OTHER_KEY, 404, "model_not_found"),
        ("large", LIMITED_KEY, 403, "model_not_allowed"),
        ("gone", KEY, 404, "release_model_gone"),
        ("broken", KEY, 503, "release_unusable"),
    ],
)
async def test_what_cannot_be_served_is_said(
    rig: Rig, model: str, key: str, status: int, code: str
) -> None:
    rig.answer(answers(ANSWER))
    with pytest.raises(APIStatusError) as caught:
        await ask(rig, model, key)
    assert (caught.value.status_code, caught.value.code) == (status, code)
    assert rig.upstream.seen == []


async def test_a_key_for_the_model_may_call_its_use_case(rig: Rig) -> None:
    rig.answer(answers(ANSWER))
    await ask(rig, key=LIMITED_KEY)
    check_whole(sent(rig))


async def test_a_use_case_answers_chats_only(rig: Rig) -> None:
    async with rig.openai() as client:
        with pytest.raises(BadRequestError) as caught:
            await client.embeddings.create(model="support", input="x")
    assert caught.value.code == "use_case_is_chat"


async def test_arms_are_chosen_by_the_sticky_unit(rig: Rig) -> None:
    rig.answer(answers(ANSWER))
    bases: list[tuple[str, str]] = []
    for user in ("", "ann", "tester"):
        headers = {"x-penstock-user": user} if user else {}
        variables = {"variables": {"product": "shoes"}} if user != "tester" else {}
        answer = await create(
            rig,
            model="canary",
            extra_headers=headers,
            extra_body=variables,
        )
        end = await rig.end_of(answer.headers["x-penstock-trace-id"])
        others = end.begin.caller.others
        bases.append((others["arm"], others["arm_basis"]))
    assert bases == [("old", "no_unit"), ("old", "weight"), ("new", "override")]


async def test_nobody_sets_the_release_by_a_header(rig: Rig) -> None:
    rig.answer(answers(ANSWER))
    answer = await ask(rig, "up/small", headers={"x-penstock-release": "x", "x-penstock-arm": "y"})
    end = await rig.end_of(answer.headers["x-penstock-trace-id"])
    assert end.begin.caller.others == {}


async def test_the_list_of_models_has_the_use_cases_that_a_key_may_name(rig: Rig) -> None:
    async with rig.openai() as client, rig.openai(LIMITED_KEY) as other:
        found = {each.id async for each in client.models.list()}
        limited = {each.id async for each in other.models.list()}
    assert {"support", "canary", "both"} <= found
    assert "support" not in limited


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"support","\xff":1}',
        b'{"model":"support","messages":[],"variables":{"product":"\xff"}}',
        b'{"model":"support","messages":"x","variables":{"product":"x"}}',
        b'{"model":"support","variables":' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"model":"support","variables":{"product":' + b'{"a":' * 400 + b"1" + b"}" * 400 + b"}}",
        b'{"model":"support","messages":[],"variables":{"product":1e999}}',
        b'{"model":"support","messages":[],"variables":{"product":' + b"9" * 5000 + b"}}",
    ],
)
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/v1/responses"])
async def test_hostile_bodies_are_refused(rig: Rig, path: str, body: bytes) -> None:
    rig.answer(answers(ANSWER))
    answer = await call(rig.worker.url, body, path=path)
    assert answer.status == 400
    assert rig.upstream.seen == []


@pytest.mark.parametrize("value", [b"{", b"[]", b"\xff", b'{"product":"x"} x', b"1"])
async def test_hostile_headers_are_refused(rig: Rig, value: bytes) -> None:
    body = b'{"model":"support","messages":[]}'
    header = b"x-penstock-variables: " + value + b"\r\n"
    answer = await call(rig.worker.url, body, headers=header)
    assert (answer.status, answer.error["code"]) == (400, "variable_invalid")


async def of_chain(rig: Rig, *headers: str, variables: Mapping[str, str] | None = None) -> Any:
    body: dict[str, Any] = {"model": "chain", "messages": [{"role": "user", "content": "hi"}]}
    body |= {"variables": variables} if variables else {}
    lines = "".join(f"{each}\r\n" for each in headers).encode()
    return await call(rig.worker.url, json.dumps(body).encode(), headers=lines)


async def test_each_step_of_a_chain_is_answered_by_its_release_and_recorded_as_the_chain(
    rig: Rig,
) -> None:
    trace = f"traceparent: 00-{'ab' * 16}-{'cd' * 8}-01"
    rig.upstream.seen.clear()
    await of_chain(rig, "x-penstock-step: sort", trace, variables={"product": "shoes"})
    assert sent(rig)["messages"][0]["content"] == "Sort tickets about shoes."
    await of_chain(rig, "x-penstock-step: plain", trace)
    assert sent(rig)["seed"] == 7
    ends = [end for end in rig.worker.ends() if end.begin.trace_id == "ab" * 16]
    assert [end.begin.caller.others["step"] for end in ends] == ["sort", "plain"]
    assert {end.begin.caller.others["release"] for end in ends} == {CHAIN.digest()}
    assert [end.begin.caller.others["prompt_version"] for end in ends] == [PROMPT.digest(), ""]
    assert {end.begin.caller.use_case for end in ends} == {"chain"}


@pytest.mark.parametrize(
    ("headers", "status", "code", "named"),
    [
        ((), 400, "step_missing", "away, plain, sort"),
        (("x-penstock-step: fly",), 404, "step_not_found", "away, plain, sort"),
        (("x-penstock-step: away",), 503, "release_unusable", "not in the snapshot"),
    ],
)
async def test_a_call_of_a_chain_without_one_of_its_steps_is_refused(
    rig: Rig, headers: tuple[str, ...], status: int, code: str, named: str
) -> None:
    answer = await of_chain(rig, *headers)
    assert (answer.status, answer.error["code"]) == (status, code), answer.body
    assert named in answer.body.decode()
