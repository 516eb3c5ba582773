"""A call is freed when it ends, without garbage collection: it keeps no cycle."""

import asyncio
import json
import signal
from decimal import Decimal
from pathlib import Path

import pytest

from gateway.homes import make_home, provider
from gateway.http_client import call
from gateway.raw_upstream import STREAM_HEAD, Script, answers, chunk, raw_upstream, unary
from gateway.worker import worker
from penstock.rules.guards.policies import Action, Check, GuardrailPolicy, Place
from penstock.rules.limits.documents import LimitEntry, Measure, Over
from penstock.rules.limits.windows import WindowUnit

CHOICE = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hi"}}
PIECE = {"index": 0, "finish_reason": "stop", "delta": {"role": "assistant", "content": "hi"}}
DOCUMENT = {"id": "c1", "model": "m", "usage": {"prompt_tokens": 1, "completion_tokens": 1}}
WHOLE = unary(json.dumps(DOCUMENT | {"choices": [CHOICE]}).encode())
STREAM = (
    STREAM_HEAD
    + chunk(b"data: " + json.dumps(DOCUMENT | {"choices": [PIECE]}).encode() + b"\n\n")
    + chunk(b"data: [DONE]\n\n")
    + b"0\r\n\r\n"
)
GUARDRAILS = GuardrailPolicy("gdr_1", "all", (Check("secrets", tuple(Place), Action.REDACT),))
TOKENS = LimitEntry(
    "lim_1", "tokens", Measure.TOKENS, Decimal(10**9), WindowUnit.MONTH, over=Over.CUT
)
PROGRAM = (str(Path(__file__).with_name("uncollected_worker.py")),)


@pytest.mark.parametrize(
    ("stream", "script"),
    [
        (False, answers(WHOLE)),
        (True, answers(STREAM, close=True)),
        (False, answers(unary(b'{"error": {"message": "no"}}', "500 Internal Server Error"))),
    ],
    ids=["whole", "stream", "error"],
)
async def test_a_call_with_all_features_is_freed(
    tmp_path: Path, stream: bool, script: Script
) -> None:
    body = {"model": "up/small", "stream": stream, "messages": [{"role": "user", "content": "hi"}]}
    async with raw_upstream(script) as upstream:
        home = make_home(
            tmp_path / "home",
            [provider(upstream.url)],
            guardrails=[GUARDRAILS],
            limits=[TOKENS],
        )
        async with worker(home, program=PROGRAM) as running:
            for at in range(5):
                await call(
                    running.url,
                    json.dumps(body | {"seed": at}).encode(),
                    headers=b"x-penstock-cache: 60\r\n",
                )
            await running.wait_for_ends(5)
            await asyncio.sleep(0.2)
            running.process.send_signal(signal.SIGUSR2)
            async with asyncio.timeout(20):
                while not (counted := home / "calls").exists():
                    await asyncio.sleep(0.02)
            assert counted.read_text() == "0"
