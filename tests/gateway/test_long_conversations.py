"""An agent of 60 turns with 40 tools, parallel calls, cancelled streams and 150 kB of context, by
each surface and over each format of a provider: nothing is lost, and the order is kept.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

import pytest
import pytest_asyncio

from gateway.homes import make_home, provider
from gateway.long_conversations import TOOLS, TURNS, connect, result, steps, task
from gateway.worker import Worker, worker
from penstock.rules.call import CallStatus
from penstock.rules.neutral.conversation import Conversation, Part, Text, Tool, ToolCall, ToolResult
from rules.dialects import ANTHROPIC, DIALECTS, GEMINI, OPENAI, RESPONSES, Dialect
from sim.conftest import Sim

pytestmark = [pytest.mark.drill, pytest.mark.asyncio(loop_scope="module")]

SIZE = 150_000
PROVIDERS = {"gpt": OPENAI, "resp": RESPONSES, "claude": ANTHROPIC, "gem": GEMINI}


@dataclass
class Tap:
    """A connection to the simulator that keeps the bodies of the requests."""

    port: int
    bodies: list[bytes]


@dataclass
class Line:
    worker: Worker
    tap: Tap


@asynccontextmanager
async def tap(target: int) -> AsyncIterator[Tap]:
    """Passes bytes on, and reads the requests in them."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        back, forth = await asyncio.open_connection("127.0.0.1", target)
        answering = asyncio.create_task(_pass(back, writer))
        try:
            with suppress(asyncio.IncompleteReadError, OSError):
                while True:
                    head = await reader.readuntil(b"\r\n\r\n")
                    size = next(
                        (
                            int(line[15:])
                            for line in head.lower().split(b"\r\n")
                            if line[:15] == _LENGTH
                        ),
                        0,
                    )
                    body = await reader.readexactly(size)
                    found.bodies.append(body)
                    forth.write(head + body)
                    await forth.drain()
        finally:
            forth.close()
            answering.cancel()
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 20)
    found = Tap(server.sockets[0].getsockname()[1], [])
    try:
        yield found
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


_LENGTH = b"content-length:"


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(1 << 16):
            writer.write(piece)
            await writer.drain()
        writer.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def line(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Line]:
    simulated = Sim({})
    home = tmp_path_factory.mktemp("long") / "home"
    try:
        async with tap(simulated.port) as tapped:
            base = f"http://127.0.0.1:{tapped.port}"
            providers = [
                provider(f"{base}/v1", "gpt", models=()),
                provider(f"{base}/v1", "resp", models=(), quirks={"responses": "yes"}),
                provider(f"{base}/v1", "claude", kind="anthropic", models=()),
                provider(f"{base}/v1beta", "gem", kind="gemini", models=()),
            ]
            async with worker(make_home(home, providers)) as running:
                yield Line(running, tapped)
    finally:
        simulated.stop()


@pytest.mark.parametrize("behind", PROVIDERS)
@pytest.mark.parametrize("surface", [dialect.name for dialect in DIALECTS])
async def test_a_long_conversation_arrives_whole(line: Line, surface: str, behind: str) -> None:
    turns = steps(seed=len(surface) * 31 + len(behind))
    before = len(line.worker.ends())
    cancelled = 0
    line.tap.bodies.clear()
    async with AsyncExitStack() as stack:
        agent = await connect(surface, line.worker.url, f"{behind}/sim-small", stack)
        agent.begin(task(turns))
        for turn, wanted in enumerate(turns):
            if turn % 6 == 5:
                await agent.cancel()
                cancelled += 1
            calls = await agent.ask(stream=turn % 2 == 0)
            assert [(call.name, call.arguments) for call in calls] == wanted
            agent.add_results(calls, [result(turn, at) for at in range(len(calls))])
        assert await agent.ask(stream=True) == []
    last = max(line.tap.bodies, key=len)
    assert len(last) >= SIZE
    _check(_dialect(line, surface, behind).read(last), turns)
    ends = (await line.worker.wait_for_ends(before + TURNS + 1 + cancelled))[before:]
    assert {end.status for end in ends} <= {CallStatus.OK, CallStatus.CANCELLED}
    assert len(ends) == TURNS + 1 + cancelled


def _dialect(line: Line, surface: str, behind: str) -> Dialect:
    """The format that the provider gets: the OpenAI-compatible one has two."""
    if behind == "resp" and surface != RESPONSES.name:
        return OPENAI
    return PROVIDERS[behind]


def _check(conversation: Conversation, turns: list[list[tuple[str, object]]]) -> None:
    """All tools, all calls and all results are there, in their order; a result follows its call."""
    assert [tool.name for tool in conversation.tools if isinstance(tool, Tool)] == [
        f"tool_{at:02}" for at in range(TOOLS)
    ]
    parts: list[Part] = [part for message in conversation.messages for part in message.parts]
    calls = [part for part in parts if isinstance(part, ToolCall)]
    assert [(c.name, json.loads(c.arguments)) for c in calls] == [one for t in turns for one in t]
    results = [part for part in parts if isinstance(part, ToolResult)]
    assert [one.call_id for one in results] == [call.id for call in calls]
    assert [_text(one) for one in results] == [
        result(turn, at) for turn, calls in enumerate(turns) for at in range(len(calls))
    ]


def _text(found: ToolResult) -> str:
    return "".join(part.text for part in found.parts if isinstance(part, Text))
