"""Requests of Anthropic's own types: what is read is written again, or rejected, leaf by leaf."""

import json
from typing import Any, get_type_hints

import pytest
from anthropic.types import UserMessageParam
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.kernel.errors import InvalidRequest
from penstock.rules.neutral.conversation import (
    Conversation,
    Hint,
    Media,
    MediaKind,
    Message,
    MessageRole,
    Reasoning,
    ReasoningOptions,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolMode,
    ToolResult,
)
from penstock.rules.neutral.translation import Written
from penstock.rules.wire.anthropic.request_reader import read_request
from penstock.rules.wire.anthropic.request_writer import write_request
from rules.dialects import OPENAI
from rules.sdk_documents import Documents, kinds_in, texts_in

MEMBERS = get_type_hints(MessageCreateParamsNonStreaming, include_extras=True)
CONTENT = get_type_hints(UserMessageParam)["content"]
KINDS = {
    **{("content", kind.__name__): kind for kind in kinds_in(CONTENT)},
    **{("tools", kind.__name__): kind for kind in kinds_in(MEMBERS["tools"])},
    **{(name, ""): hint for name, hint in MEMBERS.items() if name not in ("messages", "tools")},
}
SLOW = settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def requests(draw: st.DrawFn, place: str, kind: Any) -> dict[str, Any]:
    """A request with a value of `kind` at its place."""
    made = Documents(draw).make(kind)
    messages = [{"role": "user", "content": [made] if place == "content" else "Hi"}]
    request = {"model": "m", "max_tokens": 9, "messages": messages}
    if place == "content":
        return request
    return {**request, place: [made] if place == "tools" else made}


@pytest.mark.parametrize(("place", "name"), KINDS)
@SLOW
@given(data=st.data())
def test_every_leaf_of_a_request_is_kept(place: str, name: str, data: st.DataObject) -> None:
    document = data.draw(requests(place, KINDS[place, name]))
    conversation = read_request(json.dumps(document).encode())
    body, changes = write_request(conversation, document["model"])
    assert texts_in(json.loads(body)) >= _said(document)
    assert {change.field for change in changes} <= {"reasoning", "reasoning.summary"}


@pytest.mark.parametrize(("place", "name"), KINDS)
@SLOW
@given(data=st.data())
def test_every_leaf_reaches_another_dialect_or_is_named(
    place: str, name: str, data: st.DataObject
) -> None:
    document = data.draw(requests(place, KINDS[place, name]))
    conversation = read_request(json.dumps(document).encode())
    rejected: InvalidRequest | None = None
    found = Written(b"")
    try:
        found = OPENAI.write(conversation)
    except InvalidRequest as error:
        rejected = error
    if rejected is not None:
        assert (rejected.code, bool(rejected.param)) == ("not_translatable", True)
        return
    texts = {text for text in texts_in(document) - {document["model"]} if text.startswith("text")}
    lost = {text for text in texts if text.encode() not in found.body}
    assert not lost or found.changes


def _said(value: Any) -> set[str]:
    """The texts that say something: neither kinds and roles nor the default lifetime."""
    if isinstance(value, list):
        return set().union(*map(_said, value))
    if isinstance(value, dict):
        members = [each for name, each in value.items() if name not in ("type", "role")]
        return set().union(*map(_said, members))
    return texts_in(value) - {"5m"}


def ask(*parts: Any, **members: Any) -> Conversation:
    return Conversation((Message(MessageRole.USER, parts or (Text("Hi"),)),), **members)


def sent(conversation: Conversation, model: str = "m") -> dict[str, Any]:
    return json.loads(write_request(conversation, model).body)


def changes(conversation: Conversation, model: str = "m") -> set[str]:
    found = write_request(conversation, model).changes
    return {f"{change.kind.value}:{change.field}" for change in found} - {
        "changed:max_output_tokens"
    }


