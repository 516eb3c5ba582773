"""Media that a conversation names by URL, and their bytes in the place of the URLs."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from penstock.rules.neutral.conversation import Conversation, Media, MediaKind, Part, ToolResult


class NamedMedium(NamedTuple):
    """A medium and the URL that names it."""

    kind: MediaKind
    url: str


class MediaData(NamedTuple):
    """The bytes of a medium in base64."""

    media_type: str
    data: str


def named_media(conversation: Conversation) -> list[NamedMedium]:
    """Returns the media named by http or https URLs, each once, in the order of the request."""
    found = dict.fromkeys(
        NamedMedium(part.kind, part.url)
        for message in conversation.messages
        for part in _media(message.parts)
        if part.url[:8].lower().startswith(("http://", "https://"))
    )
    return list(found)


def with_data(conversation: Conversation, data: Mapping[str, MediaData]) -> Conversation:
    """Returns the conversation with the data of media by URL, where there is some."""
    messages = [
        replace(message, parts=tuple([_with_data(part, data) for part in message.parts]))
        for message in conversation.messages
    ]
    return replace(conversation, messages=tuple(messages))


def _media(parts: tuple[Part, ...]) -> Iterator[Media]:
    for part in parts:
        match part:
            case Media():
                yield part
            case ToolResult(parts=inner):
                yield from _media(inner)
            case _:
                pass


def _with_data(part: Part, data: Mapping[str, MediaData]) -> Part:
    match part:
        case Media(url=url) if url in data:
            return replace(part, url="", media_type=data[url].media_type, data=data[url].data)
        case ToolResult(parts=inner):
            filled = [_with_data(each, data) for each in inner]
            return replace(part, parts=tuple(filled))  # pyright: ignore[reportArgumentType] - the kinds of parts stay
        case _:
            return part
