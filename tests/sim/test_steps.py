"""Answers that the prompt prescribes, step by step."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.kernel.errors import InvalidRequest
from penstock.sim.answers import Choice, decide
from penstock.sim.controls import Controls
from penstock.sim.openai.chat_requests import read_chat

TOOLS = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}
    for name in ("read", "write")
]
CALLS = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(["read", "write"]),
            "arguments": st.dictionaries(st.sampled_from("ab"), st.text(max_size=9), max_size=2),
        }
    ),
    min_size=1,
    max_size=3,
)
STEPS = st.lists(CALLS.map(lambda calls: {"calls": calls}), max_size=4)


def asked(steps: list[Any], before: str = "Do it.") -> dict[str, Any]:
    lines = [f"x-sim-step: {json.dumps(step)}" for step in steps]
    return {"role": "user", "content": "\n".join([before, *lines])}


def choice(messages: list[Any], tools: Any = TOOLS, **more: Any) -> Choice:
    body = {"model": "m", "messages": messages, "tools": tools, **more}
    return decide(read_chat(json.dumps(body).encode()).prompt, Controls()).choices[0]


@settings(deadline=None)
@given(STEPS)
def test_an_agent_is_led_through_the_steps(steps: list[Any]) -> None:
    messages: list[Any] = [asked([*steps, {"text": "All done."}])]
    for step in steps:
        calls = choice(messages).tool_calls
        said = [{"name": call.name, "arguments": call.document} for call in calls]
        assert said == step["calls"]
        assert len({call.key for call in calls}) == len(calls)
        messages.append({"role": "assistant", "content": None, "tool_calls": _written(calls)})
        messages += [{"role": "tool", "tool_call_id": c.key, "content": "ok"} for c in calls]
    assert "".join(choice(messages).text) == "All done."


def _written(calls: Any) -> list[Any]:
    return [
        {
            "id": call.key,
            "type": "function",
            "function": {"name": call.name, "arguments": "".join(call.arguments)},
        }
        for call in calls
    ]


def test_a_text_keeps_its_white_space() -> None:
    text = "a.py\n\n    return  1\t# one\n```"
    assert "".join(choice([asked([{"text": text}])]).text) == text


def test_the_last_message_with_steps_counts() -> None:
    first, second = asked([{"text": "One."}]), asked([{"text": "Two."}])
    answered = {"role": "assistant", "content": "One."}
    assert "".join(choice([first, answered, second]).text) == "Two."
    done = [
        first,
        answered,
        second,
        {"role": "assistant", "content": "Two."},
        first | {"content": "?"},
    ]
    assert "".join(choice(done, tools=[]).text) not in ("One.", "Two.")


def test_a_request_for_another_kind_of_answer_gets_it() -> None:
    calling = asked([{"calls": [{"name": "read"}]}])
    assert choice([calling], tools=[]).text
    assert not choice([calling], tool_choice="none").tool_calls
    shape = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}
    answer = choice([asked([{"text": "One."}])], tools=[], response_format=shape)
    assert isinstance(json.loads("".join(answer.text)), dict)


@pytest.mark.parametrize("step", ['{"calls": [{"name": "none"}]}', '{"text": 1}', "{x}"])
def test_an_impossible_step_is_refused(step: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        choice([{"role": "user", "content": f"x-sim-step: {step}"}])
    assert raised.value.code == "invalid_simulation"
