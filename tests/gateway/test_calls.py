"""Whole answers and every kind of bad input: the answer to the caller, and the record."""

import asyncio
import json

import openai
import pytest

from gateway.conftest import Rig
from gateway.homes import EXPIRED_KEY, KEY, LIMITED_KEY, PROJECT, SECRET
from gateway.http_client import call, connect, read_answer, request
from gateway.raw_upstream import answers, unary
from penstock.rules.call import CallStatus, UsageSource

pytestmark = pytest.mark.asyncio(loop_scope="module")

ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "small-2026",
    "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "Grüße"}, "finish_reason": "stop"}
    ],
    "usage": {
        "prompt_tokens": 1000,
        "completion_tokens": 500,
        "prompt_tokens_details": {"cached_tokens": 400},
        "completion_tokens_details": {"reasoning_tokens": 100},
    },
}
WIRE = json.dumps(ANSWER, ensure_ascii=False).encode()
ASK = b'{ "model":"up/small", "messages":[{"role":"user","content":"Hall\xc3\xb6chen"}] }'


async def test_the_answer_passes_byte_for_byte_and_the_call_is_recorded(rig: Rig) -> None:
    rig.answer(answers(unary(WIRE, headers="x-request-id: req_7\r\nx-ratelimit-limit: 5\r\n")))
    answer = await call(rig.worker.url, ASK)
    assert (answer.status, answer.body, answer.whole) == (200, WIRE, True)
    assert answer.headers["x-request-id"] == "req_7"
    assert answer.headers["x-ratelimit-limit"] == "5"
    assert rig.upstream.seen[0].body == ASK.replace(b"up/small", b"small")
    end = await rig.end_of(answer.trace_id)
    assert (end.status, end.http_status, end.provider) == (CallStatus.OK, 200, "up")
    assert (end.request, end.response) == (ASK, WIRE)
    assert (end.begin.request_size, end.response_size) == (len(ASK), len(WIRE))
    assert (end.response_id, end.response_model) == ("chatcmpl-1", "small-2026")
    assert end.finish_reasons == ("stop",)
    usage = end.usage
    assert (usage.input_tokens, usage.output_tokens) == (1000, 500)
    assert (usage.cache_read_tokens, usage.reasoning_tokens) == (400, 100)
    assert usage.source is UsageSource.PROVIDER
    assert (float(end.cost), end.price_id) == (
        0.002,
        "override/test",
    )  # 1000 at 1 $, 500 at 2 $ per M
    (attempt,) = end.attempts
    assert (attempt.server_address, attempt.server_port) == ("127.0.0.1", rig.upstream.port)
    assert attempt.start_ns <= attempt.first_byte_ns <= attempt.end_ns <= end.end_ns
    assert end.begin in rig.worker.begins()


async def test_the_official_client_reads_the_answer(rig: Rig) -> None:
    rig.answer(answers(unary(WIRE)))
    async with rig.openai() as client:
        found = await client.chat.completions.create(model="small", messages=[])
    assert found.choices[0].message.content == "Grüße"


async def test_embeddings_pass(rig: Rig) -> None:
    wire = b'{"object":"list","data":[{"embedding":[0.5]}],"model":"e","usage":{"prompt_tokens":3}}'
    rig.answer(answers(unary(wire)))
    answer = await call(rig.worker.url, b'{"model":"up/e","input":"x"}', path="/v1/embeddings")
    assert answer.body == wire
    assert rig.upstream.seen[0].head.startswith(b"POST /v1/embeddings ")
    end = await rig.end_of(answer.trace_id)
    assert (end.begin.operation, end.usage.input_tokens) == ("embeddings", 3)


async def test_attribution_is_recorded_and_values_of_the_key_win(rig: Rig) -> None:
    rig.answer(answers(unary(WIRE)))
    headers = (
        "x-penstock-team: other\r\nx-penstock-user: José\r\nx-penstock-use-case: faq\r\n"
        "x-penstock-environment: dev\r\nx-penstock-segment: eu\r\nx-penstock-session: s1\r\n"
        "x-penstock-tags: run=7, region=eu%20west\r\n"
    ).encode()
    answer = await call(rig.worker.url, headers=headers)
    caller = (await rig.end_of(answer.trace_id)).begin.caller
    assert (caller.key_id, caller.team, caller.user) == ("key_all", "search", "José")
    assert (caller.use_case, caller.environment) == ("faq", "dev")
    assert (caller.segment, caller.session) == ("eu", "s1")
    assert caller.tags == {"run": "7", "region": "eu west"}


