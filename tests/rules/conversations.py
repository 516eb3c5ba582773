"""Generates neutral conversations and answers, and compares what they mean."""

import base64
import json
from collections.abc import Iterable
from typing import TypeVar

import msgspec
from hypothesis import strategies as st

from penstock.rules.call import Usage, UsageSource
from penstock.rules.neutral.answer import AnswerChoice, FinishReason, WholeAnswer
from penstock.rules.neutral.conversation import (
    Conversation,
    Hint,
    Media,
    MediaKind,
    Message,
    MessageRole,
    OutputFormat,
    Part,
    Reasoning,
    ReasoningOptions,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolMode,
    ToolResult,
    merge_messages,
)
from penstock.rules.neutral.translation import Change

T = TypeVar("T")

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
NAME = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_-]{0,12}", fullmatch=True)
DATA = st.binary(min_size=1, max_size=12).map(lambda raw: base64.b64encode(raw).decode())
JSON_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
ARGUMENTS = st.dictionaries(TEXT, JSON_VALUE, max_size=3).map(
    lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":"))
)
PROPERTIES = (
    {"city": {"type": "string"}},
    {"n": {"type": "integer"}, "tags": {"type": "array", "items": {"type": "string"}}},
)
SCHEMA = st.sampled_from(PROPERTIES).map(
    lambda properties: json.dumps(
        {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }
    ).encode()
)
IMAGE_TYPES = st.sampled_from(["image/png", "image/jpeg", "image/webp", "image/gif"])
IMAGES = st.builds(Media, st.just(MediaKind.IMAGE), IMAGE_TYPES, DATA)
TEXTS = st.builds(Text, TEXT)
USER_PARTS = st.lists(TEXTS | IMAGES, min_size=1, max_size=3)


@st.composite
def exchanges(draw: st.DrawFn, number: int) -> list[Message]:
    """A user's message, and perhaps calls of the model with their results."""
    messages = [Message(MessageRole.USER, tuple(draw(USER_PARTS)))]
    names = draw(st.lists(NAME, max_size=3))
    calls = [
        ToolCall(f"call_{number}_{at}", name, draw(ARGUMENTS)) for at, name in enumerate(names)
    ]
    texts = draw(st.lists(TEXTS, max_size=1))
    if calls or texts:
        messages.append(Message(MessageRole.ASSISTANT, (*texts, *calls)))
    if calls:
        results = tuple(
            ToolResult(call.id, tuple(draw(st.lists(TEXTS, min_size=1, max_size=2))))
            for call in calls
        )
        messages.append(Message(MessageRole.USER, results))
    return messages


@st.composite
def conversations(draw: st.DrawFn) -> Conversation:
    """A conversation that each of the chat dialects must be able to express."""
    messages = [Message(MessageRole.SYSTEM, (text,)) for text in draw(st.lists(TEXTS, max_size=1))]
    for number in range(draw(st.integers(1, 3))):
        messages += draw(exchanges(number))
    if messages[-1].role is not MessageRole.USER:
        messages.append(Message(MessageRole.USER, (draw(TEXTS),)))
    tools = draw(st.lists(st.builds(Tool, NAME, TEXT, SCHEMA), max_size=3, unique_by=_name))
    choice = None
    if tools:
        modes = st.builds(ToolChoice, st.sampled_from(ToolMode))
        named = st.builds(ToolChoice, st.just(ToolMode.REQUIRED), st.just((tools[0].name,)))
        choice = draw(st.none() | modes | named)
    return Conversation(
        messages=merge_messages(messages),
        tools=tuple(tools),
        tool_choice=choice,
        output=draw(st.none() | st.builds(OutputFormat, SCHEMA, st.just("answer"))),
        reasoning=draw(
            st.none() | st.builds(ReasoningOptions, st.sampled_from(["low", "medium", "high"]))
        ),
        max_output_tokens=draw(st.none() | st.integers(1, 10_000)),
        temperature=draw(st.none() | st.sampled_from([0.0, 0.5, 1.0])),
        top_p=draw(st.none() | st.sampled_from([0.1, 0.5, 1.0])),
        stop=tuple(draw(st.lists(TEXT.filter(lambda text: not text.isspace()), max_size=2))),
        hints=draw(
            st.dictionaries(st.sampled_from([Hint.SEED, Hint.TOP_K]), st.just(b"7"), max_size=2)
        ),
    )


