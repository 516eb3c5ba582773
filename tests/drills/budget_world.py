"""A budget under attack: a provider that behaves in every way, and callers that cancel."""

import asyncio
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from gateway.http_client import connect, read_answer, request
from gateway.raw_upstream import STREAM_HEAD, Exchanged, chunk, unary
from penstock.rules.limits.documents import LimitEntry, Measure, Otherwise
from penstock.rules.limits.windows import WindowUnit
from penstock.rules.prices.price import PriceOverride, UnitPrice
from penstock.rules.snapshot.routes import RouteEntry, RouteTarget
from tests.connections import hang_up

MAX_TOKENS = 200
IN_USD, OUT_USD = Decimal(1), Decimal(2)  # for a million tokens
MODELS = ("up/small", "backup/small", "pair", "free/any")
# What one request may reserve at most: its bytes are below 600.
DEAREST_NANO = (200 * 1 + MAX_TOKENS * 2) * 1000
PAIR = RouteEntry(
    "pair",
    1,
    (RouteTarget("up", "small"), RouteTarget("backup", "small", priority=1)),
    max_attempts=2,
)


def prices() -> list[PriceOverride]:
    units = (UnitPrice("input_tokens", IN_USD), UnitPrice("output_tokens", OUT_USD))
    return [
        PriceOverride(id=name, provider=name, model="small", prices=units)
        for name in ("up", "backup")
    ]


def budget(cap_nano: int) -> LimitEntry:
    amount = Decimal(cap_nano) / 10**9
    return LimitEntry(
        "lim_month",
        "month",
        Measure.SPEND,
        amount,
        WindowUnit.MONTH,
        unpriced=Otherwise.ADMIT,
    )


@dataclass
class Provider:
    """Answers at random. `cost_nano` is what it has reported as used; `above` is the
    part of the answers that use more than the request allows."""

    rng: random.Random
    above: float = 0.0
    cost_nano: int = 0
    kinds: dict[str, int] = field(default_factory=dict)

    async def __call__(self, asked: Exchanged, writer: asyncio.StreamWriter) -> None:
        body = json.loads(asked.body)
        kind = self.rng.choice(
            ["whole", "whole", "stream", "stream", "slow", "cut", "500", "429", "no usage", "gone"]
        )
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        await asyncio.sleep(self.rng.random() * (0.3 if kind == "slow" else 0.02))
        if kind == "gone":
            writer.close()
        elif kind in ("500", "429"):
            status = {"500": "500 Internal Server Error", "429": "429 Too Many Requests"}[kind]
            writer.write(unary(b'{"error":{"message":"no"}}', status))
        elif body.get("stream"):
            await self._stream(body, writer, kind)
        else:
            usage = None if kind == "no usage" else self._usage(body)
            writer.write(unary(_whole(usage)))

    async def _stream(
        self, body: dict[str, object], writer: asyncio.StreamWriter, kind: str
    ) -> None:
        writer.write(STREAM_HEAD)
        count = self.rng.randrange(1, 6)
        for _ in range(count):
            writer.write(chunk(_event(delta={"content": "word"})))
            await asyncio.sleep(self.rng.random() * 0.01)
        if kind == "cut":
            writer.close()
            return
        usage = None if kind == "no usage" else self._usage(body)
        last = _event(delta={}, reason="stop", usage=usage)
        writer.write(chunk(last) + chunk(b"data: [DONE]\n\n") + chunk(b""))

    def _usage(self, body: dict[str, object]) -> dict[str, int]:
        most = int(str(body.get("max_tokens") or body.get("max_completion_tokens")))
        written = self.rng.randrange(most + 1)
        if self.rng.random() < self.above:
            written = most * 3
        read = self.rng.randrange(20)
        self.cost_nano += read * 1000 + written * 2000
        return {"prompt_tokens": read, "completion_tokens": written}


@dataclass
class Callers:
    """Send calls until `stop`, and count the answers by status; 0: no answer."""

    urls: Sequence[str]
    rng: random.Random
    statuses: dict[int, int] = field(default_factory=dict)
    rejected: int = 0

    async def run(self, count: int, calls: int) -> None:
        await asyncio.gather(*(self._one(calls) for _ in range(count)))

    async def _one(self, calls: int) -> None:
        for _ in range(calls):
            try:
                async with asyncio.timeout(20):
                    status = await self._call()
            except (OSError, TimeoutError, IndexError):
                status = 0
            self.statuses[status] = self.statuses.get(status, 0) + 1
            if status in (429, 503):
                await asyncio.sleep(0.02)

    async def _call(self) -> int:
        path, body = self._request()
        reader, writer = await connect(self.rng.choice(self.urls))
        try:
            writer.write(request(json.dumps(body).encode(), path=path))
            if self.rng.random() < 0.15:
                await asyncio.sleep(self.rng.random() * 0.1)
                hang_up(writer)
                return -1
            answer = await read_answer(reader)
        finally:
            writer.close()
        self.rejected += b"budget_exceeded" in answer.body
        return answer.status

    def _request(self) -> tuple[str, dict[str, object]]:
        """A chat in OpenAI's format, or one in Anthropic's, which is translated."""
        body: dict[str, object] = {
            "model": self.rng.choice(MODELS),
            "max_tokens": self.rng.randrange(1, MAX_TOKENS + 1),
            "messages": [{"role": "user", "content": "hello" * self.rng.randrange(20)}],
            "stream": self.rng.random() < 0.5,
        }
        return self.rng.choice(["/v1/chat/completions", "/v1/messages"]), body


def _whole(usage: dict[str, int] | None) -> bytes:
    message = {"role": "assistant", "content": "hi"}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    answer = {"id": "c", "object": "chat.completion", "model": "small", "choices": choices}
    return json.dumps(answer | ({"usage": usage} if usage else {})).encode()


def _event(
    delta: dict[str, str], reason: str | None = None, usage: dict[str, int] | None = None
) -> bytes:
    choices = [{"index": 0, "delta": delta, "finish_reason": reason}]
    event = {"id": "c", "object": "chat.completion.chunk", "model": "small", "choices": choices}
    return b"data: " + json.dumps(event | ({"usage": usage} if usage else {})).encode() + b"\n\n"
