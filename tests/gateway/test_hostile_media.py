"""Forms and files that nobody should send: each ends in a listed error, and the provider sees the
model that we saw, or nothing.
"""

import json

import pytest

from gateway.conftest import Rig
from gateway.homes import KEY, LIMITED_KEY, SECRET
from gateway.http_client import Answer, call
from gateway.raw_upstream import answers, unary
from penstock.rules.call import CallStatus, UsageSource

pytestmark = pytest.mark.asyncio(loop_scope="module")

MODEL = b'--b0\r\ncontent-disposition: form-data; name="model"\r\n\r\n%b\r\n'
FILE = b'--b0\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n%b\r\n'
END = b"--b0--\r\n"
SMALL = MODEL % b"small"
TRANSCRIBE = "/v1/audio/transcriptions"


async def ask(
    rig: Rig,
    body: bytes,
    *,
    path: str = TRANSCRIBE,
    kind: bytes = b"multipart/form-data; boundary=b0",
    key: str = KEY,
) -> Answer:
    headers = b"content-type: " + kind + b"\r\n"
    return await call(rig.worker.url, body, path=path, headers=headers, key=key)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (FILE % b"x" + END, "no_model"),
        (SMALL + SMALL + END, "invalid_form"),
        (SMALL + MODEL % b"large" + END, "invalid_form"),
        (SMALL + FILE % b"\n--b0\n" + END, "invalid_form"),
        (SMALL + FILE % b"x", "invalid_form"),
        (SMALL.replace(b"--b0", b"--b1") + END, "invalid_form"),
        (MODEL % b"" + END, "invalid_request"),
        (MODEL % b"sm\r\nall" + END, "invalid_form"),
        (MODEL % (b"m" * 5000) + END, "invalid_request"),
        (b"", "invalid_form"),
        (b'{"model":"small"}', "invalid_form"),
    ],
)
async def test_a_form_that_two_readers_could_understand_differently_goes_nowhere(
    rig: Rig, body: bytes, code: str
) -> None:
    rig.answer(answers(unary(b"{}")))
    answer = await ask(rig, body)
    assert (answer.status, answer.error["code"]) == (400, code)
    assert rig.upstream.seen == []
    end = await rig.end_of(answer.trace_id)
    assert (end.status, end.error_type) == (CallStatus.ERROR, code)
    assert b"--b0" not in end.request


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        (TRANSCRIBE, b'{"file":"x"}', "invalid_request"),
        (TRANSCRIBE, b"model=small", "invalid_json"),
        ("/v1/images/generations", b"[" * 90_000, "invalid_request"),
        ("/v1/images/generations", b'{"model":"small","model":"large"}', "invalid_request"),
        ("/v1/audio/speech", b'{"model":"small","x":' + b"[" * 2_000, "invalid_json"),
        ("/v1/moderations", b'{"model":"small","stream":true}', "invalid_request"),
        ("/v1/completions", b'{"prompt":"x"}', "invalid_request"),
    ],
)
async def test_json_that_cannot_be_served_is_rejected(
    rig: Rig, path: str, body: bytes, code: str
) -> None:
    rig.answer(answers(unary(b"{}")))
    answer = await ask(rig, body, path=path, kind=b"application/json")
    assert answer.status == 400
    assert rig.upstream.seen == []


async def test_a_path_without_forms_says_so(rig: Rig) -> None:
    answer = await ask(rig, SMALL + END, path="/v1/audio/speech")
    assert (answer.status, answer.error["code"]) == (400, "invalid_form")


async def test_a_model_after_a_large_file_is_found_and_the_file_stays(rig: Rig) -> None:
    content = bytes(range(256)) * 300
    rig.answer(answers(unary(b'{"text":"a river","usage":{"type":"duration","seconds":3}}')))
    answer = await ask(rig, FILE % content + MODEL % b"up/small" + END)
    assert answer.body == b'{"text":"a river","usage":{"type":"duration","seconds":3}}'
    seen = rig.upstream.seen[0]
    assert seen.body == FILE % content + SMALL + END
    assert b"content-type: multipart/form-data; boundary=b0" in seen.head
    assert seen.head.lower().count(b"content-type:") == 1
    assert KEY.encode() not in seen.head + seen.body
    end = await rig.end_of(answer.trace_id)
    assert json.loads(end.request)["file"] == {"filename": "a", "size": len(content)}
    assert end.begin.request_size > len(content)


async def test_a_form_above_the_limit_is_rejected(rig: Rig) -> None:
    answer = await ask(rig, FILE % bytes(200_000) + SMALL + END)
    assert (answer.status, answer.error["code"]) == (413, "request_too_large")


async def test_a_key_is_checked_against_the_model_of_the_form(rig: Rig) -> None:
    answer = await ask(rig, FILE % b"x" + MODEL % b"large" + END, key=LIMITED_KEY)
    assert (answer.status, answer.error["code"]) == (403, "model_not_allowed")


@pytest.mark.parametrize("kind", [b"audio/mpeg", b"text/plain"])
async def test_a_file_with_our_credential_is_withheld(rig: Rig, kind: bytes) -> None:
    content = bytes(1000) + SECRET.encode() + bytes(1000)
    head = b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ncontent-length: %d\r\n\r\n"
    rig.answer(answers(head % (kind, len(content)), content))
    answer = await ask(rig, b'{"model":"small"}', path="/v1/audio/speech", kind=b"application/json")
    assert SECRET.encode() not in answer.body
    end = await rig.end_of(answer.trace_id)
    assert end.error_type == "upstream_leaked_credential"
    assert SECRET.encode() not in end.response


async def test_a_call_that_is_cut_off_is_not_billed_by_the_size_of_its_file(rig: Rig) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n"
    rig.answer(answers(head, b'{"text":"', close=True))
    answer = await ask(rig, SMALL + FILE % bytes(50_000) + END)
    end = await rig.end_of(answer.trace_id)
    assert (end.status, end.usage.source, end.cost) == (CallStatus.ERROR, UsageSource.NONE, "")
