"""Chat completions by the official SDK: structured output, tools over two turns, reasoning."""

import json
from typing import Any

import pytest
from pydantic import BaseModel

from gateway.conftest import Rig
from gateway.raw_upstream import answers, unary

pytestmark = pytest.mark.asyncio(loop_scope="module")


class City(BaseModel):
    name: str
    inhabitants: int


def whole(reason: str, **message: Any) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": None, **message}}
    body = {"id": "c", "object": "chat.completion", "created": 1, "model": "small-1"}
    return unary(json.dumps({**body, "choices": [{**choice, "finish_reason": reason}]}).encode())


async def test_an_answer_is_parsed_as_a_pydantic_model(rig: Rig) -> None:
    rig.answer(answers(whole("stop", content='{"name":"Köln","inhabitants":1073096}')))
    async with rig.openai() as client:
        answer = await client.chat.completions.parse(
            model="small", messages=[{"role": "user", "content": "Hi"}], response_format=City
        )
    assert answer.choices[0].message.parsed == City(name="Köln", inhabitants=1073096)
    sent = json.loads(rig.upstream.seen[0].body)
    assert sent["response_format"]["json_schema"]["schema"]["required"] == ["name", "inhabitants"]


async def test_tools_and_reasoning_over_two_turns(rig: Rig) -> None:
    function = {"name": "weather", "arguments": '{"city":"Zürich"}'}
    calls = [{"id": "call_1", "type": "function", "function": function}]
    rig.answer(answers(whole("tool_calls", tool_calls=calls, reasoning_content="Hm")))
    history: list[Any] = [{"role": "user", "content": "Weather?"}]
    tools: Any = [{"type": "function", "function": {"name": "weather", "parameters": {}}}]
    async with rig.openai() as client:
        first = await client.chat.completions.create(model="small", messages=history, tools=tools)
        message = first.choices[0].message
        assert message.model_extra == {"reasoning_content": "Hm"}
        history.append(message.model_dump(exclude_none=True))
        history.append({"role": "tool", "tool_call_id": "call_1", "content": "21 °C"})
        rig.answer(answers(whole("stop", content="Warm")))
        second = await client.chat.completions.create(model="small", messages=history, tools=tools)
    assert second.choices[0].message.content == "Warm"
    sent = json.loads(rig.upstream.seen[0].body)["messages"]
    assert sent == history
    assert (sent[1]["reasoning_content"], sent[1]["tool_calls"]) == ("Hm", calls)