def _name(tool: Tool) -> str:
    return tool.name


@st.composite
def answers(draw: st.DrawFn) -> WholeAnswer:
    """An answer with one choice, as each of the chat dialects can express it."""
    texts = draw(st.lists(TEXTS, max_size=1))
    reasoning = draw(st.lists(st.builds(Reasoning, TEXT), max_size=1))
    calls = [
        ToolCall(f"call_{at}", name, draw(ARGUMENTS))
        for at, name in enumerate(draw(st.lists(NAME, max_size=3)))
    ]
    if not texts and not calls:
        texts = [Text("x")]
    reasons = [FinishReason.TOOL_CALLS] if calls else [FinishReason.STOP, FinishReason.LENGTH]
    choice = AnswerChoice((*reasoning, *texts, *calls), draw(st.sampled_from(reasons)))
    cached = draw(st.integers(0, 50))
    reasoned = draw(st.integers(0, 50))
    usage = Usage(
        input_tokens=cached + draw(st.integers(0, 1000)),
        output_tokens=reasoned + draw(st.integers(1, 1000)),
        cache_read_tokens=cached,
        reasoning_tokens=reasoned,
        source=UsageSource.PROVIDER,
    )
    return WholeAnswer(draw(NAME), draw(NAME), draw(st.integers(1, 2**31)), (choice,), usage)


def meaning(conversation: Conversation, changes: Iterable[Change] = ()) -> dict[str, object]:
    """What a conversation says, as plain values, without its dialect and its hints, and without
    the fields that `changes` names."""
    changed = {change.field for change in changes}
    said = msgspec.structs.asdict(conversation)
    said["messages"] = merge_messages(
        [
            msgspec.structs.replace(message, parts=meaning_of(message.parts, changed), name="")
            for message in conversation.messages
        ]
    )
    if conversation.output is not None:
        said["output"] = (json.loads(conversation.output.schema or b"null"),)
    options = conversation.reasoning
    if options is not None and options.effort and options.budget == -1:
        said["reasoning"] = msgspec.structs.replace(options, budget=None)  # the same: no number
    said["tools"] = [_tool(tool) for tool in conversation.tools]
    for name in ("dialect", "hints", *(field.split(".")[0] for field in changed)):
        said.pop(name, None)
    return said


def _tool(tool: object) -> object:
    if not isinstance(tool, Tool):
        return tool
    return (tool.name, tool.description, json.loads(tool.parameters or b"null"))


def meaning_of(parts: Iterable[Part], changed: Iterable[str] = ()) -> tuple[Part, ...]:
    """What the parts say."""
    return tuple(
        _meaning(part)
        for part in parts
        if not (isinstance(part, Reasoning) and "reasoning" in changed)
        and not (isinstance(part, Text) and part.text.isspace() and "text.blank" in changed)
    )


def _meaning(part: Part) -> Part:
    match part:
        case Text(text):
            return Text(text)
        case ToolCall(id_, name, arguments):
            plain = json.dumps(json.loads(arguments or "{}"), sort_keys=True)
            return ToolCall(id_, name, plain)
        case ToolResult(call_id, inner, is_error):
            text = "".join(one.text for one in inner if isinstance(one, Text))
            rest = [one for one in inner if not isinstance(one, Text)]
            return ToolResult(call_id, (Text(text), *rest), is_error)
        case Media():
            return msgspec.structs.replace(part, detail="", cache="", citations=False)
        case Reasoning(text):
            return Reasoning(text)
        case _:
            return part