@pytest.mark.parametrize(
    ("model", "thinking", "effort"),
    [
        ("claude-3-7-sonnet-20250219", {"type": "enabled", "budget_tokens": 16384}, None),
        ("claude-sonnet-4-20250514", {"type": "enabled", "budget_tokens": 16384}, None),
        ("claude-opus-4-1-20250805", {"type": "enabled", "budget_tokens": 16384}, None),
        ("claude-haiku-4-5", {"type": "enabled", "budget_tokens": 16384}, None),
        ("claude-opus-4-6", {"type": "adaptive"}, "high"),
        ("claude-opus-4-10", {"type": "adaptive"}, "high"),
        ("claude-opus-5-5", {"type": "adaptive"}, "high"),
        ("another", {"type": "adaptive"}, "high"),
    ],
)
def test_effort_becomes_what_the_model_accepts(
    model: str, thinking: dict[str, Any], effort: str | None
) -> None:
    request = sent(ask(reasoning=ReasoningOptions("high")), model)
    assert request["thinking"] == thinking
    assert request.get("output_config", {}).get("effort") == effort


@pytest.mark.parametrize(
    ("options", "limit", "thinking", "named"),
    [
        (ReasoningOptions(budget=5000), 9000, 5000, set()),
        (ReasoningOptions(budget=50), 9000, 1024, {"changed:reasoning.budget"}),
        (ReasoningOptions(budget=9000), 5000, 4999, {"changed:reasoning.budget"}),
        (ReasoningOptions(budget=9000), 1000, None, {"changed:reasoning.budget"}),
        (ReasoningOptions("low"), 9000, 2048, {"changed:reasoning.effort"}),
    ],
)
def test_a_budget_fits_into_the_limit(
    options: ReasoningOptions, limit: int, thinking: int | None, named: set[str]
) -> None:
    conversation = ask(reasoning=options, max_output_tokens=limit)
    found = sent(conversation, "claude-sonnet-4-5").get("thinking", {})
    assert found.get("budget_tokens") == thinking
    assert changes(conversation, "claude-sonnet-4-5") == named


def test_a_tool_that_must_be_called_excludes_thinking() -> None:
    must = ToolChoice(ToolMode.REQUIRED)
    conversation = ask(reasoning=ReasoningOptions("low"), tool_choice=must, tools=(Tool("f"),))
    assert "thinking" not in sent(conversation)
    assert changes(conversation) == {"changed:reasoning"}


def after_a_call(*before: Reasoning) -> Conversation:
    call = ToolCall("c", "f", "{}")
    return Conversation(
        (
            Message(MessageRole.USER, (Text("Hi"),)),
            Message(MessageRole.ASSISTANT, (*before, call)),
            Message(MessageRole.USER, (ToolResult("c", (Text("1"),)),)),
        ),
        reasoning=ReasoningOptions(budget=2000),
        max_output_tokens=4000,
    )


def test_thinking_is_disabled_if_that_of_the_last_calls_is_lost() -> None:
    model = "claude-sonnet-4-5"
    foreign = Reasoning("hm", "sig", dialect="gemini")
    own = Reasoning("hm", "sig", dialect="anthropic")
    assert "thinking" not in sent(after_a_call(foreign), model)
    assert changes(after_a_call(foreign), model) == {"changed:reasoning", "dropped:reasoning"}
    assert sent(after_a_call(own), model)["thinking"]["type"] == "enabled"
    assert changes(after_a_call(own), model) == set()


@pytest.mark.parametrize(
    ("model", "members", "sampling", "named"),
    [
        ("m", {"temperature": 1.7}, {"temperature": 1.0}, {"changed:temperature"}),
        ("m", {"temperature": 0.2, "top_p": 0.5}, {"temperature": 0.2}, {"dropped:top_p"}),
        ("claude-opus-5-5", {"temperature": 0.2}, {}, {"dropped:temperature"}),
        ("claude-opus-4-6", {"top_p": 0.5}, {"top_p": 0.5}, set()),
        ("claude-opus-5-5", {"hints": {Hint.TOP_K: b"5"}}, {}, {"dropped:top_k"}),
        ("claude-3-haiku", {"hints": {Hint.TOP_K: b"5"}}, {"top_k": 5}, set()),
    ],
)
def test_sampling_is_what_the_model_accepts(
    model: str, members: dict[str, Any], sampling: dict[str, float], named: set[str]
) -> None:
    request = sent(ask(**members), model)
    found = {name: request[name] for name in ("temperature", "top_p", "top_k") if name in request}
    assert (found, changes(ask(**members), model)) == (sampling, named)


