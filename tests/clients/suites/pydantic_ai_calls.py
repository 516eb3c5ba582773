"""pydantic-ai: an agent over its model classes. That for Anthropic does not work with versions 1
and 2 of Anthropic's client, which other clients here need.
"""

from typing import Any

from over import DESCRIBE, GATEWAY, HELLO, KEY, TWICE, Magic, Over, each
from pydantic import BaseModel
from pydantic_ai import Agent, NativeOutput
from pydantic_ai.models.google import GoogleModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.google import GoogleProvider
from pydantic_ai.providers.openai import OpenAIProvider

CHAT, RESPONSES, GEMINI = (
    "pydantic-ai, OpenAI chat",
    "pydantic-ai, Responses",
    "pydantic-ai, Gemini",
)
OVER = list(each(CHAT, RESPONSES, GEMINI))


class City(BaseModel):
    """A city."""

    name: str
    inhabitants: int


KOELN = City(name="Köln", inhabitants=1086000)


def model(over: Over) -> Any:
    match over.row:
        case "pydantic-ai, OpenAI chat":
            return OpenAIChatModel(over.model, provider=_openai())
        case "pydantic-ai, Responses":
            return OpenAIResponsesModel(over.model, provider=_openai())
        case _:
            return GoogleModel(over.model, provider=GoogleProvider(api_key=KEY, base_url=GATEWAY))


def _openai() -> OpenAIProvider:
    return OpenAIProvider(base_url=f"{GATEWAY}/v1", api_key=KEY)


async def test_chat(over: Over) -> None:
    assert (await Agent(model(over)).run(HELLO)).output


async def test_stream(over: Over) -> None:
    async with Agent(model(over)).run_stream(HELLO) as result:
        pieces = [piece async for piece in result.stream_text(delta=True)]
    assert "".join(pieces)


async def test_parallel_tools(over: Over) -> None:
    tool = Magic()
    agent = Agent(model(over), tools=[tool.magic])
    tool.check((await agent.run(TWICE)).output)


async def test_parallel_tools_in_a_stream(over: Over) -> None:
    tool = Magic()
    agent = Agent(model(over), tools=[tool.magic])
    async with agent.run_stream(TWICE) as result:
        text = await result.get_output()
    tool.check(text)


async def test_structured_output(over: Over) -> None:
    agent = Agent(model(over), output_type=NativeOutput(City))
    assert (await agent.run(DESCRIBE)).output == KOELN


async def test_output_by_a_tool(over: Over) -> None:
    agent = Agent(model(over), output_type=City)
    assert (await agent.run(DESCRIBE)).output == KOELN
