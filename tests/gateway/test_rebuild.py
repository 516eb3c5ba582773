"""The request that an attempt sent is built again, byte by byte, from the record of its call."""

import base64
import json
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from gateway.homes import KEY, PROJECT, SECRET, make_home, provider
from gateway.http_client import Answer, call
from gateway.mixed_day import (
    ARMS,
    CARD,
    GUARD,
    MODELS,
    PROMPT,
    RELEASES,
    ROUTES,
    SECRETS,
    Asked,
    chats,
    of_use_cases,
    others,
    providers,
    routed,
)
from gateway.raw_upstream import answers, raw_upstream, unary
from gateway.worker import Worker, worker
from penstock.infra.crypto import derive_key
from penstock.rules.call import AttemptRecord, CallEnd
from penstock.rules.call_tokens import CALL_PURPOSE, CallToken, sign
from penstock.rules.document import Document
from penstock.rules.releases.served import ReleaseSection
from penstock.rules.replay import (
    ANSWER_COST,
    ANSWER_SPAN,
    REBUILD_PATH,
    SENT_AS,
    SENT_CALL_PATH,
    SENT_RELEASE,
    SENT_TO,
)
from penstock.rules.rollouts.documents import Rollout, RolloutArm, StickyUnit
from penstock.rules.sent_request import CODEC
from penstock.rules.snapshot.access import ProjectPolicy
from penstock.rules.snapshot.rollouts import RELEASES as SERVED
from penstock.rules.snapshot.rollouts import ROLLOUTS, RolloutsSection
from sim.conftest import Sim
from tests.conftest import LawSettings

pytestmark = pytest.mark.asyncio(loop_scope="module")
WHOLE = unary(b'{"id":"c","model":"m","choices":[],"usage":{}}')


@pytest.fixture(scope="module")
def simulated() -> Iterator[Sim]:
    running = Sim({"latency_ms": 15})
    yield running
    assert running.stop() == 0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def busy(simulated: Sim, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Worker]:
    home = tmp_path_factory.mktemp("rebuild") / "home"
    make_home(
        home,
        providers(simulated.address),
        routes=ROUTES,
        secrets_by_id=SECRETS,
        guardrails=[GUARD],
        others=released(),
    )
    async with worker(home) as running:
        yield running


def released() -> dict[str, Document]:
    """The sections of the use cases of the day."""
    found: dict[str, Document] = {
        SERVED.name(PROJECT, each.digest()): ReleaseSection(PROJECT, each.digest(), each, PROMPT)
        for each in RELEASES.values()
    }
    rollouts = [
        Rollout(name, "production", 1, (RolloutArm(each.digest()),))
        for name, each in RELEASES.items()
    ]
    first, second, *_ = RELEASES.values()
    arms = (RolloutArm(first.digest(), 1, "old"), RolloutArm(second.digest(), 1, "new"))
    rollouts.append(Rollout(ARMS, "production", 1, arms, sticky=StickyUnit.REQUEST, baseline="old"))
    return found | {ROLLOUTS.name(PROJECT): RolloutsSection(PROJECT, tuple(rollouts))}


def token(running: Worker) -> str:
    return (running.home / "gateway.token").read_bytes().strip().decode()


async def rebuilt(
    running: Worker, end: CallEnd, attempt: AttemptRecord, **changes: object
) -> Answer:
    fields: dict[str, object] = {
        "project_id": end.begin.project_id,
        "operation": end.begin.operation,
        "dialect": end.begin.dialect,
        "request_model": end.begin.request_model,
        "stream": end.begin.stream,
        "provider": attempt.provider,
        "model": attempt.model,
        "credential": attempt.credential,
        "body": base64.b64encode(end.request).decode(),
        "headers": attempt.request_headers,
    }
    body = json.dumps(fields | changes).encode()
    return await call(running.url, body, path=REBUILD_PATH, key=token(running))


async def ask(running: Worker, asked: Asked) -> Answer:
    return await call(
        running.url,
        asked.body,
        path=asked.path,
        method=asked.method,
        headers=asked.headers.encode(),
    )