def test_roles_alternate_and_empty_texts_are_left_out() -> None:
    conversation = Conversation(
        (
            Message(MessageRole.USER, (Text("a"),), "ann"),
            Message(MessageRole.USER, (Text("b"), Text(""))),
            Message(MessageRole.ASSISTANT, (Reasoning("hm", dialect="openai"),)),
            Message(MessageRole.SYSTEM, (Text("later"),)),
            Message(MessageRole.USER, (Text("c"), ToolResult("x y", (Text("r"),)))),
        )
    )
    request = sent(conversation)
    assert request["system"] == "later"
    (message,) = request["messages"]
    result = {"type": "tool_result", "tool_use_id": "x_y", "content": "r"}
    texts = [{"type": "text", "text": text} for text in "abc"]
    assert message["content"] == [result, *texts]
    assert changes(conversation) == {
        *("dropped:name", "dropped:reasoning", "changed:system.position"),
        *("changed:tool_result.position", "changed:tool_call.id"),
    }


def test_arguments_that_are_no_object_are_wrapped() -> None:
    call = Message(MessageRole.ASSISTANT, (ToolCall("c", "f", "[1"),))
    conversation = Conversation((Message(MessageRole.USER, (Text("Hi"),)), call))
    block = sent(conversation)["messages"][1]["content"][0]
    assert block["input"] == {"INVALID_JSON": "[1"}
    assert changes(conversation) == {"changed:tool_call.arguments"}


@pytest.mark.parametrize("eager", [True, False])
def test_how_arguments_are_cut_is_a_hint(eager: bool) -> None:
    tool = {"name": "f", "input_schema": {"type": "object"}, "eager_input_streaming": eager}
    message = {"role": "user", "content": "Hi"}
    body = {"model": "m", "max_tokens": 9, "messages": [message], "tools": [tool]}
    found = read_request(json.dumps(body).encode())
    assert json.loads(write_request(found, "m", stream=False).body)["tools"] == [tool]
    changed = [change.text for change in OPENAI.write(found).changes]
    assert changed == ["dropped:eager_input_streaming"]


def test_a_choice_of_several_tools_leaves_out_the_others() -> None:
    choice = ToolChoice(ToolMode.REQUIRED, ("f", "g"))
    conversation = ask(tool_choice=choice, tools=(Tool("f"), Tool("g"), Tool("h")))
    request = sent(conversation)
    assert [tool["name"] for tool in request["tools"]] == ["f", "g"]
    assert request["tool_choice"] == {"type": "any"}
    assert changes(conversation) == {"changed:tool_choice.names"}


def test_a_text_document_in_base64_becomes_a_text() -> None:
    document = Media(MediaKind.DOCUMENT, "text/markdown", "R3LDvMOfZQ==", name="a.md")
    block = sent(ask(document))["messages"][0]["content"][0]
    source = {"type": "text", "media_type": "text/plain", "data": "Grüße"}
    assert block == {"type": "document", "title": "a.md", "source": source}


@pytest.mark.parametrize(("neutral", "own"), [(b'"default"', "standard_only"), (b'"flex"', None)])
def test_service_tiers_have_words_of_their_own(neutral: bytes, own: str | None) -> None:
    hints = {Hint.SERVICE_TIER: neutral}
    assert sent(ask(hints=hints)).get("service_tier") == own
    assert changes(ask(hints=hints)) == (set() if own else {"dropped:service_tier"})
