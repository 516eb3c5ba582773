"""What a request has in it, as conditions of routes see it: languages, code, media, length."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from penstock.rules.code_languages import code_languages
from penstock.rules.evaluation.language import language_of
from penstock.rules.neutral.conversation import (
    Conversation,
    Media,
    MessageRole,
    Part,
    Text,
    ToolResult,
)

NO_MEDIA: Final = "none"


class RequestContent(NamedTuple):
    """`language`: ISO 639-1 of the user's last text, empty if it cannot be decided. `code`: the
    programming languages in it, with `any` if there is code. `media`: the kinds in all messages,
    `none` if there are none."""

    language: str = ""
    code: frozenset[str] = frozenset()
    media: frozenset[str] = frozenset((NO_MEDIA,))


def content_of(conversation: Conversation) -> RequestContent:
    """Returns the content of a chat request."""
    text = _last_text(conversation)
    media = {part.kind.value for part in _parts(conversation) if isinstance(part, Media)}
    return RequestContent(language_of(text), code_languages(text), frozenset(media or (NO_MEDIA,)))


def _last_text(conversation: Conversation) -> str:
    """The text of the user's last message that has one. Results of tools are none, so that the
    steps of an agent have the content of the question."""
    for message in reversed(conversation.messages):
        if message.role is MessageRole.USER:
            texts = [part.text for part in message.parts if isinstance(part, Text)]
            if any(texts):
                return "\n".join(texts)
    return ""


def _parts(conversation: Conversation) -> Iterator[Part]:
    for message in conversation.messages:
        for part in message.parts:
            yield part
            if isinstance(part, ToolResult):
                yield from part.parts
