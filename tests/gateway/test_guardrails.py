"""Guardrails in a running worker: slow remote checks, failures, further answers, cache, records."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gateway.homes import make_home, provider
from gateway.http_client import Answer, call
from gateway.raw_upstream import (
    STREAM_HEAD,
    Exchanged,
    RawUpstream,
    Script,
    answers,
    chunk,
    raw_upstream,
    unary,
)
from gateway.remote_detector import Judge, install, judge
from gateway.worker import Worker, worker
from penstock.rules.call import CallEnd, CallStatus, UsageSource
from penstock.rules.guards.policies import Action, Check, GuardrailPolicy, OnFailure, Place
from penstock.rules.snapshot.routes import RouteEntry, RouteTarget
from tests.rules.guard_streams import FORMATS
from tests.rules.guard_texts import CARDS, TOKENS, split

pytestmark = pytest.mark.asyncio(loop_scope="function")

CARD, SECRET = CARDS[0], TOKENS[0]
USAGE = {"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500}


@dataclass
class Guarded:
    """A worker under policies, its provider, and the server of the remote detector."""

    upstream: RawUpstream
    worker: Worker
    judge: Judge

    async def ask(
        self, text: str = "hi", *, headers: str = "", **more: Any
    ) -> tuple[Answer, CallEnd]:
        messages = [{"role": "user", "content": text}]
        body = json.dumps({"model": "up/small", "messages": messages, **more}).encode()
        answer = await call(self.worker.url, body, headers=headers.encode())
        return answer, await self.end_of(answer)

    async def end_of(self, answer: Answer) -> CallEnd:
        return await self.worker.end_of(answer.trace_id)


Checks = Callable[[str], Sequence[Check]]


def local(
    detector: str = "card_numbers",
    action: Action = Action.REDACT,
    *places: Place,
    on_failure: OnFailure = OnFailure.CLOSED,
    ask_again: int = 0,
) -> Check:
    places = places or tuple(Place)
    return Check(detector, places, action, on_failure, ask_again=ask_again)


def remote(url: str, *places: Place, **changes: Any) -> Check:
    fields: dict[str, Any] = {"action": Action.REDACT, "timeout_ms": 10_000, **changes}
    return Check("slow_rewriter", places or tuple(Place), options={"url": url}, **fields)


@asynccontextmanager
async def guarded(
    tmp_path: Path, script: Script, checks: Checks, *, routes: Sequence[RouteEntry] = ()
) -> AsyncIterator[Guarded]:
    program = install(tmp_path / "plugin")
    async with raw_upstream(script) as upstream, judge() as server:
        policy = GuardrailPolicy("gdr_1", "house", tuple(checks(server.url)), version=3)
        providers = [provider(upstream.url, quirks={"passthrough": "yes"})]
        home = make_home(tmp_path / "home", providers, guardrails=[policy], routes=routes)
        async with worker(home, program=program) as running:
            yield Guarded(upstream, running, server)


def whole(text: str, reason: str = "stop") -> bytes:
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "finish_reason": reason, "message": message}
    document = {"id": "c1", "object": "chat.completion", "model": "m", "created": 1}
    return unary(json.dumps({**document, "choices": [choice], "usage": USAGE}).encode())


def streamed(text: str) -> Script:
    events = FORMATS["chat"].write(split(text, [3]), [])
    events.insert(-1, b'data: {"choices": [], "usage": %b}\n\n' % json.dumps(USAGE).encode())
    return answers(STREAM_HEAD, *map(chunk, events), b"0\r\n\r\n", close=True)


def said_in(answer: Answer, *, stream: bool) -> str:
    if stream:
        return FORMATS["chat"].read(answer.body)[0]
    return json.loads(answer.body)["choices"][0]["message"]["content"]


def in_turn(*scripts: Script) -> Script:
    waiting = list(scripts)

    async def script(request: Exchanged, writer: asyncio.StreamWriter) -> None:
        await waiting.pop(0)(request, writer)

    return script


@pytest.mark.parametrize("stream", [False, True])
async def test_a_slow_remote_check_rewrites_requests_and_answers(
    tmp_path: Path, stream: bool
) -> None:
    said = f"a rude answer to {CARD}"
    script = streamed(said) if stream else answers(whole(said))
    async with guarded(tmp_path, script, lambda url: (local(), remote(url))) as running:
        answer, end = await running.ask(f"a rude question with {CARD}", stream=stream)
        assert answer.status == 200
        (seen,) = running.upstream.seen
        assert b"a polite question with [card number]" in seen.body
        text = said_in(answer, stream=stream)
        assert text == "a polite answer to [card number]"
        assert text.encode() in end.response
        assert not any(CARD in each for each in running.judge.texts)  # it sees what was redacted
        assert {(each.detector, each.place, each.count) for each in end.check_results} >= {
            ("slow_rewriter", "input", 1),
            ("slow_rewriter", "output", 1),
            ("card_numbers", "output", 1),
        }
        assert all(each.duration_ns for each in end.check_results)


async def test_remote_checks_run_at_once(tmp_path: Path) -> None:
    checks: Checks = lambda url: (  # noqa: E731 - a table
        remote(url, Place.INPUT),
        remote(url, Place.INPUT, action=Action.FLAG),
        remote(url, Place.TOOL_RESULTS),
    )
    async with guarded(tmp_path, answers(whole("ok")), checks) as running:
        result = {"role": "tool", "tool_call_id": "c", "content": "rude"}
        await running.ask(messages=[{"role": "user", "content": "rude"}, result])
        assert running.judge.open_at_once == 3
        assert running.upstream.seen[0].body.count(b"polite") == 2


@pytest.mark.parametrize("on_failure", list(OnFailure))
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("sleep", "it took too long"),
        ("nonsense", "its findings are not valid"),
        ("gone", "it failed with ConnectionRefusedError"),
    ],
)
async def test_a_check_that_fails_is_closed_or_open_as_its_policy_says(
    tmp_path: Path, text: str, reason: str, on_failure: OnFailure
) -> None:
    def checks(url: str) -> Sequence[Check]:
        at = "http://127.0.0.1:1" if text == "gone" else url
        return (remote(at, Place.INPUT, on_failure=on_failure, timeout_ms=500), local())

    async with guarded(tmp_path, answers(whole("ok")), checks) as running:
        answer, end = await running.ask(f"{text} {CARD}")
        failed = [each for each in end.check_results if each.failure]
        assert [(each.detector, each.failure) for each in failed] == [("slow_rewriter", reason)]
        if on_failure is OnFailure.OPEN:
            assert answer.status == 200
            assert "failed=slow_rewriter:1" in answer.headers["x-penstock-guardrails"]
            assert b"[card number]" in running.upstream.seen[0].body
        else:
            assert (answer.status, answer.error["code"]) == (503, "guardrail_failed")
            assert running.upstream.seen == []
            assert end.request == b""  # nobody knows what is in it


@pytest.mark.parametrize("stream", [False, True])
async def test_a_blocked_answer_is_asked_for_again_at_most_as_often_as_the_check_says(
    tmp_path: Path, stream: bool
) -> None:
    def says(text: str) -> Script:
        return streamed(text) if stream else answers(whole(text))

    script = in_turn(*[says(CARD)] * 2, says("fine"), *[says(CARD)] * 3)
    checks: Checks = lambda _: (local("card_numbers", Action.BLOCK, Place.OUTPUT, ask_again=2),)  # noqa: E731 - a table
    async with guarded(tmp_path, script, checks) as running:
        answer, end = await running.ask(stream=stream)
        assert (answer.status, answer.whole) == (200, True)
        assert said_in(answer, stream=stream) == "fine"
        assert CARD.encode() not in answer.body + end.response
        statuses = [each.status for each in end.attempts]
        assert statuses == [CallStatus.ERROR, CallStatus.ERROR, CallStatus.OK]
        assert {each.usage.source for each in end.attempts} == {UsageSource.PROVIDER}
        assert Decimal(end.cost) == 3 * Decimal(end.attempts[0].cost)  # all are paid for
        answer, end = await running.ask(stream=stream)
        assert (answer.status, answer.error["code"]) == (400, "guardrail_blocked")
        assert len(end.attempts) == 3
        assert len(running.upstream.seen) == 6


async def test_a_cached_answer_was_judged_and_another_policy_does_not_find_it(
    tmp_path: Path,
) -> None:
    for number, checks in enumerate(((local(),), (local("secrets"),))):
        home = tmp_path / "home"
        async with raw_upstream(answers(whole(f"my {CARD}"))) as upstream:
            policy = GuardrailPolicy("gdr_1", "house", checks)
            make_home(home, [provider(upstream.url)], guardrails=[policy])
            async with worker(home) as at, judge() as server:
                running = Guarded(upstream, at, server)
                cached = "x-penstock-cache: 3600\r\n"
                first, _ = await running.ask(headers=cached)
                second, hit = await running.ask(headers=cached)
                found = (first.headers["x-penstock-cache"], second.headers["x-penstock-cache"])
                assert found == ("miss", "hit")
                assert second.body == first.body
                assert (CARD.encode() in hit.response) is bool(number)


async def test_a_blocked_answer_is_not_cached(tmp_path: Path) -> None:
    script = in_turn(answers(whole(CARD)), answers(whole("fine")))
    checks: Checks = lambda _: (local("card_numbers", Action.BLOCK, Place.OUTPUT),)  # noqa: E731 - a table
    async with guarded(tmp_path, script, checks) as running:
        key = "idempotency-key: k1\r\n"
        first, _ = await running.ask(headers=key)
        second, _ = await running.ask(headers=key)
        assert (first.status, second.status) == (400, 200)


async def test_the_error_of_a_provider_is_judged_too(tmp_path: Path) -> None:
    error = {"error": {"message": f"do not send {CARD}", "type": "invalid_request_error"}}
    rejected = unary(json.dumps(error).encode(), status="400 Bad Request")
    async with guarded(tmp_path, answers(rejected), lambda _: (local(),)) as running:
        answer, end = await running.ask()
        assert (answer.status, answer.error["message"]) == (400, "do not send [card number]")
        assert end.error_message == "do not send [card number]"


async def test_policies_of_all_targets_of_a_route_hold(tmp_path: Path) -> None:
    routes = [RouteEntry("both", 1, (RouteTarget("up", "small"), RouteTarget("up", "large")))]
    script = answers(whole("ok"))
    async with raw_upstream(script) as upstream, judge() as server:
        policy = GuardrailPolicy("g", "large", (local(),), only={"model": ("up/large",)})
        home = make_home(
            tmp_path / "home", [provider(upstream.url)], guardrails=[policy], routes=routes
        )
        async with worker(home) as at:
            running = Guarded(upstream, at, server)
            await running.ask(CARD, model="both")
            await running.ask(CARD, model="up/small")
            sent = [CARD.encode() in each.body for each in upstream.seen]
            assert sent == [False, True]


@pytest.mark.parametrize("on_failure", list(OnFailure))
async def test_a_passed_body_that_is_no_json_is_refused_or_passes_as_the_policy_says(
    tmp_path: Path, on_failure: OnFailure
) -> None:
    audio = b"HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\ncontent-length: 3\r\n\r\nabc"
    checks: Checks = lambda _: (local(on_failure=on_failure),)  # noqa: E731 - a table
    async with guarded(tmp_path, answers(audio), checks) as running:
        for body, method in ((b"\x00\x01", "POST"), (b"", "GET")):
            answer = await call(
                running.worker.url, body, path="/passthrough/up/files", method=method
            )
            assert answer.status == (503 if on_failure is OnFailure.CLOSED else 200)
        assert len(running.upstream.seen) == (1 if on_failure is OnFailure.CLOSED else 2)


@pytest.mark.parametrize("query", [CARD, "%34111111111111111", "4111+1111+1111+1111"])
async def test_the_address_of_a_passed_call_is_searched(tmp_path: Path, query: str) -> None:
    async with guarded(tmp_path, answers(unary(b"{}")), lambda _: (local(),)) as running:
        path = f"/passthrough/up/files?name={query}"
        answer = await call(running.worker.url, b"", path=path, method="GET")
        assert (answer.status, running.upstream.seen) == (400, [])


@pytest.mark.parametrize("action", [Action.REDACT, Action.BLOCK])
async def test_the_name_of_a_model_hides_nothing(tmp_path: Path, action: Action) -> None:
    checks: Checks = lambda _: (local("card_numbers", action),)  # noqa: E731 - a table
    async with guarded(tmp_path, answers(whole("ok")), checks) as running:
        answer, end = await running.ask("hi", model=f"up/{CARD}")
        assert (answer.status, answer.error["code"]) == (400, "guardrail_blocked")
        assert running.upstream.seen == []
        assert CARD not in repr(end)
        files = [each for each in running.worker.home.rglob("*") if each.is_file()]
        assert all(CARD.encode() not in each.read_bytes() for each in files)


async def test_a_detector_that_is_not_installed_fails_its_check(tmp_path: Path) -> None:
    checks: Checks = lambda _: (local("names", Action.FLAG, Place.INPUT),)  # noqa: E731 - a table
    async with guarded(tmp_path, answers(whole("ok")), checks) as running:
        answer, _ = await running.ask()
        assert (answer.status, answer.error["code"]) == (503, "guardrail_failed")


async def test_an_answer_that_is_too_large_to_be_judged_is_refused(tmp_path: Path) -> None:
    async def endless(_: Exchanged, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n")
        for _ in range(34):
            writer.write(b" " * 2**20)
            await writer.drain()
        writer.close()

    async with guarded(tmp_path, endless, lambda _: (local(),)) as running:
        answer, _ = await running.ask()
        assert (answer.status, answer.error["code"]) == (502, "upstream_malformed")


@pytest.mark.parametrize("depth", [100, 5000])
async def test_deep_requests_are_judged_or_refused(tmp_path: Path, depth: int) -> None:
    async with guarded(tmp_path, answers(whole("ok")), lambda _: (local(),)) as running:
        nested = "[" * depth + f'"{CARD}"' + "]" * depth
        body = f'{{"model":"up/small","messages":[],"x":{nested}}}'.encode()
        answer = await call(running.worker.url, body)
        assert answer.status in (200, 400, 503)
        assert all(CARD.encode() not in each.body for each in running.upstream.seen)


async def test_what_is_redacted_is_nowhere_in_the_home(tmp_path: Path) -> None:
    """Calls of each kind: whole, streamed, cached, blocked, failed before and after the checks."""
    scripts = (
        *(answers(whole(f"{CARD} and {SECRET}.")), streamed(f"{CARD} and {SECRET}.")),
        *(answers(whole(f"{CARD} and {SECRET}.")), answers(whole(SECRET))),
        answers(unary(json.dumps({"error": {"message": SECRET}}).encode(), "500 No")),
        answers(STREAM_HEAD, chunk(f'data: {{"error":{{"message":"{SECRET}"}}}}\n\n'.encode())),
    )
    checks: Checks = lambda _: (local(), local("secrets"))  # noqa: E731 - a table
    async with guarded(tmp_path, in_turn(*scripts), checks) as running:
        said = f"my {CARD} and {SECRET}."
        answered = [
            await running.ask(said),
            await running.ask(said, stream=True),
            await running.ask(said, headers="x-penstock-cache: 3600\r\n"),
            await running.ask(said, headers="idempotency-key: one\r\n"),
            await running.ask(said),
            await running.ask(said, stream=True),
            await running.ask(said, model="up/none/such"),
            await running.ask(said, model="unknown"),
        ]
        metrics = await call(running.worker.url, b"", path="/metrics", method="GET")
        broken = await call(running.worker.url, f'{{"model":"up/small","a":"{said}"'.encode())
        await running.end_of(broken)
        for answer, _ in answered:
            assert CARD.encode() not in answer.body
            assert SECRET.encode() not in answer.body
        files = [each for each in running.worker.home.rglob("*") if each.is_file()]
        contents = {str(each): each.read_bytes() for each in files}
        assert any(b"[card number]" in content for content in contents.values())
        for name, content in {**contents, "/metrics": metrics.body}.items():
            for hidden in (CARD, SECRET):
                assert hidden.encode() not in content, name


async def test_a_call_without_a_policy_passes_as_it_came(tmp_path: Path) -> None:
    async with raw_upstream(answers(whole(CARD))) as upstream, judge() as server:
        policy = GuardrailPolicy("g", "team", (local(),), only={"team": ("other",)})
        home = make_home(tmp_path / "home", [provider(upstream.url)], guardrails=[policy])
        async with worker(home) as at:
            answer, end = await Guarded(upstream, at, server).ask(CARD)
            assert CARD.encode() in upstream.seen[0].body
            assert CARD.encode() in answer.body
            assert CARD.encode() in end.request
            assert "x-penstock-guardrails" not in answer.headers
            assert end.check_results == ()
