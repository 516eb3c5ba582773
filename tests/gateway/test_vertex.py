"""Vertex AI behind the gateway: signed tokens, both dialects, tokens that come back, wrong keys."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from google.auth import jwt

from gateway.conftest import Rig
from gateway.homes import KEY, make_home, provider
from gateway.http_client import call
from gateway.raw_upstream import Exchanged, answers, raw_upstream, unary
from gateway.worker import worker
from penstock.rules.snapshot.providers import CredentialEntry
from plugins.vertex_accounts import key_file, public_key

HELLO: list[dict[str, Any]] = [{"role": "user", "content": "hello"}]
CHAT = json.dumps({"model": "up/gemini-2.5-flash", "messages": HELLO}).encode()
GEMINI = {
    "candidates": [
        {"content": {"parts": [{"text": "hi"}], "role": "model"}, "finishReason": "STOP"}
    ],
    "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 1, "totalTokenCount": 4},
}
CLAUDE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5-20250929",
    "content": [{"type": "text", "text": "hi"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 3, "output_tokens": 1},
}
PROJECT = b"/projects/project-1/locations/global/publishers/"


@asynccontextmanager
async def vertex(
    tmp_path: Path, secret: str, further: tuple[CredentialEntry, ...] = ()
) -> AsyncIterator[Rig]:
    async with raw_upstream(answers(unary(b"{}"))) as upstream:
        entry = provider(
            upstream.url.removesuffix("/v1"),
            kind="vertex",
            models=(),
            secret_id="sec_v",
            credentials=further,
        )
        secrets = {"sec_v": secret, "sec_2": key_file(2)}
        home = make_home(tmp_path / "home", [entry], secrets_by_id=secrets)
        async with worker(home) as running:
            yield Rig(upstream, running)


def token_of(request: Exchanged) -> str:
    (line,) = (one for one in request.head.split(b"\r\n") if one.startswith(b"authorization:"))
    return line.removeprefix(b"authorization: Bearer ").decode()


def account_of(request: Exchanged, number: int) -> str:
    return jwt.decode(token_of(request), certs=public_key(key_file(number)))["iss"]


async def test_one_provider_serves_both_dialects_with_one_token(tmp_path: Path) -> None:
    async with vertex(tmp_path, key_file(1)) as rig:
        rig.upstream.script = answers(unary(json.dumps(GEMINI).encode()))
        answer = await call(rig.worker.url, CHAT)
        assert json.loads(answer.body)["choices"][0]["message"]["content"] == "hi"
        end = await rig.end_of(answer.trace_id)
        assert (end.attempts[0].dialect, end.usage.input_tokens) == ("gemini", 3)
        rig.upstream.script = answers(unary(json.dumps(CLAUDE).encode()))
        body = {"model": "up/claude-sonnet-4-5@20250929", "max_tokens": 5, "messages": HELLO}
        answer = await call(rig.worker.url, json.dumps(body).encode(), path="/v1/messages")
        assert answer.body == json.dumps(CLAUDE).encode()
        end = await rig.end_of(answer.trace_id)
        assert (end.attempts[0].dialect, end.attempts[0].changes) == ("anthropic", ())
        first, second = rig.upstream.seen
        google = b"POST /v1beta1%bgoogle/models/gemini-2.5-flash:generateContent " % PROJECT
        claude = b"POST /v1%banthropic/models/claude-sonnet-4-5@20250929:rawPredict " % PROJECT
        assert (first.head.startswith(google), second.head.startswith(claude)) == (True, True)
        assert account_of(first, 1) == "penstock-1@project-1.iam.gserviceaccount.com"
        assert token_of(first) == token_of(second)


async def test_a_token_that_the_provider_sends_back_does_not_come_out(tmp_path: Path) -> None:
    async def tell(request: Exchanged, writer: Any) -> None:
        private = json.loads(key_file(1))["private_key"]
        document = json.dumps({"error": {"message": f"{token_of(request)} and {private}"}})
        await answers(unary(document.encode(), "400 No"))(request, writer)

    async with vertex(tmp_path, key_file(1)) as rig:
        rig.upstream.script = tell
        answer = await call(rig.worker.url, CHAT)
        assert answer.error["message"] == "[redacted] and [redacted]"
        end = await rig.end_of(answer.trace_id)
        assert token_of(rig.upstream.seen[0]).encode() not in end.response + answer.body


async def test_accounts_take_turns(tmp_path: Path) -> None:
    further = (CredentialEntry("second", "sec_2"),)
    async with vertex(tmp_path, key_file(1), further) as rig:
        rig.upstream.script = answers(unary(json.dumps(GEMINI).encode()))
        for _ in range(2):
            assert (await call(rig.worker.url, CHAT)).status == 200
        found = [
            account_of(one, number) for one, number in zip(rig.upstream.seen, (1, 2), strict=True)
        ]
        assert [one.partition("@")[0] for one in found] == ["penstock-1", "penstock-2"]


@pytest.mark.parametrize("second", [False, True])
async def test_a_wrong_key_file_is_our_error_and_costs_no_call_if_there_is_another(
    tmp_path: Path, *, second: bool
) -> None:
    further = (CredentialEntry("second", "sec_2"),) if second else ()
    async with vertex(tmp_path, '{"private_key":"x","client_email":"y"}', further) as rig:
        rig.upstream.script = answers(unary(json.dumps(GEMINI).encode()))
        answer = await call(rig.worker.url, CHAT, key=KEY)
        if second:
            assert (answer.status, len(rig.upstream.seen)) == (200, 1)
        else:
            assert (answer.status, answer.error["code"]) == (502, "upstream_credential")
            assert "key file" in answer.error["message"]
            assert rig.upstream.seen == []
