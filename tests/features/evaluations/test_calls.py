"""Calls of runs against a real HTTP server that stands for the gateway."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import pytest

from penstock.features.evaluations.model import RunState
from penstock.features.evaluations.work.calls import RejectedCall, RunCalls, answer_of
from penstock.features.evaluations.work.judges import GatewayJudges
from penstock.features.evaluations.work.pace import CallPace
from penstock.features.evaluations.work.spending import CostCapReached, RunSpending
from penstock.features.replays.gateway import InternalGateway
from penstock.infra.egress.client import Egress
from penstock.infra.egress.exchange import UpstreamExchange
from penstock.kernel.errors import UpstreamFailed
from penstock.rules.replay import CallerRequest
from penstock.spi.evaluator import JudgeQuestion
from tests.features.evaluations.conftest import Evaluated

Reply = Callable[[int, dict[str, str]], tuple[int, dict[str, str], bytes]]
OK = json.dumps(
    {
        "choices": [
            {
                "message": {
                    "content": "4",
                    "tool_calls": [{"function": {"name": "add", "arguments": '{"a": 2}'}}],
                },
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 1},
    }
).encode()


def good(number: int, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    del number, headers
    facts = {"x-penstock-trace-id": "t" * 32, "x-penstock-span-id": "s" * 16}
    return 200, facts | {"x-penstock-cost": "0.25"}, OK


def error(status: int, **headers: str) -> tuple[int, dict[str, str], bytes]:
    return status, headers, b'{"error": {"message": "not now"}}'


@dataclass
class Gateway:
    """A server that answers as `reply` says, and keeps what it was asked."""

    reply: Reply
    port: int = 0
    asked: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    at_once: int = 0
    most_at_once: int = 0

    open_connections: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        own = asyncio.current_task()
        assert own is not None
        self.open_connections.add(own)
        try:
            await self._serve(reader, writer)
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            del line
            headers: dict[str, str] = {}
            while (line := (await reader.readline()).decode().strip()) != "":
                name, _, value = line.partition(":")
                headers[name.lower()] = value.strip()
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.asked.append(headers | {"body": body.decode()})
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            await asyncio.sleep(0.005)
            self.at_once -= 1
            status, more, content = self.reply(len(self.asked), headers)
            lines = "".join(f"{name}: {value}\r\n" for name, value in more.items())
            head = f"HTTP/1.1 {status} X\r\ncontent-length: {len(content)}\r\n{lines}\r\n"
            writer.write(head.encode() + content)
            await writer.drain()


@asynccontextmanager
async def calling(gateway: Gateway, most: int = 4) -> AsyncIterator[RunCalls]:
    server = await asyncio.start_server(gateway.serve, "127.0.0.1", 0)
    gateway.port = server.sockets[0].getsockname()[1]
    egress = Egress()
    internal = InternalGateway(egress, f"http://127.0.0.1:{gateway.port}", "token")
    try:
        yield RunCalls(internal.send, "prj", "key_1", CallPace(most))
    finally:
        egress.close()
        server.close()
        if gateway.open_connections:
            await asyncio.wait(gateway.open_connections)
        gateway.open_connections.clear()


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.features.evaluations.work.calls._FIRST_PAUSE_S", 0.001)


async def test_an_answer_has_its_facts() -> None:
    gateway = Gateway(good)
    async with calling(gateway) as calls:
        found = answer_of(await calls.ask(b"{}", {"idempotency-key": "k1"}))
    assert (found.output, found.cost_usd, found.input_tokens) == ("4", 0.25, 3)
    assert (found.trace_id, found.span_id) == ("t" * 32, "s" * 16)
    assert (found.tool_calls[0].name, found.tool_calls[0].arguments) == ("add", {"a": 2})
    assert found.latency_ms is not None
    assert gateway.asked[0]["idempotency-key"] == "k1"
    assert gateway.asked[0]["x-penstock-sent-as"] == "prj/key_1"


async def test_what_may_help_is_tried_again_with_the_same_key() -> None:
    gateway = Gateway(lambda number, headers: error(503) if number < 4 else good(number, headers))
    async with calling(gateway) as calls:
        assert (await calls.ask(b"{}", {"idempotency-key": "k"})).status == 200
    assert [each["idempotency-key"] for each in gateway.asked] == ["k"] * 4


async def test_a_rejected_request_is_not_tried_again() -> None:
    gateway = Gateway(lambda *_: error(400))
    async with calling(gateway) as calls:
        with pytest.raises(RejectedCall, match="HTTP 400: not now"):
            await calls.ask(b"{}", {})
    assert len(gateway.asked) == 1


async def test_a_provider_that_is_away_is_given_up() -> None:
    gateway = Gateway(lambda *_: error(502))
    async with calling(gateway) as calls:
        with pytest.raises(UpstreamFailed, match="HTTP 502"):
            await calls.ask(b"{}", {})
    assert len(gateway.asked) == 5


async def test_a_gateway_that_restarts_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.features.evaluations.work.calls._AWAY_PAUSE_S", 0.01)
    tried: list[bytes] = []
    gateway = Gateway(good)
    async with calling(gateway) as calls:

        async def restarting(project: str, key: str, asked: CallerRequest) -> UpstreamExchange:
            tried.append(asked.body)
            if len(tried) <= 10:
                raise UpstreamFailed("The gateway does not answer.")
            return await calls.send(project, key, asked)

        again = RunCalls(restarting, "prj", "key_1", CallPace(1))
        assert (await again.ask(b"{}", {})).status == 200
    assert len(tried) == 11


async def test_a_429_leaves_as_many_calls_as_the_provider_took() -> None:
    """Eight calls at once meet a provider with six places."""
    pace = CallPace(8)
    async with AsyncExitStack() as taken:
        for _ in range(6):
            await taken.enter_async_context(pace.slot())
        async with pace.slot(), pace.slot():
            pass
        for _ in range(2):
            pace.throttled(0.0)
        assert await _admitted(pace) == 0
    assert await _admitted(pace) == 6


async def test_a_wave_of_429_leaves_half_of_the_calls_and_a_minute_later_they_grow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("penstock.features.evaluations.work.pace._HELD_S", 0.05)
    pace = CallPace(8)
    for _ in range(8):
        pace.throttled(0.01)
    assert await _admitted(pace) == 4
    pace.answered()
    assert await _admitted(pace) == 4
    await asyncio.sleep(0.06)
    for _ in range(30):
        pace.answered()
    assert await _admitted(pace) == 8


async def _admitted(pace: CallPace) -> int:
    """Returns how many calls it lets in at once."""
    async with AsyncExitStack() as held:
        for found in range(99):
            try:
                async with asyncio.timeout(0.02):
                    await held.enter_async_context(pace.slot())
            except TimeoutError:
                return found
    return 99


async def test_retry_after_holds_for_new_calls() -> None:
    pace = CallPace(2)
    loop = asyncio.get_running_loop()
    pace.throttled(0.1)
    began = loop.time()
    async with pace.slot():
        assert loop.time() - began >= 0.09


async def test_the_cap_counts_calls_under_way() -> None:
    spending = RunSpending(0.0, 1.0)
    async with spending.reserved():
        spending.add(0.4)
    async with spending.reserved():
        with pytest.raises(CostCapReached):
            async with spending.reserved():
                pass
    assert spending.refused


async def test_judges_ask_equal_questions_with_one_key_and_repeats_anew() -> None:
    gateway = Gateway(good)
    async with calling(gateway) as calls:
        judges = GatewayJudges(calls, "eval_run=evr_1", RunSpending(0, 0))
        question = JudgeQuestion("m", ({"role": "user", "content": "Good?"},), {"type": "object"})
        assert (await judges.ask(question)).cost_usd == 0.25
        await judges.ask(question)
        await judges.ask(JudgeQuestion("m", question.messages, question.schema, repeat=1))
    keys = [each["idempotency-key"] for each in gateway.asked]
    assert keys[0] == keys[1] != keys[2]
    assert json.loads(gateway.asked[0]["body"])["response_format"]["type"] == "json_schema"


def test_a_run_stops_before_its_cap_and_goes_on_with_a_higher_one(evaluated: Evaluated) -> None:
    evaluated.fill(20)
    release = evaluated.released.release("support-route").digest
    gateway = Gateway(good)

    def work() -> None:
        async def run() -> None:
            async with calling(gateway) as calls:
                evaluated.use(calls.send)
                await evaluated.work_until_idle()

        asyncio.run(run())

    fields = {"release": release, "key_id": "key_1", "concurrency": 3}
    run = evaluated.start("equals", cost_cap_usd=2.0, **fields)
    work()
    capped = evaluated.get(run)
    assert capped.run.state is RunState.CAP_REACHED
    assert 1.25 <= capped.progress.cost_usd <= 2.0 + 2 * 0.25  # the first three have no mean yet
    evaluated.service.resume(evaluated.released.editor, evaluated.project, run, 100.0)
    work()
    assert evaluated.get(run).run.state is RunState.DONE
    assert len(gateway.asked) == 20
    assert len({each["idempotency-key"] for each in gateway.asked}) == 20
    assert gateway.asked[0]["x-penstock-sent-release"] == release
    assert f"eval_run={run}" in gateway.asked[0]["x-penstock-tags"]
    metrics = evaluated.metrics(run)
    assert metrics["cost_usd"]["estimate"]["mean"] == 0.25
    assert metrics["equals"]["scored"] == 20
