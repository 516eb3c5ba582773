"""The simulator as Cohere, judged by its client: the types of requests and answers."""

from collections.abc import Iterator
from typing import Any

import pytest
from cohere import ClientV2
from cohere.core.api_error import ApiError

from judges.cohere_calls import CALLS
from judges.conversations import STREAMED
from judges.openai_calls import BOTH, WEATHER, call, result, user
from sim.conftest import Sim

MODEL = "command-a-03-2025"
FINISHES = ("COMPLETE", "STOP_SEQUENCE", "MAX_TOKENS", "TOOL_CALL")
QUESTION = user('Weather of "Bonn"?')


@pytest.fixture
def client(sim: Sim) -> Iterator[ClientV2]:
    with ClientV2("key", base_url=sim.address, max_retries=0) as opened:
        yield opened


def unknown_members(value: Any, at: str = "") -> set[str]:
    """The places of members that the client's types do not have."""
    if isinstance(value, list):
        return set().union(*(unknown_members(each, f"{at}[]") for each in value))
    if not hasattr(value, "model_extra"):
        return set()
    found = {f"{at}.{name}" for name in value.model_extra or ()}
    for name in type(value).model_fields:
        found |= unknown_members(getattr(value, name), f"{at}.{name}")
    return found


def collect(events: Any) -> dict[str, Any]:
    """The events of a stream as one answer."""
    found: dict[str, Any] = {"text": "", "thinking": "", "calls": []}
    for event in events:
        assert unknown_members(event) - OPENING == set()
        match event.type:
            case "content-start" | "content-delta":
                content = event.delta.message.content
                found["text"] += content.text or ""
                found["thinking"] += content.thinking or ""
            case "tool-call-start":
                made = event.delta.message.tool_calls
                found["calls"].append([made.id, made.function.name, ""])
            case "tool-call-delta":
                found["calls"][event.index][2] += event.delta.message.tool_calls.function.arguments
            case "message-end":
                found |= {"finish": event.delta.finish_reason, "usage": event.delta.usage}
            case _:
                pass
    return found


# Cohere's own first event has these; the client's types do not.
OPENING = {f".delta.message.{name}" for name in ("content", "tool_plan", "tool_calls")}


@pytest.mark.parametrize("name", CALLS)
def test_it_answers_each_judged_call(client: ClientV2, name: str) -> None:
    arguments = CALLS[name]
    if arguments is None:
        return
    if name in STREAMED:
        assert collect(client.chat_stream(**arguments))["finish"] in FINISHES
        return
    answer = client.chat(**arguments)
    assert unknown_members(answer) == set()
    assert answer.finish_reason in FINISHES
    assert answer.usage is not None


def test_a_stream_says_what_the_whole_answer_says(client: ClientV2) -> None:
    asked: Any = {
        "model": MODEL,
        "messages": [QUESTION],
        "thinking": {"type": "enabled", "token_budget": 1024},
    }
    whole = client.chat(**asked)
    streamed = collect(client.chat_stream(**asked))
    assert whole.message.content is not None
    thought, text = whole.message.content
    assert (streamed["thinking"], streamed["text"]) == (thought.thinking, text.text)  # pyright: ignore[reportAttributeAccessIssue] - the order
    assert streamed["usage"] == whole.usage


def test_a_tool_is_called_and_its_result_is_taken(client: ClientV2) -> None:
    asked: Any = {"model": MODEL, "tools": [WEATHER]}
    first = client.chat(messages=[QUESTION], **asked)
    assert first.finish_reason == "TOOL_CALL"
    assert first.message.tool_calls
    (made,) = first.message.tool_calls
    assert made.function is not None
    assert (made.function.name, made.function.arguments) == ("weather", '{"city":"Bonn"}')
    streamed = collect(client.chat_stream(messages=[QUESTION], **asked))
    assert streamed["calls"] == [[made.id, "weather", '{"city":"Bonn"}']]
    history: Any = [QUESTION, first.message, {**result(made.id)}]
    assert client.chat(messages=history, **asked).finish_reason == "COMPLETE"


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"messages": []}, "must not be empty"),
        ({"messages": [QUESTION, {"role": "assistant", "content": "Hi"}]}, "last message"),
        ({"messages": [QUESTION, result("c1")]}, "no call has the id 'c1'"),
        (
            {"messages": [{"role": "assistant", "tool_calls": [call("c1")]}, QUESTION]},
            "no result for the calls",
        ),
        ({"messages": [{"role": "assistant"}, QUESTION]}, "neither content nor tool calls"),
        ({"messages": [{"role": "boss", "content": "Hi"}]}, "Invalid value 'boss'"),
        ({"messages": [{**QUESTION, "name": "me"}]}, "unknown field `name`"),
        ({"tool_choice": "REQUIRED"}, "requires tools"),
        ({"tools": [*BOTH, WEATHER]}, "unique"),
        ({"tools": [WEATHER], "response_format": {"type": "json_object"}}, "with tools"),
        ({"p": 1.0}, "<= 0.99"),
        ({"frequency_penalty": -1.0}, ">= 0"),
        ({"stop_sequences": list("abcdef")}, "length <= 5"),
    ],
)
def test_it_refuses_what_cohere_refuses(client: ClientV2, changes: Any, match: str) -> None:
    with pytest.raises(ApiError) as raised:
        client.chat(**{"model": MODEL, "messages": [QUESTION], **changes})
    assert raised.value.status_code == 400
    assert match in str(raised.value.body)


@pytest.mark.parametrize("key", ["", "invalid"])
def test_a_wrong_key_is_refused(sim: Sim, key: str) -> None:
    with (
        ClientV2(key, base_url=sim.address, max_retries=0) as other,
        pytest.raises(ApiError) as raised,
    ):
        other.chat(model=MODEL, messages=[QUESTION])  # pyright: ignore[reportArgumentType] - a literal
    assert raised.value.status_code == 401


def test_faults_have_the_form_of_cohere(client: ClientV2) -> None:
    with pytest.raises(ApiError) as raised:
        client.chat(model=MODEL, messages=[user("x-sim-fault: 429")])  # pyright: ignore[reportArgumentType] - a literal
    assert (raised.value.status_code, raised.value.body) == (
        429,
        {"message": "you have reached your rate limit, please try again later"},
    )
    stream = client.chat_stream(model=MODEL, messages=[user("x-sim-fault: error-event")])  # pyright: ignore[reportArgumentType] - a literal
    assert collect(stream)["finish"] == "ERROR"