async def test_a_latin_1_header_is_decoded(rig: Rig) -> None:
    rig.answer(answers(unary(WIRE)))
    answer = await call(rig.worker.url, headers=b"x-penstock-user: Jos\xe9\r\n")
    assert (await rig.end_of(answer.trace_id)).begin.caller.user == "José"


async def test_a_trace_is_continued_and_passed_to_the_provider(rig: Rig) -> None:
    rig.answer(answers(unary(WIRE)))
    trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    answer = await call(rig.worker.url, headers=f"traceparent: 00-{trace}-{span}-00\r\n".encode())
    assert answer.trace_id == trace
    end = await rig.end_of(trace)
    assert end.begin.parent_span_id == span
    handed = f"traceparent: 00-{trace}-{end.attempts[0].span_id}-00\r\n".encode()
    assert handed in rig.upstream.seen[0].head


@pytest.mark.parametrize("broken", ["00-0-0-0", f"00-{'0' * 32}-{'1' * 16}-01", "ff-x"])
async def test_an_invalid_traceparent_starts_a_new_trace(rig: Rig, broken: str) -> None:
    rig.answer(answers(unary(WIRE)))
    answer = await call(rig.worker.url, headers=f"traceparent: {broken}\r\n".encode())
    assert len(answer.trace_id.strip("0")) > 8


@pytest.mark.parametrize(
    ("body", "key", "status", "code", "words"),
    [
        (b"{}", "wrong", 401, "invalid_api_key", "penstock key create"),
        (b"{}", None, 401, "invalid_api_key", "is missing"),
        (b"{}", EXPIRED_KEY, 401, "api_key_expired", "expired"),
        (b'{"model":"large"}', LIMITED_KEY, 403, "model_not_allowed", "up/small"),
        (b'{"model":"smal"}', KEY, 404, "model_not_found", "`small`"),
        (b'{"model":"m",\n}', KEY, 400, "invalid_json", "line 2, column 1"),
        (b'{"messages":[]}', KEY, 400, "invalid_request", "model"),
        (b'{"model":"small","model":"large"}', KEY, 400, "invalid_request", "twice"),
        (b'{"model":"down/x"}', KEY, 502, "upstream_unreachable", "'down'"),
        (b'{"model":"public/x"}', KEY, 502, "upstream_address_forbidden", "'public'"),
        (b'{"model":"x","p":"' + b"p" * 100_000 + b'"}', KEY, 413, "request_too_large", "100000"),
    ],
)
async def test_bad_input_gets_an_error_in_openais_format_and_is_recorded(
    rig: Rig, body: bytes, key: str | None, status: int, code: str, words: str
) -> None:
    answer = await call(rig.worker.url, body, key=key)
    assert (answer.status, answer.error["code"]) == (status, code)
    assert words in answer.error["message"]
    assert answer.error.keys() == {"message", "type", "param", "code"}
    end = await rig.end_of(answer.trace_id)
    assert (end.status, end.http_status, end.error_type) == (CallStatus.ERROR, status, code)
    known = key not in ("wrong", None)
    assert end.begin.project_id == (PROJECT if known else "")
    assert (end.cost, end.usage.source) == ("", UsageSource.NONE)


async def test_the_official_client_raises_its_own_errors(rig: Rig) -> None:
    async with rig.openai("wrong") as client:
        with pytest.raises(openai.AuthenticationError):
            await client.chat.completions.create(model="small", messages=[])
    async with rig.openai() as client:
        with pytest.raises(openai.NotFoundError, match="small"):
            await client.chat.completions.create(model="smal", messages=[])


async def test_a_body_above_the_limit_is_rejected_before_it_ends(rig: Rig) -> None:
    reader, writer = await connect(rig.worker.url)
    head = request(b"", headers=b"transfer-encoding: chunked\r\n").replace(
        b"content-length: 0\r\n", b""
    )
    writer.write(head)
    for _ in range(4):
        writer.write(b"%x\r\n%b\r\n" % (30_000, b"x" * 30_000))
    assert (await read_answer(reader)).status == 413
    writer.close()


async def test_a_slow_body_is_rejected(rig: Rig) -> None:
    reader, writer = await connect(rig.worker.url)
    writer.write(request(b'{"model"', length=100))
    answer = await read_answer(reader)
    assert (answer.status, answer.error["code"]) == (408, "request_timeout")
    writer.close()


async def test_a_provider_that_does_not_answer_is_a_timeout(rig: Rig) -> None:
    rig.answer(answers(b"", pause_s=2))
    answer = await call(rig.worker.url, b'{"model":"hasty/x"}')
    assert (answer.status, answer.error["code"]) == (504, "upstream_timeout")
    assert "'hasty'" in answer.error["message"]
    end = await rig.end_of(answer.trace_id)
    assert end.attempts[0].error_type == "upstream_timeout"
    assert end.usage.source is UsageSource.ESTIMATED  # the provider may have worked on it


