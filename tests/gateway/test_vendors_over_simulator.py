"""Clients of two dialects over a worker, with the strict simulator of Bedrock and Cohere behind it:
turns with tools, thinking, schemas, errors. The simulator refuses what the vendor would.
"""

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from anthropic import AsyncAnthropic
from openai import AsyncOpenAI, BadRequestError, InternalServerError, RateLimitError

from gateway.homes import KEY, make_home, provider
from gateway.worker import Worker, worker
from penstock.plugins.providers import bedrock, cohere
from penstock.rules.call import CallStatus, UsageSource
from penstock.spi.chat import ProviderConfig
from sim.conftest import Sim

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY_PAIR = "AKIDSIM:secret-of-AKIDSIM"
QUESTION: Any = {"role": "user", "content": "What is the value of magic_function of input 3?"}
SCHEMA: Any = {
    "type": "object",
    "properties": {"input": {"type": "integer"}},
    "required": ["input"],
    "additionalProperties": False,
}
MAGIC: Any = {"type": "function", "function": {"name": "magic_function", "parameters": SCHEMA}}
MODELS = (
    "aws/anthropic.claude-sonnet-4-5-20250929-v1:0",
    "aws-key/amazon.nova-pro",
    "co/command-a",
)


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
    home = tmp_path_factory.mktemp("vendors") / "home"
    address = simulated.address
    aws = provider(address, "aws", kind="bedrock", models=(), secret_id="sec_aws")
    wrong = provider(address, "aws-wrong", kind="bedrock", models=(), secret_id="sec_wrong")
    bearer = provider(address, "aws-key", kind="bedrock", models=())
    other = provider(f"{address}/v2", "co", kind="cohere", models=())
    known = {"sec_aws": KEY_PAIR, "sec_wrong": "AKIDSIM:another-secret"}
    make_home(home, [aws, wrong, bearer, other], secrets_by_id=known)
    async with (
        worker(home) as running,
        AsyncAnthropic(base_url=running.url, api_key=KEY, max_retries=0) as claude,
        AsyncOpenAI(base_url=f"{running.url}/v1", api_key=KEY, max_retries=0) as gpt,
    ):
        yield Clients(running, claude, gpt)


@pytest.mark.parametrize("model", MODELS)
async def test_a_stream_says_what_the_whole_answer_says(clients: Clients, model: str) -> None:
    asked: Any = {"model": model, "messages": [{"role": "user", "content": "Hello!"}]}
    whole = await clients.gpt.chat.completions.create(**asked)
    usage: Any = {"include_usage": True}
    stream = await clients.gpt.chat.completions.create(**asked, stream=True, stream_options=usage)
    chunks = [chunk async for chunk in stream]
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == whole.choices[0].message.content != ""
    assert whole.usage is not None
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens > 0
    end = clients.worker.ends()[-1]
    assert (end.status, end.usage.source) == (CallStatus.OK, UsageSource.PROVIDER)


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("thinking", [None, {"type": "enabled", "budget_tokens": 1024}])
@pytest.mark.parametrize("model", MODELS)
async def test_a_claude_client_goes_on_after_a_tool_call(
    clients: Clients, model: str, thinking: Any, *, streams: bool
) -> None:
    tool = {"name": "magic_function", "input_schema": SCHEMA}
    request: Any = {"model": model, "max_tokens": 4096, "tools": [tool]}
    if thinking:
        request["thinking"] = thinking

    async def ask(messages: Any) -> Any:
        if not streams:
            return await clients.claude.messages.create(messages=messages, **request)
        async with clients.claude.messages.stream(messages=messages, **request) as stream:
            return await stream.get_final_message()

    first = await ask([QUESTION])
    call = first.content[-1]
    assert (call.name, call.input) == ("magic_function", {"input": 3})
    assert first.stop_reason == "tool_use"
    thinks = bool(thinking) and "nova" not in model  # Nova takes no budget
    assert any(block.type == "thinking" for block in first.content) is thinks
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "5"}
    history = [QUESTION, first.to_param(), {"role": "user", "content": [result]}]
    second = await ask(history)
    assert (second.content[-1].type, second.stop_reason) == ("text", "end_turn")


@pytest.mark.parametrize("model", MODELS)
async def test_parallel_calls_and_their_results(clients: Clients, model: str) -> None:
    question: Any = {**QUESTION, "content": QUESTION["content"] + "\nx-sim-tool-calls: 3"}
    asked: Any = {"model": model, "tools": [MAGIC]}
    first = await clients.gpt.chat.completions.create(messages=[question], **asked)
    message = first.choices[0].message
    assert message.tool_calls
    assert len({call.id for call in message.tool_calls}) == 3
    results = [
        {"role": "tool", "tool_call_id": call.id, "content": "5"} for call in message.tool_calls
    ]
    history: Any = [question, message.to_dict(), *results]
    second = await clients.gpt.chat.completions.create(messages=history, **asked)
    assert second.choices[0].finish_reason == "stop"


@pytest.mark.parametrize("model", MODELS)
async def test_a_schema_reaches_the_provider(clients: Clients, model: str) -> None:
    shape: Any = {
        "type": "json_schema",
        "json_schema": {"name": "magic", "schema": SCHEMA, "strict": True},
    }
    answer = await clients.gpt.chat.completions.create(
        model=model, messages=[QUESTION], response_format=shape
    )
    assert json.loads(answer.choices[0].message.content or "") == {"input": 3}


@pytest.mark.parametrize("model", MODELS)
async def test_errors_keep_their_class(clients: Clients, model: str) -> None:
    asked: Any = {"role": "user", "content": "x-sim-fault: 429"}
    with pytest.raises(RateLimitError):
        await clients.gpt.chat.completions.create(model=model, messages=[asked])
    empty: Any = {"role": "assistant", "content": "Hi"}
    with pytest.raises(BadRequestError):
        await clients.gpt.chat.completions.create(model=model, messages=[QUESTION, empty])


async def test_a_wrong_secret_is_the_providers_error(clients: Clients) -> None:
    with pytest.raises(InternalServerError) as raised:
        await clients.gpt.chat.completions.create(
            model="aws-wrong/anthropic.claude", messages=[QUESTION]
        )
    assert (raised.value.status_code, raised.value.code) == (502, "upstream_credential")


@pytest.mark.parametrize(("plugin", "base"), [(bedrock.create(), ""), (cohere.create(), "/v2")])
async def test_the_models_are_listed(simulated: Sim, plugin: Any, base: str) -> None:
    request = plugin.build_model_list(ProviderConfig("p", simulated.address + base, KEY_PAIR))
    headers = {name.decode(): value.decode() for name, value in request.headers}
    asked = urllib.request.Request(request.url, headers=headers)
    answer = await asyncio.to_thread(urllib.request.urlopen, asked, timeout=30)
    with answer:
        assert "sim-small" in plugin.read_model_list(answer.read())
