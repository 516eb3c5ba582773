"""Shows requests and answers in the neutral form as OpenTelemetry GenAI messages."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Final, NamedTuple

from penstock.features.traces.messages import (
    MAX_PARTS,
    Message,
    Part,
    bounded,
    text_part,
    tool_call,
)
from penstock.features.traces.parameters import request_attributes
from penstock.features.traces.payload import Json, decode, find_strings
from penstock.rules.neutral.answer import AnswerEvent
from penstock.rules.neutral.collector import collect
from penstock.rules.neutral.conversation import (
    Citation,
    Conversation,
    Media,
    MediaKind,
    MessageRole,
    Other,
    Reasoning,
    Refusal,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)
from penstock.rules.neutral.conversation import Message as NeutralMessage
from penstock.rules.neutral.conversation import Part as NeutralPart


class DialectReader(NamedTuple):
    """Reads the payloads of one dialect. Both functions may raise for what is none of it; `None`
    if the dialect is not on that side of the gateway. `plain`: its payloads are shown by their
    members, as those of OpenAI."""

    request: Callable[[bytes], Conversation] | None = None
    answer: Callable[[bytes], Iterable[AnswerEvent]] | None = None
    plain: bool = False


DialectReaders = Mapping[str, DialectReader]
NO_READERS: Final[DialectReaders] = MappingProxyType({})

_NO_POINTERS: Final[Mapping[str, str]] = {}


def request_messages(conversation: Conversation, payload: Json = None) -> list[Message]:
    """Returns the messages of a request. `payload`: its JSON, where inline media are found; without
    it their pointers lead to the whole payload."""
    media = (part for message in conversation.messages for part in _media_in(message.parts))
    show = _Parts("request", _pointers(media, payload))
    return bounded(one for message in conversation.messages for one in _messages(message, show))


def answer_messages(
    events: Iterable[AnswerEvent], dialect: str, payload: Json = None
) -> list[Message]:
    """Returns the messages of an answer, one for each choice."""
    choices = collect(events, dialect).choices
    media = (part for choice in choices for part in _media_in(choice.parts))
    show = _Parts("response", _pointers(media, payload))
    return bounded(
        {
            "role": "assistant",
            "parts": list(islice(map(show.part, choice.parts), MAX_PARTS)),
            **({"finish_reason": choice.reason.value} if choice.reason else {}),
        }
        for choice in choices
    )


def conversation_attributes(conversation: Conversation) -> dict[str, Json]:
    """Returns the parameters of a request as attributes."""
    reasoning = conversation.reasoning
    output = conversation.output
    kind = "json_schema" if output is not None else None
    parameters = {
        **{hint.value: _json(value) for hint, value in conversation.hints.items()},
        "temperature": conversation.temperature,
        "top_p": conversation.top_p,
        "max_tokens": conversation.max_output_tokens,
        "stop": list(conversation.stop) or None,
        "n": conversation.choice_count,
        "reasoning_effort": (reasoning.effort or None) if reasoning else None,
        "reasoning_budget": reasoning.budget if reasoning else None,
        "response_format": {"type": kind},
    }
    return request_attributes(parameters)


def tool_definitions(conversation: Conversation) -> list[Json]:
    """Returns the tools as `gen_ai.tool.definitions`; those of one dialect only as sent."""
    return [_tool(tool) for tool in conversation.tools]


def _tool(tool: Tool | Other) -> Json:
    if isinstance(tool, Other):
        return _json(tool.value)
    shown: dict[str, Json] = {"type": "function", "name": tool.name}
    if tool.description:
        shown["description"] = tool.description
    if tool.parameters:
        shown["parameters"] = _json(tool.parameters)
    return shown


def _messages(message: NeutralMessage, show: "_Parts") -> Iterator[Message]:
    """Yields the results of tools as messages of their own, as OpenTelemetry has them."""
    parts: list[Part] = []
    for part in islice(message.parts, MAX_PARTS):
        if isinstance(part, ToolResult) and message.role is MessageRole.USER:
            if parts:
                yield _message(message, parts)
                parts = []
            yield {"role": "tool", "parts": [show.part(part)]}
        else:
            parts.append(show.part(part))
    if parts or not message.parts:
        yield _message(message, parts)


def _message(message: NeutralMessage, parts: list[Part]) -> Message:
    shown: Message = {"role": message.role.value, "parts": parts}
    if message.name:
        shown["name"] = message.name
    return shown


class _Parts:
    """Converts parts. `pointers`: the places of inline media in the payload `side`."""

    def __init__(self, side: str, pointers: Mapping[str, str]) -> None:
        self._side = side
        self._pointers = pointers

    def part(self, part: NeutralPart) -> Part:
        """Returns one part of a message."""
        match part:
            case Text(text, citations):
                return text_part(text) | _sources(citations)
            case Media():
                return self._media(part)
            case Reasoning(text):
                return {"type": "reasoning", "content": text}
            case Refusal(text):
                return {"type": "refusal", "content": text}
            case ToolCall():
                return tool_call(part.id, part.name, part.arguments)
            case ToolResult():
                return self._result(part)
            case Other():
                return {"type": "unparsed", "content": _json(part.value)}

    def _result(self, result: ToolResult) -> Part:
        """A result that is one text is shown as this text."""
        match result.parts:
            case ():
                response: Json = ""
            case (Text(text),):
                response = text
            case parts:
                response = [self.part(part) for part in parts]
        shown = {"type": "tool_call_response", "id": result.call_id, "response": response}
        return shown | ({"is_error": True} if result.is_error else {})

    def _media(self, media: Media) -> Part:
        if media.text:
            return text_part(media.text)
        modality = "file" if media.kind is MediaKind.DOCUMENT else media.kind.value
        if media.file_id:
            return {"type": "file", "modality": modality, "file_id": media.file_id}
        shown: Part = {"type": "uri", "modality": modality}
        if media.media_type:
            shown["mime_type"] = media.media_type
        inline = _inline(media)
        pointer = self._pointers.get(inline, "")
        return shown | {"uri": f"{self._side}:#{pointer}" if inline else media.url}


def _sources(citations: Iterable[Citation]) -> Part:
    found = [
        {
            name: value
            for name in ("url", "title", "cited_text")
            if (value := getattr(citation, name))
        }
        for citation in citations
    ]
    return {"citations": found} if found else {}


def _media_in(parts: Iterable[NeutralPart]) -> Iterator[Media]:
    for part in parts:
        if isinstance(part, Media):
            yield part
        elif isinstance(part, ToolResult):
            yield from _media_in(part.parts)


def _pointers(media: Iterable[Media], payload: Json) -> Mapping[str, str]:
    """Returns the JSON pointers of inline media in their payload, by their data."""
    wanted = {inline for one in media if (inline := _inline(one))}
    return find_strings(payload, wanted) if wanted else _NO_POINTERS


def _inline(media: Media) -> str:
    """Returns the data of an inline medium, without the start of a `data:` URL."""
    if media.url.startswith("data:"):
        return media.url.partition(",")[2] or media.url
    return media.data


def _json(value: bytes) -> Json:
    """Decodes JSON inside a request; returns other text as it is."""
    text = value.decode("utf-8", "replace")
    found = decode(text)
    return text if found is None and text != "null" else found