@pytest.mark.parametrize("status", [400, 404, 409, 422, 429])
async def test_provider_errors_that_concern_the_caller_pass(rig: Rig, status: int) -> None:
    body = json.dumps({"error": {"message": f"no, {SECRET} is bad", "code": "c"}}).encode()
    rig.answer(answers(unary(body, f"{status} No", "retry-after: 7\r\n")))
    answer = await call(rig.worker.url)
    assert answer.status == status
    assert answer.error["message"] == "no, [redacted] is bad"
    assert answer.headers["retry-after"] == "7"
    end = await rig.end_of(answer.trace_id)
    assert (end.status, end.http_status) == (CallStatus.ERROR, status)
    assert SECRET not in repr(end)


@pytest.mark.parametrize(
    ("upstream", "status", "code"),
    [
        (401, 502, "upstream_credential"),
        (403, 502, "upstream_credential"),
        (500, 502, "upstream_500"),
        (302, 502, "upstream_302"),
        (503, 503, "upstream_overloaded"),
        (504, 504, "upstream_timeout"),
    ],
)
async def test_other_provider_errors_are_translated_and_name_the_provider(
    rig: Rig, upstream: int, status: int, code: str
) -> None:
    body = json.dumps({"detail": f"with {SECRET}"}).encode()
    rig.answer(answers(unary(body, f"{upstream} No")))
    answer = await call(rig.worker.url)
    assert (answer.status, answer.error["code"]) == (status, code)
    assert "'up'" in answer.error["message"]
    assert SECRET.encode() not in answer.body
    assert ("retry-after" in answer.headers) == (status == 503)
    end = await rig.end_of(answer.trace_id)
    assert SECRET not in repr(end)


@pytest.mark.parametrize("wire", [unary(WIRE)[:-5], unary(b"<html>no JSON</html>")])
async def test_a_cut_or_invalid_answer_is_a_502(rig: Rig, wire: bytes) -> None:
    rig.answer(answers(wire, close=True))
    answer = await call(rig.worker.url)
    assert answer.status == 502
    end = await rig.end_of(answer.trace_id)
    assert end.status is CallStatus.ERROR


def large(size: int) -> bytes:
    return b'{"data":"%b","usage":{"prompt_tokens":5,"completion_tokens":6}}' % (b"x" * size)


async def test_a_large_answer_streams_through_and_its_usage_is_found(rig: Rig) -> None:
    body = large(3_000_000)
    rig.answer(answers(unary(body)))
    answer = await call(rig.worker.url)
    assert (answer.body == body, answer.whole) == (True, True)
    assert answer.headers["content-length"] == str(len(body))
    end = await rig.end_of(answer.trace_id)
    assert (end.usage.input_tokens, end.usage.output_tokens) == (5, 6)
    assert (end.response_size, len(end.response)) == (len(body), 128 * 1024)


async def test_a_cut_large_answer_stays_unfinished(rig: Rig) -> None:
    chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n100000\r\n"
    for wire in (unary(large(3_000_000))[:-9], chunked + b"x" * 0x0F0000):
        rig.answer(answers(wire, close=True))
        answer = await call(rig.worker.url)
        assert not answer.whole
        assert (await rig.end_of(answer.trace_id)).status is CallStatus.ERROR


async def test_only_models_that_the_key_may_call_are_listed(rig: Rig) -> None:
    async with rig.openai(LIMITED_KEY) as client:
        assert [model.id async for model in client.models.list()] == ["small"]
    async with rig.openai() as client:
        assert {model.id async for model in client.models.list()} == {"small", "large", "plain"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/chat/completions", 405),
        ("POST", "/v1/models", 405),
        ("POST", "/v1/images", 404),
        ("GET", "/nowhere", 404),
    ],
)
async def test_an_unknown_route_names_the_known_ones(
    rig: Rig, method: str, path: str, status: int
) -> None:
    answer = await call(rig.worker.url, b"", method=method, path=path)
    assert (answer.status, answer.error["message"] != "") == (status, True)


async def test_health_and_metrics_answer_without_a_key(rig: Rig) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        assert (await call(rig.worker.url, b"", method="GET", path=path, key=None)).status == 200


async def test_concurrent_calls_get_their_own_answers(rig: Rig) -> None:
    rig.answer(answers(unary(WIRE)))
    found = await asyncio.gather(*(call(rig.worker.url, ASK) for _ in range(100)))
    assert {answer.status for answer in found} == {200}
    assert len({answer.trace_id for answer in found}) == 100
