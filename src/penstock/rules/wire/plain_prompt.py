"""Conversations for models that take one prompt: a text in, a text out.

The rules are those of all such formats. Their writers say how a system text and options go out.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import msgspec

from penstock.rules.neutral.conversation import (
    Conversation,
    Hint,
    Message,
    MessageRole,
    Part,
    Reasoning,
    Refusal,
    Text,
)
from penstock.rules.neutral.translation import Changes, Rule, reject

CHOICES: Final = Rule("choice_count", "the model gives one answer only.")
HISTORY: Final = Rule(
    "messages",
    "the model takes one prompt, so that it knows no earlier turns. The provider's quirk"
    " `history = transcript` writes them as a transcript.",
)
OTHER: Final = Rule("other", "the model takes a text only: it has no such part or parameter.")
OUTPUT: Final = Rule("output", "the model has no output format.")
PARTS: Final = Rule("parts", "the model takes texts only: no media, and no calls or results.")
STOP: Final = Rule("stop", "the format has no list of stop sequences that all its models take.")
TOOLS: Final = Rule("tools", "the model has no tools.")

RULES: Final = (CHOICES, HISTORY, OTHER, OUTPUT, PARTS, STOP, TOOLS)
_HINTS: Final = {
    Hint.SEED: "seed",
    Hint.TOP_K: "top_k",
    Hint.FREQUENCY_PENALTY: "frequency_penalty",
    Hint.PRESENCE_PENALTY: "presence_penalty",
}
_NAMES: Final = {MessageRole.USER: "User", MessageRole.ASSISTANT: "Assistant"}


class PlainPrompt(NamedTuple):
    """A conversation as texts and options. `options` has JSON values."""

    system: str
    text: str
    options: dict[str, Any]
    changes: Changes


def read_prompt(conversation: Conversation, *, transcript: bool) -> PlainPrompt:
    """Reads the texts of a conversation. `transcript`: earlier turns become a part of the prompt.
    Raises `InvalidRequest` for what such a model cannot take."""
    _require_plain(conversation)
    changes = Changes()
    spoken = [each for each in conversation.messages if each.role is not MessageRole.SYSTEM]
    texts = [_text_of(message, changes) for message in spoken]
    if [each.role for each in spoken] == [MessageRole.USER]:
        text = texts[0]
    elif transcript:
        changes.change("messages")
        text = "\n\n".join([*map(_turn, spoken, texts), f"{_NAMES[MessageRole.ASSISTANT]}:"])
    else:
        raise reject(HISTORY)
    system = [each for each in conversation.messages if each.role is MessageRole.SYSTEM]
    system_text = "\n\n".join(_text_of(message, changes) for message in system)
    return PlainPrompt(system_text, text, _options(conversation, changes), changes)


def _require_plain(conversation: Conversation) -> None:
    if conversation.choice_count not in (None, 1):
        raise reject(CHOICES)
    if conversation.tools:
        raise reject(TOOLS)
    if conversation.output is not None:
        raise reject(OUTPUT)
    if conversation.stop:
        raise reject(STOP)
    for name in conversation.others:
        raise reject(OTHER, field=name)


def _turn(message: Message, text: str) -> str:
    return f"{_NAMES[message.role]}: {text}"


def _text_of(message: Message, changes: Changes) -> str:
    if message.name:
        changes.drop("name")
    return "\n".join(_texts(message.parts, changes))


def _texts(parts: tuple[Part, ...], changes: Changes) -> Iterator[str]:
    for part in parts:
        match part:
            case Text():
                if part.cache:
                    changes.drop("cache_control")
                if part.citations:
                    changes.drop("citations")
                if part.phase:
                    changes.drop("phase")
                yield part.text
            case Refusal(text):
                yield text
            case Reasoning():
                changes.drop("reasoning")
            case _:
                raise reject(PARTS)


def _options(conversation: Conversation, changes: Changes) -> dict[str, Any]:
    """The options by the names that most servers have."""
    if conversation.reasoning is not None:
        changes.drop("reasoning")
    found = {
        "max_tokens": conversation.max_output_tokens,
        "temperature": conversation.temperature,
        "top_p": conversation.top_p,
    }
    options: dict[str, Any] = {name: value for name, value in found.items() if value is not None}
    for hint, value in conversation.hints.items():
        if hint in _HINTS:
            options[_HINTS[hint]] = msgspec.Raw(value)
        else:
            changes.drop(hint.value)
    return options