async def test_every_attempt_of_a_mixed_day_is_built_again_with_the_same_digest(
    busy: Worker, law: LawSettings
) -> None:
    drawn: list[Asked] = []

    @law(150)
    @given(st.one_of(chats(), chats(), others()))
    def draw(asked: Asked) -> None:
        drawn.append(asked)

    draw()
    for asked in (*drawn, *of_use_cases(), *routed()):
        for _ in range(1 + asked.repeated):
            await ask(busy, asked)
    ends = busy.ends()
    attempts = {one.span_id: (end, one) for end in ends for one in end.attempts}
    for end, one in attempts.values():
        answer = await rebuilt(busy, end, one)
        assert answer.status == 200, (answer.body, end.request, one)
        found = json.loads(answer.body)
        assert found["digest"] == one.request_digest.hex(), (found, end.request, one)
        assert (found["codec"], tuple(found.get("changes", ()))) == (one.codec, one.changes)
    cached = [end for end in ends if end.from_cache]
    assert all(end.cached_from in attempts for end in cached)
    passed = [one for end, one in attempts.values() if one.dialect == end.begin.dialect]
    assert cached
    assert len(passed) > 10
    assert len(attempts) - len(passed) > 10
    served = [one for one in ends if one.begin.caller.use_case and one.attempts]
    assert {one.begin.caller.use_case for one in served} == {*RELEASES, ARMS}
    arms = {one.begin.caller.others["arm"] for one in served}
    assert arms >= {"main", "old", "new"}
    redacted = [one for one in ends if one.attempts and one.check_results]
    assert redacted
    assert not any(CARD.encode() in one.request for one in ends if one.attempts)
    tried_again = {one.begin.request_model for one in ends if len(one.attempts) > 1}
    assert tried_again >= {"fails-over", "hedged"}


async def test_what_is_built_again_is_what_went_over_the_wire(tmp_path: Path) -> None:
    async with raw_upstream(answers(WHOLE)) as upstream:
        home = make_home(tmp_path / "home", [provider(upstream.url)])
        async with worker(home) as running:
            body = b'{"model": "small", "stream":false,"messages":[]}'
            await call(running.url, body)
            (end,) = await running.wait_for_ends(1)
            found = json.loads((await rebuilt(running, end, end.attempts[0])).body)
    (seen,) = upstream.seen
    assert base64.b64decode(found["body"]) == seen.body
    path = seen.head.split()[1].decode()
    assert found["url"] == upstream.url.removesuffix("/v1") + path
    assert found["codec"] == CODEC
    assert SECRET not in json.dumps(found)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"provider": "gone"}, 404, "provider_not_found"),
        ({"dialect": "telegraph"}, 404, "surface_not_found"),
        ({"provider": "claude", "body": base64.b64encode(b"[").decode()}, 400, ""),
        ({"body": "?"}, 400, "invalid_request"),
        ({"provider": 1}, 400, "invalid_request"),
        ({"operation": "pass_through", "dialect": "pass_through", "send_model": "m"}, 400, ""),
    ],
)
async def test_what_cannot_be_built_is_refused(
    busy: Worker, change: dict[str, object], status: int, code: str
) -> None:
    await ask(busy, Asked("/v1/chat/completions", b'{"model":"oai/sim-small","messages":[]}'))
    end = next(one for one in busy.ends() if one.attempts and one.begin.dialect == "openai")
    answer = await rebuilt(busy, end, end.attempts[0], **change)
    assert answer.status == status, answer.body
    assert answer.error["code"] == code or not code


async def test_without_the_gateway_token_nothing_is_built(busy: Worker) -> None:
    for path in (REBUILD_PATH, SENT_CALL_PATH):
        assert (await call(busy.url, b"{}", path=path, key=KEY)).status == 401


async def test_calls_of_a_project_without_content_have_no_digest(tmp_path: Path) -> None:
    async with raw_upstream(answers(WHOLE)) as upstream:
        policy = ProjectPolicy(capture_content=False)
        home = make_home(tmp_path / "home", [provider(upstream.url)], policy=policy)
        async with worker(home) as running:
            await call(running.url, b'{"model":"small","messages":[]}')
            (end,) = await running.wait_for_ends(1)
    assert (end.request, end.attempts[0].request_digest) == (b"", b"")


async def send_as(running: Worker, body: bytes, key_id: str, path: str, **headers: str) -> Answer:
    lines = {SENT_AS.decode(): f"{PROJECT}/{key_id}", SENT_TO.decode(): path, **headers}
    text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return await call(
        running.url, body, path=SENT_CALL_PATH, key=token(running), headers=text.encode()
    )


