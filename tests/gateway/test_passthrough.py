"""Any path of a provider through the gateway: bytes both ways, keys, limits, records, prices."""

import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from openai import AsyncOpenAI, NotFoundError

from gateway.conftest import Rig
from gateway.homes import KEY, LIMITED_KEY, SECRET, make_home, provider
from gateway.http_client import Answer, call
from gateway.raw_upstream import STREAM_HEAD, answers, chunk, raw_upstream, unary
from gateway.worker import worker
from penstock.rules.call import CallStatus, UsageSource

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIXTURES = Path(__file__).parent / "fixtures"
USAGE = {"prompt_tokens": 14, "completion_tokens": 3}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def passing(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    home = tmp_path_factory.mktemp("passing") / "home"
    async with raw_upstream(answers(unary(b"{}"))) as upstream:
        quirks = {"passthrough": "yes"}
        make_home(
            home,
            [provider(upstream.url, quirks=quirks), provider(upstream.url, "shut", models=())],
        )
        async with worker(home) as running:
            yield Rig(upstream, running)


async def ask(
    rig: Rig,
    path: str = "up/files",
    body: bytes = b"",
    *,
    method: str = "GET",
    key: str | None = KEY,
    headers: bytes = b"",
) -> Answer:
    return await call(
        rig.worker.url, body, path=f"/passthrough/{path}", method=method, key=key, headers=headers
    )


async def test_a_file_goes_up_and_down_byte_by_byte(passing: Rig) -> None:
    content = bytes(range(256)) * 2000
    head = b"HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\ncontent-length: %d\r\n\r\n"
    passing.answer(answers(head % len(content), content))
    multipart = b"--x\r\ncontent-disposition: form-data\r\n\r\n" + content + b"\r\n--x--\r\n"
    answer = await ask(
        passing,
        "up/audio/speech?format=a%20b",
        multipart,
        method="POST",
        headers=b"content-type: multipart/form-data; boundary=x\r\nx-secret-of-caller: 1\r\n",
    )
    seen = passing.upstream.seen[0]
    assert (answer.body, answer.whole) == (content, True)
    assert answer.headers["content-type"] == "audio/mpeg"
    assert seen.body == multipart
    assert seen.head.startswith(b"POST /v1/audio/speech?format=a%20b HTTP/1.1\r\n")
    assert b"authorization: Bearer " + SECRET.encode() in seen.head
    assert b"content-type: multipart/form-data; boundary=x" in seen.head
    assert (b"x-secret-of-caller" in seen.head, KEY.encode() in seen.head) == (False, False)
    end = await passing.end_of(answer.trace_id)
    assert (end.begin.operation, end.status) == ("pass_through", CallStatus.OK)
    assert end.request == b""
    assert json.loads(end.response) == {"content_type": "audio/mpeg", "size": len(content)}
    assert (end.begin.request_size, end.response_size) == (len(multipart), len(content))
    assert end.cost == ""


async def test_an_answer_with_usage_is_recorded_and_priced(passing: Rig) -> None:
    body = json.dumps({"id": "c", "model": "small", "usage": USAGE}).encode()
    passing.answer(answers(unary(body)))
    asked = b'{"model":"small","input":"x"}'
    answer = await ask(passing, "up/responses", asked, method="POST")
    assert answer.body == body
    end = await passing.end_of(answer.trace_id)
    assert (end.begin.request_model, end.request, end.response) == ("small", asked, body)
    assert float(end.cost) == pytest.approx(14e-6 + 6e-6)


@pytest.mark.parametrize("size", [3, 10_000])
async def test_a_stream_passes_and_its_usage_is_priced(passing: Rig, size: int) -> None:
    sent = (FIXTURES / "text.sse").read_bytes()
    pieces = (chunk(sent[at : at + size]) for at in range(0, len(sent), size))
    passing.answer(answers(STREAM_HEAD, *pieces, b"0\r\n\r\n", close=True))
    answer = await ask(passing, "up/chat/completions", b'{"model":"small"}', method="POST")
    assert answer.body == sent
    end = await passing.end_of(answer.trace_id)
    assert (end.usage.input_tokens, end.usage.source) == (14, UsageSource.PROVIDER)
    assert float(end.cost) > 0
    assert "Grüße" in end.response.decode()


async def test_the_official_client_works_with_the_providers_own_paths(passing: Rig) -> None:
    listed = {"object": "list", "data": [{"id": "file-1", "object": "file"}], "has_more": False}
    passing.answer(answers(unary(json.dumps(listed).encode())))
    url = f"{passing.worker.url}/passthrough/up/v1"
    async with AsyncOpenAI(base_url=url, api_key=KEY, max_retries=0) as client:
        files = await client.files.list()
        assert [file.id for file in files.data] == ["file-1"]
        assert passing.upstream.seen[0].head.startswith(b"GET /v1/files")
        passing.answer(answers(unary(b'{"error":{"message":"No such file"}}', "404 Not Found")))
        with pytest.raises(NotFoundError, match="No such file"):
            await client.files.retrieve("file-2")


@pytest.mark.parametrize("status", [400, 404, 429, 500, 503])
async def test_a_providers_error_passes_as_it_is(passing: Rig, status: int) -> None:
    body = b'{"message": "Too long", "__type": "ValidationException"}'
    named = "x-amzn-ErrorType: ValidationException:http://x/\r\n"
    passing.answer(answers(unary(body, f"{status} Bad", named)))
    answer = await ask(passing, "up/files/1")
    assert (answer.status, answer.body) == (status, body)
    assert answer.headers["x-amzn-errortype"] == "ValidationException:http://x/"
    end = await passing.end_of(answer.trace_id)
    assert (end.status, end.error_type) == (CallStatus.ERROR, f"upstream_{status}")
    assert end.response == body


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, b'{"message": "key %b is bad"}' % SECRET.encode(), "upstream_400"),
        (403, b'{"message": "not allowed"}', "upstream_credential"),
        (400, b'{"message": "' + b"x" * 70_000 + b'"}', "upstream_400"),
    ],
)
async def test_an_error_with_our_credential_of_it_or_too_large_is_ours(
    passing: Rig, status: int, body: bytes, code: str
) -> None:
    passing.answer(answers(unary(body, f"{status} Bad")))
    answer = await ask(passing, "up/files/1")
    assert answer.body != body
    assert SECRET.encode() not in answer.body
    end = await passing.end_of(answer.trace_id)
    assert end.error_type == code


