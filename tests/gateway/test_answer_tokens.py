"""Tokens for feedback on an answer, from a running worker."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from gateway.homes import KEY, PROJECT
from gateway.http_client import Answer, call
from gateway.raw_upstream import answers, unary
from gateway.test_cache import STREAM, WHOLE, body, serving
from gateway.worker import Worker
from penstock.infra.crypto import Sealer, derive_key, ensure_secret_file
from penstock.rules.scores.answer_token import PURPOSE, SHORTEST_S, AnswerToken, verified_answer
from penstock.rules.snapshot.tree import SEALED_PURPOSE, Sealed

pytestmark = pytest.mark.asyncio(loop_scope="module")

HEADER = "x-penstock-answer-token"


def read_token(running: Worker, answer: Answer) -> AnswerToken | None:
    """Reads a token as the server does."""
    sealer = Sealer(derive_key(ensure_secret_file(running.home / "gateway.token"), SEALED_PURPOSE))
    raw = sealer.open((running.home / "snapshot" / "sealed.bin").read_bytes())
    pepper = bytes.fromhex(msgspec.json.decode(raw, type=Sealed).pepper)
    return verified_answer(answer.headers[HEADER], derive_key(pepper, PURPOSE))


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_has_a_token_for_its_own_call(tmp_path: Path, stream: bool) -> None:
    async with serving(tmp_path, answers(STREAM if stream else WHOLE)) as (_, running):
        headers = b"x-penstock-feedback: 1\r\n"
        answer = await call(running.url, body(stream=stream), headers=headers, key=KEY)
        (end,) = await running.wait_for_ends(1)
        token = await asyncio.to_thread(read_token, running, answer)
        begin = end.begin
        assert token is not None
        assert (token.project_id, token.trace_id, token.span_id) == (
            PROJECT,
            begin.trace_id,
            begin.span_id,
        )
        assert token.expires_s == begin.start_ns // 10**9 + SHORTEST_S


async def test_an_answer_without_the_header_has_none(tmp_path: Path) -> None:
    async with serving(tmp_path, answers(WHOLE)) as (_, running):
        answer = await call(running.url, body(), key=KEY)
        assert answer.status == 200
        assert HEADER not in answer.headers


async def test_an_error_has_none(tmp_path: Path) -> None:
    failure = unary(b'{"error": {"message": "no"}}', "400 Bad Request")
    async with serving(tmp_path, answers(failure)) as (_, running):
        wanted = b"x-penstock-feedback: 60\r\n"
        failed = await call(running.url, body(), headers=wanted, key=KEY)
        unknown = await call(running.url, body(), headers=wanted, key="pk_no")
        assert [failed.status, unknown.status] == [400, 401]
        assert HEADER not in {*failed.headers, *unknown.headers}
