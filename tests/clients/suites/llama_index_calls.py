"""LlamaIndex: its class for servers with OpenAI's format, and its agent."""

from typing import Any

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.prompts import PromptTemplate
from llama_index.llms.openai_like import OpenAILike
from over import DESCRIBE, GATEWAY, HELLO, KEY, TWICE, Magic, Over, each
from pydantic import BaseModel

OVER = list(each("LlamaIndex"))


class City(BaseModel):
    """A city."""

    name: str
    inhabitants: int


def llm(over: Over) -> Any:
    return OpenAILike(
        model=over.model,
        api_base=f"{GATEWAY}/v1",
        api_key=KEY,
        is_chat_model=True,
        is_function_calling_model=True,
        max_retries=0,
    )


def test_chat(over: Over) -> None:
    assert llm(over).chat([ChatMessage(role="user", content=HELLO)]).message.content


def test_stream(over: Over) -> None:
    chunks = list(llm(over).stream_chat([ChatMessage(role="user", content=HELLO)]))
    assert "".join(each.delta or "" for each in chunks) == chunks[-1].message.content != ""


async def test_parallel_tools(over: Over) -> None:
    tool = Magic()
    agent = FunctionAgent(tools=[tool.magic], llm=llm(over))
    tool.check(str(await agent.run(TWICE)))


def test_structured_output(over: Over) -> None:
    city = llm(over).structured_predict(City, PromptTemplate(DESCRIBE))
    assert city == City(name="Köln", inhabitants=1086000)