async def test_a_compressed_error_is_ours_because_nobody_has_searched_it(passing: Rig) -> None:
    body = gzip.compress(b'{"message": "key %b is bad"}' % SECRET.encode())
    passing.answer(answers(unary(body, "400 Bad", "content-encoding: gzip\r\n")))
    answer = await ask(passing, "up/files/1")
    assert body not in answer.body
    assert (await passing.end_of(answer.trace_id)).error_type == "upstream_400"


async def test_a_status_without_content_passes(passing: Rig) -> None:
    passing.answer(answers(b"HTTP/1.1 204 No Content\r\n\r\n"))
    answer = await ask(passing, "up/files/1", method="DELETE")
    assert (answer.status, answer.body) == (204, b"")


@pytest.mark.parametrize(
    ("path", "key", "status", "code"),
    [
        ("up/files", None, 401, "invalid_api_key"),
        ("up/files", "pk_wrong", 401, "invalid_api_key"),
        ("up/files", LIMITED_KEY, 403, "model_not_allowed"),
        ("shut/files", KEY, 403, "passthrough_not_allowed"),
        ("nobody/files", KEY, 404, "provider_not_found"),
        ("up/../admin", KEY, 400, "invalid_request"),
        ("up/%2e%2E/admin", KEY, 400, "invalid_request"),
        ("up/a//b", KEY, 400, "invalid_request"),
    ],
)
async def test_who_may_not_pass_gets_an_error_and_the_provider_no_request(
    passing: Rig, path: str, key: str | None, status: int, code: str
) -> None:
    passing.answer(answers(unary(b"{}")))
    answer = await ask(passing, path, key=key)
    assert (answer.status, answer.error["code"]) == (status, code)
    assert passing.upstream.seen == []


async def test_other_methods_are_rejected(passing: Rig) -> None:
    answer = await ask(passing, method="PURGE")
    assert answer.status == 405


@pytest.mark.parametrize("kind", [b"application/json", b"image/png"])
@pytest.mark.parametrize("split", [1, 7, 40])
async def test_our_credential_does_not_come_out(passing: Rig, split: int, kind: bytes) -> None:
    body = b'{"keys":["' + b"x" * 20_000 + SECRET.encode() + b'"]}'
    at = body.index(SECRET.encode()) + split
    head = b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ncontent-length: %d\r\n\r\n"
    passing.answer(answers(head % (kind, len(body)), body[:at], body[at:], pause_s=0.05))
    answer = await ask(passing)
    assert SECRET.encode() not in answer.body
    end = await passing.end_of(answer.trace_id)
    assert end.error_type == "upstream_leaked_credential"


async def test_the_callers_key_in_the_query_does_not_reach_the_provider(passing: Rig) -> None:
    passing.answer(answers(unary(b"{}")))
    answer = await ask(passing, f"up/files?key={KEY}&limit=1", key=None)
    assert answer.status == 200
    assert passing.upstream.seen[0].head.startswith(b"GET /v1/files?limit=1 ")