@pytest.mark.parametrize("model", MODELS[:6])
async def test_a_request_is_sent_again_as_a_key_and_is_the_same(busy: Worker, model: str) -> None:
    """The new call has a record of this key, with the digest of the first one."""
    for path, body in _requests(model).items():
        first = await ask(busy, Asked(path, json.dumps(body).encode()))
        assert first.status == 200, first.body
        end = next(one for one in busy.ends() if one.begin.trace_id == first.trace_id)
        last = end.attempts[-1]
        send_model = f"{last.provider}/{last.model}"
        found = json.loads((await rebuilt(busy, end, last, send_model=send_model)).body)
        again = found["again"]
        answer = await send_as(busy, base64.b64decode(again["body"]), "key_all", again["path"])
        assert answer.status == 200, answer.body
        new = next(one for one in busy.ends() if one.begin.trace_id == answer.trace_id)
        assert new.begin.caller.key_id == "key_all"
        assert new.attempts[-1].request_digest == last.request_digest


def _requests(model: str) -> dict[str, Any]:
    messages = [{"role": "user", "content": "hello ä"}]
    parts = [{"role": "user", "parts": [{"text": "hello"}]}]
    return {
        "/v1/chat/completions": {"model": model, "messages": messages},
        "/v1/messages": {"model": model, "messages": messages, "max_tokens": 30, "stream": True},
        "/v1/responses": {"model": model, "input": "hello"},
        f"/v1beta/models/{model}:generateContent": {"contents": parts},
        f"/v1beta/models/{model}:streamGenerateContent?alt=sse": {"contents": parts},
    }


async def test_a_call_as_a_key_has_the_permissions_of_this_key(busy: Worker) -> None:
    body = b'{"model":"oai/sim-small","messages":[]}'
    path = "/v1/chat/completions"
    limited = await send_as(busy, body, "key_small", path)
    assert (limited.status, limited.error["code"]) == (403, "model_not_allowed")
    old = await send_as(busy, body, "key_old", path)
    assert (old.status, old.error["code"]) == (401, "api_key_expired")
    unknown = await send_as(busy, body, "key_other", path)
    assert unknown.status == 401
    for wrong in ("/v1/models", "/healthz", "/internal/v1/call", "", "/v1/chat/completions\xff"):
        assert (await send_as(busy, body, "key_all", wrong)).status == 404


async def test_a_sent_call_names_its_release_and_tells_its_span_and_cost(busy: Worker) -> None:
    """An answer that comes again because of its idempotency key tells what it has cost."""
    body = json.dumps({"model": MODELS[0], "messages": [{"role": "user", "content": "hi"}]})
    headers = {SENT_RELEASE.decode(): "f" * 64, "idempotency-key": "sent-1"}
    path = "/v1/chat/completions"
    answers = [await send_as(busy, body.encode(), "key_all", path, **headers) for _ in range(2)]
    for answer in answers:
        end = next(one for one in busy.ends() if one.begin.trace_id == answer.trace_id)
        assert end.begin.caller.others["release"] == "f" * 64
        assert answer.headers[ANSWER_SPAN.decode()] == end.begin.span_id
    first = next(one for one in busy.ends() if one.begin.trace_id == answers[0].trace_id)
    costs = [answer.headers.get(ANSWER_COST.decode(), "") for answer in answers]
    assert costs == [first.cost, first.cost]
    caller = await ask(busy, Asked(path, body.encode()))
    assert ANSWER_COST.decode() not in caller.headers


async def test_a_call_token_makes_calls_as_its_key_until_it_expires(busy: Worker) -> None:
    secret = derive_key(bytes.fromhex(token(busy)), CALL_PURPOSE)
    body, now_s = b'{"model":"oai/sim-small","messages":[]}', time.time()

    async def call_with(key_id: str, expires_s: float, secret: bytes = secret) -> Answer:
        signed = sign(CallToken(PROJECT, key_id, expires_s), secret)
        asks_for = {
            SENT_AS.decode(): f"{PROJECT}/key_all",
            SENT_TO.decode(): "/v1/chat/completions",
        }
        text = "".join(f"{name}: {value}\r\n" for name, value in asks_for.items())
        path = SENT_CALL_PATH
        return await call(busy.url, body, path=path, key=signed, headers=text.encode())

    assert (await call_with("key_all", now_s + 60)).status in {200, 400}
    limited = await call_with("key_small", now_s + 60)
    assert (limited.status, limited.error["code"]) == (403, "model_not_allowed")
    for refused in (
        await call_with("key_all", now_s - 1),
        await call_with("key_all", now_s + 60, b"x" * 32),
    ):
        assert (refused.status, refused.error["code"]) == (401, "call_token_invalid")
    rebuild = sign(CallToken(PROJECT, "key_all", now_s + 60), secret)
    assert (await call(busy.url, b"{}", path=REBUILD_PATH, key=rebuild)).status == 401
