"""Semantic Kernel: its OpenAI connector with an own client, and automatic function calls."""

import json
from typing import Annotated, Any

from openai import AsyncOpenAI
from over import DESCRIBE, GATEWAY, HELLO, KEY, TWICE, Magic, Over, each
from pydantic import BaseModel
from semantic_kernel import Kernel
from semantic_kernel.connectors.ai import FunctionChoiceBehavior
from semantic_kernel.connectors.ai.open_ai import (
    OpenAIChatCompletion,
    OpenAIChatPromptExecutionSettings,
)
from semantic_kernel.contents import ChatHistory
from semantic_kernel.functions import kernel_function

OVER = list(each("Semantic Kernel"))


class City(BaseModel):
    name: str
    inhabitants: int


def service(over: Over) -> OpenAIChatCompletion:
    client = AsyncOpenAI(base_url=f"{GATEWAY}/v1", api_key=KEY, max_retries=0)
    return OpenAIChatCompletion(ai_model_id=over.model, async_client=client)


def asking(text: str) -> ChatHistory:
    history = ChatHistory()
    history.add_user_message(text)
    return history


async def test_chat(over: Over) -> None:
    answer = await service(over).get_chat_message_content(
        asking(HELLO), OpenAIChatPromptExecutionSettings()
    )
    assert str(answer)


async def test_stream(over: Over) -> None:
    pieces = service(over).get_streaming_chat_message_content(
        asking(HELLO), OpenAIChatPromptExecutionSettings()
    )
    assert "".join([str(piece) async for piece in pieces])


async def test_parallel_tools(over: Over) -> None:
    tool = Magic()

    class Plugin:
        @kernel_function(name="magic", description="Applies a magic function to an input.")
        def magic(self, input: Annotated[int, "The input"]) -> int:  # noqa: A002 - as in the question
            return tool.magic(input)

    kernel = Kernel()
    kernel.add_plugin(Plugin(), "tools")
    settings = OpenAIChatPromptExecutionSettings(
        function_choice_behavior=FunctionChoiceBehavior.Auto()
    )
    answer: Any = await service(over).get_chat_message_content(
        asking(TWICE), settings, kernel=kernel
    )
    tool.check(str(answer))


async def test_structured_output(over: Over) -> None:
    settings = OpenAIChatPromptExecutionSettings(response_format=City)
    answer = await service(over).get_chat_message_content(asking(DESCRIBE), settings)
    assert json.loads(str(answer)) == {"name": "Köln", "inhabitants": 1086000}
