"""Clients of two dialects over a worker, with the strict simulator of both vendors behind it: turns
with tools, thinking and schemas. The simulator rejects what the vendor would.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from anthropic import AsyncAnthropic
from openai import AsyncOpenAI

from gateway.homes import KEY, make_home, provider
from gateway.worker import Worker, worker
from penstock.rules.call import CallStatus
from sim.conftest import Sim

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUESTION: Any = {"role": "user", "content": "What is the value of magic_function of input 3?"}
SCHEMA: Any = {
    "type": "object",
    "properties": {"input": {"type": "integer"}},
    "required": ["input"],
    "additionalProperties": False,
}
MAGIC: Any = {"name": "magic_function", "description": "Magic", "input_schema": SCHEMA}
MODELS = ("claude/sim-small", "gpt/sim-small")


@dataclass
class Clients:
    worker: Worker
    claude: AsyncAnthropic
    gpt: AsyncOpenAI


@pytest.fixture(scope="module")
def simulated() -> Iterator[Sim]:
    running = Sim({})
    yield running
    assert running.stop() == 0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def clients(
    simulated: Sim, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Clients]:
    home = tmp_path_factory.mktemp("simulated") / "home"
    base = f"{simulated.address}/v1"
    own = provider(base, "claude", kind="anthropic", models=())
    make_home(home, [own, provider(base, "gpt", models=())])
    async with (
        worker(home) as running,
        AsyncAnthropic(base_url=running.url, api_key=KEY, max_retries=0) as claude,
        AsyncOpenAI(base_url=f"{running.url}/v1", api_key=KEY, max_retries=0) as gpt,
    ):
        yield Clients(running, claude, gpt)


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("thinking", [None, {"type": "enabled", "budget_tokens": 1024}])
@pytest.mark.parametrize("model", MODELS)
async def test_a_claude_client_goes_on_after_a_tool_call(
    clients: Clients, model: str, thinking: Any, *, streams: bool
) -> None:
    request: Any = {"model": model, "max_tokens": 4096, "tools": [MAGIC]}
    if thinking:
        request["thinking"] = thinking

    async def ask(messages: Any) -> Any:
        if not streams:
            return await clients.claude.messages.create(messages=messages, **request)
        async with clients.claude.messages.stream(messages=messages, **request) as stream:
            return await stream.get_final_message()

    first = await ask([QUESTION])
    call = first.content[-1]
    assert (call.name, call.input, first.stop_reason) == (
        "magic_function",
        {"input": 3},
        "tool_use",
    )
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "5"}
    history = [QUESTION, first.to_param(), {"role": "user", "content": [result]}]
    second = await ask(history)
    assert (second.content[-1].type, second.stop_reason) == ("text", "end_turn")
    assert second.usage.input_tokens > 0
    assert clients.worker.ends()[-1].status is CallStatus.OK


@pytest.mark.parametrize("effort", [None, "low"])
async def test_an_openai_client_goes_on_after_a_tool_call(
    clients: Clients, effort: str | None
) -> None:
    function = {"name": "magic_function", "parameters": SCHEMA}
    request: Any = {
        "model": "claude/sim-small",
        "tools": [{"type": "function", "function": function}],
        **({"reasoning_effort": effort} if effort else {}),
    }
    first = await clients.gpt.chat.completions.create(messages=[QUESTION], **request)
    message = first.choices[0].message
    assert message.tool_calls
    call: Any = message.tool_calls[0]
    assert (call.function.name, call.function.arguments.replace(" ", "")) == (
        "magic_function",
        '{"input":3}',
    )
    result = {"role": "tool", "tool_call_id": call.id, "content": "5"}
    history: Any = [QUESTION, message.to_dict(), result]
    second = await clients.gpt.chat.completions.create(messages=history, **request)
    assert second.choices[0].finish_reason == "stop"
    assert second.choices[0].message.content


@pytest.mark.parametrize("model", MODELS)
async def test_a_schema_reaches_both_dialects(clients: Clients, model: str) -> None:
    answer = await clients.claude.messages.create(
        model=model,
        max_tokens=4096,
        messages=[QUESTION],
        output_config={"format": {"type": "json_schema", "schema": SCHEMA}},
    )
    (block,) = answer.content
    assert block.type == "text"
    assert '"input"' in block.text


async def test_tokens_are_counted(clients: Clients) -> None:
    counted = await clients.claude.messages.count_tokens(
        model="claude/sim-small", messages=[QUESTION]
    )
    assert counted.input_tokens > 0
