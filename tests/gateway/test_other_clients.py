"""Clients of vendors without a surface of their own: Mistral's by OpenAI's surface, Cohere's by
rerankings and other paths, AWS's by other paths. The simulator of their vendor is behind.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import botocore.session
import pytest
import pytest_asyncio
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from cohere import ClientV2
from cohere.core.api_error import ApiError
from mistralai.client import Mistral
from mistralai.client.errors import SDKError

from gateway.homes import KEY, make_home, provider
from gateway.worker import Worker, worker
from penstock.rules.call import CallStatus
from sim.conftest import Sim

pytestmark = pytest.mark.asyncio(loop_scope="module")

OPEN = {"passthrough": "yes"}
HELLO: Any = {"role": "user", "content": "Hello!"}
QUESTION: Any = {"role": "user", "content": "What is the value of magic of input 3?"}
MAGIC: Any = {
    "type": "function",
    "function": {
        "name": "magic",
        "parameters": {
            "type": "object",
            "properties": {"input": {"type": "integer"}},
            "required": ["input"],
        },
    },
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Worker]:
    simulated = Sim({})
    base = simulated.address
    aws = provider(base, "aws", kind="bedrock", models=(), secret_id="sec_aws", quirks=OPEN)
    providers = [
        provider(f"{base}/v1", "gpt", models=()),
        provider(f"{base}/v1", "claude", kind="anthropic", models=()),
        provider(f"{base}/v2", "co", kind="cohere", models=(), quirks=OPEN),
        provider(base, "co-root", models=(), quirks=OPEN),
        aws,
    ]
    pair = {"sec_aws": "AKIDSIM:secret-of-AKIDSIM"}
    home = tmp_path_factory.mktemp("others") / "home"
    try:
        async with worker(make_home(home, providers, secrets_by_id=pair)) as running:
            yield running
    finally:
        simulated.stop()


async def ask(asking: Callable[..., Any], *arguments: Any) -> Any:
    """The clients are synchronous: they run in a thread."""
    return await asyncio.to_thread(asking, *arguments)


def mistral(gateway: Worker, model: str) -> tuple[str, str, Any, str]:
    with Mistral(KEY, server_url=gateway.url) as client:
        whole = client.chat.complete(model=model, messages=[HELLO], max_tokens=200)
        with client.chat.stream(model=model, messages=[HELLO], max_tokens=200) as stream:
            streamed = "".join(
                str(e.data.choices[0].delta.content or "") for e in stream if e.data.choices
            )
        called = client.chat.complete(model=model, messages=[QUESTION], tools=[MAGIC])
        message: Any = called.choices[0].message
        result = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "5"}
        after = client.chat.complete(
            model=model, messages=[QUESTION, message, result], tools=[MAGIC]
        )  # pyright: ignore[reportArgumentType] - literals
    return (
        str(whole.choices[0].message.content),  # pyright: ignore[reportOptionalMemberAccess] - there
        streamed,
        message.tool_calls[0].function,
        str(after.choices[0].finish_reason),
    )


@pytest.mark.parametrize("model", ["gpt/sim-small", "claude/sim-small", "co/command-a"])
async def test_mistrals_client(gateway: Worker, model: str) -> None:
    text, streamed, call, after = await ask(mistral, gateway, model)
    assert text == streamed != ""
    assert (call.name, call.arguments.replace(" ", "")) == ("magic", '{"input":3}')
    assert after == "stop"


async def test_errors_reach_mistrals_client(gateway: Worker) -> None:
    def wrong() -> None:
        with Mistral("pk_wrong", server_url=gateway.url) as client:
            client.chat.complete(model="gpt/sim-small", messages=[HELLO])

    with pytest.raises(SDKError) as raised:
        await ask(wrong)
    assert raised.value.status_code == 401


async def test_coheres_client_ranks(gateway: Worker) -> None:
    documents = ["The turbine turns.", "Paris is the capital of France."]

    def rank() -> Any:
        with ClientV2(KEY, base_url=gateway.url, max_retries=0) as client:
            return client.rerank(
                model="co/rerank-v3.5", query="What is the capital of France?", documents=documents
            )

    answer = await ask(rank)
    assert [one.index for one in answer.results] == [1, 0]
    assert answer.meta.billed_units.search_units == 1


async def test_coheres_client_chats_by_other_paths(gateway: Worker) -> None:
    """Its paths begin with the version, so that the provider's base URL must not have one."""

    def chat(content: str) -> Any:
        passing = f"{gateway.url}/passthrough/co-root"
        message: Any = {"role": "user", "content": content}
        with ClientV2(KEY, base_url=passing, max_retries=0) as client:
            whole = client.chat(model="command-a", messages=[message])
            events = list(client.chat_stream(model="command-a", messages=[message]))
        return whole, [each.delta.message.content.text for each in events if "delta" in each.type]  # pyright: ignore[reportAttributeAccessIssue, reportOptionalMemberAccess] - there

    whole, deltas = await ask(chat, "Hello!")
    assert whole.message.content[0].text == "".join(deltas) != ""
    with pytest.raises(ApiError) as raised:
        await ask(chat, "x-sim-fault: 429")
    assert raised.value.status_code == 429


def converse(gateway: Worker, content: str) -> tuple[Any, str]:
    """One call and one stream with AWS's client. Instead of a signature it sends the gateway's key;
    it takes bearer tokens for HTTPS only."""

    def with_key(params: dict[str, Any], **_: Any) -> None:
        params["headers"]["authorization"] = f"Bearer {KEY}"

    session = botocore.session.Session()
    client = session.create_client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=f"{gateway.url}/passthrough/aws",
        config=Config(retries={"total_max_attempts": 1}, signature_version=UNSIGNED),
    )
    client.meta.events.register("before-call.bedrock-runtime", with_key)
    asked: Any = {
        "modelId": "amazon.nova-pro-v1:0",
        "messages": [{"role": "user", "content": [{"text": content}]}],
    }
    try:
        whole = client.converse(**asked)
        events = list(client.converse_stream(**asked)["stream"])
    finally:
        client.close()
    deltas = [e["contentBlockDelta"]["delta"]["text"] for e in events if "contentBlockDelta" in e]
    return whole, "".join(deltas)


async def test_awss_client_by_other_paths(gateway: Worker) -> None:
    whole, streamed = await ask(converse, gateway, "Hello!")
    assert whole["output"]["message"]["content"] == [{"text": streamed}]
    assert whole["usage"]["outputTokens"] > 0
    end = gateway.ends()[-1]
    assert (end.status, end.begin.operation) == (CallStatus.OK, "pass_through")
    with pytest.raises(ClientError) as raised:
        await ask(converse, gateway, "x-sim-fault: 429")
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
