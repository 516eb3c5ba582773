"""Writes a neutral conversation as a request of the Responses API."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from penstock.rules.neutral.conversation import (
    Citation,
    Conversation,
    Hint,
    Media,
    MediaKind,
    Message,
    MessageRole,
    Other,
    OutputFormat,
    Part,
    Reasoning,
    Refusal,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolMode,
    ToolResult,
)
from penstock.rules.neutral.translation import Changes, Rule, Written, reject
from penstock.rules.wire.openai.request_writer import effort_of
from penstock.rules.wire.responses.request_reader import DEFAULT_LIFETIME, DIALECT, ENCRYPTED

_encoder: Final = msgspec.json.Encoder()
_HINTS: Final = {
    hint: hint.value
    for hint in (
        *(Hint.METADATA, Hint.SERVICE_TIER, Hint.STORE, Hint.CACHE_KEY, Hint.CACHE_RETENTION),
        *(Hint.CACHE_OPTIONS, Hint.TRUNCATION, Hint.MAX_TOOL_CALLS, Hint.STREAM_OPTIONS),
        *(Hint.TOP_LOGPROBS, Hint.SAFETY_IDENTIFIER, Hint.CLIENT_METADATA),
    )
}
_WRITTEN_ELSEWHERE: Final = (Hint.USER, Hint.VERBOSITY, Hint.INCLUDE, Hint.SUMMARY_DETAIL)

_SOURCE: Final = "https://platform.openai.com/docs/api-reference/responses/create"
OTHER: Final = Rule("other", "the Responses API has no such part, tool or parameter.", _SOURCE)
STOP: Final = Rule("stop", "the Responses API has no stop sequences.", _SOURCE)
CHOICES: Final = Rule("choice_count", "the Responses API gives one choice.", _SOURCE)
VIDEO: Final = Rule("video", "the Responses API takes no video.", _SOURCE)
RESULT_AUDIO: Final = Rule(
    "tool_result.audio", "the result of a tool has texts, images and files there.", _SOURCE
)
ASSISTANT_MEDIA: Final = Rule(
    "assistant.media", "an assistant's message is text in the Responses API.", _SOURCE
)
RULES: Final = (OTHER, STOP, CHOICES, VIDEO, RESULT_AUDIO, ASSISTANT_MEDIA)


def write_request(conversation: Conversation, model: str, *, stream: bool) -> Written:
    """Writes a request. Raises `InvalidRequest` for what the format cannot express (`RULES`)."""
    if conversation.stop:
        raise reject(STOP)
    if conversation.choice_count not in (None, 1):
        raise reject(CHOICES)
    writer = _Writer(conversation)
    request: dict[str, Any] = {"model": model, **writer.messages()}
    if conversation.tools:
        request["tools"] = [writer.tool(tool) for tool in conversation.tools]
    options = {
        "tool_choice": _tool_choice(conversation.tool_choice),
        "parallel_tool_calls": conversation.parallel_tool_calls,
        "text": writer.text_options(),
        "reasoning": writer.reasoning(),
        "include": writer.include(),
        "max_output_tokens": conversation.max_output_tokens,
        "temperature": conversation.temperature,
        "top_p": conversation.top_p,
        "stream": stream or None,
    }
    request |= {name: value for name, value in options.items() if value is not None}
    writer.add_rest(request)
    return Written(_encoder.encode(request), writer.changes.all())


class _Writer:
    """Writes the parts of one conversation and collects the changes."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._hints = conversation.hints
        self._own = conversation.dialect == DIALECT
        self.changes = Changes()

    def messages(self) -> dict[str, Any]:
        """Writes `instructions` and `input`. The format has the system's text in either."""
        messages = self._conversation.messages
        written: dict[str, Any] = {}
        first = messages[0] if messages else None
        if first is not None and first.role is MessageRole.SYSTEM and len(first.parts) == 1:
            only = first.parts[0]
            if isinstance(only, Text) and not only.cache:
                written["instructions"] = only.text
                messages = messages[1:]
        items = _Items(self)
        for message in messages:
            items.add(message)
        return {**written, "input": items.written}

    def tool(self, tool: Tool | Other) -> Any:
        if isinstance(tool, Other):
            return self.other(tool)
        self.note_cache(tool.cache)
        parameters = msgspec.Raw(tool.parameters) if tool.parameters else None
        function: dict[str, Any] = {"type": "function", "name": tool.name, "parameters": parameters}
        if tool.description:
            function["description"] = tool.description
        if tool.strict is not None:
            function["strict"] = tool.strict
        elif not self._own:  # here the default is true, in other formats false
            function["strict"] = False
        return function

    def text_options(self) -> dict[str, Any] | None:
        options: dict[str, Any] = {}
        if self._conversation.output is not None:
            options["format"] = _format(self._conversation.output)
        if Hint.VERBOSITY in self._hints:
            options["verbosity"] = msgspec.Raw(self._hints[Hint.VERBOSITY])
        return options or None

    def reasoning(self) -> dict[str, Any] | None:
        options = self._conversation.reasoning
        if options is None:
            return None
        written: dict[str, Any] = {}
        if effort := effort_of(options, self.changes):
            written["effort"] = effort
        if options.summary:
            detail = self._hints.get(Hint.SUMMARY_DETAIL)
            written["summary"] = "auto" if detail is None else msgspec.Raw(detail)
        return written or None

    def include(self) -> list[Any] | None:
        included: list[Any] = msgspec.json.decode(self._hints.get(Hint.INCLUDE, b"[]"))
        if self._conversation.encrypted_reasoning:
            included.append(ENCRYPTED)
        return included or None

    def add_rest(self, request: dict[str, Any]) -> None:
        """Adds hints and the members that only this dialect has."""
        for hint, value in self._hints.items():
            if hint in _HINTS:
                request[_HINTS[hint]] = msgspec.Raw(value)
            elif hint not in _WRITTEN_ELSEWHERE:
                self.changes.drop(hint.value)
        if (user := self._hints.get(Hint.USER)) is not None:
            name = "user" if Hint.SAFETY_IDENTIFIER in self._hints else "safety_identifier"
            request[name] = msgspec.Raw(user)
        if not self._own:  # here the default is true, in other formats false
            request.setdefault("store", False)
        for name, value in {**self._conversation.kept, **self._conversation.others}.items():
            if not self._own:
                raise reject(OTHER, field=name)
            request[name] = msgspec.Raw(value)

    def part(self, part: Part) -> Any:
        """Writes one part of a message that is not the assistant's."""
        match part:
            case Text():
                if part.citations:
                    self.changes.drop("citations")
                return {"type": "input_text", "text": part.text, **self._cache(part.cache)}
            case Media():
                return self._media(part)
            case Other(kind="part"):
                return self.other(part)
            case _:
                raise reject(OTHER)

    def answer_part(self, part: "Text | Refusal | Other") -> Any:
        """Writes one part of an assistant's message."""
        match part:
            case Text():
                self.note_cache(part.cache)
                annotations = [self._annotation(one) for one in part.citations]
                kept = [one for one in annotations if one]
                return {"type": "output_text", "text": part.text, "annotations": kept}
            case Refusal(text):
                return {"type": "refusal", "refusal": text}
            case Other():
                return self.other(part)

    def _annotation(self, citation: Citation) -> dict[str, Any]:
        if not citation.url:
            self.changes.drop("citations")
            return {}
        return {
            "type": "url_citation",
            "url": citation.url,
            "title": citation.title,
            "start_index": max(citation.start, 0),
            "end_index": max(citation.end, 0),
        }

    def _media(self, part: Media) -> dict[str, Any]:
        if part.citations:
            self.changes.drop("citations")
        if part.text:  # the format takes other documents than PDF only as text
            self.changes.change("document")
            return {"type": "input_text", "text": part.text, **self._cache(part.cache)}
        return {**_media(part), **self._cache(part.cache)}

    def _cache(self, cache: str) -> dict[str, Any]:
        """A cache marker: only the caller of this dialect knows whether the model has them."""
        if not cache:
            return {}
        if not self._own:
            self.changes.drop("cache_control")
            return {}
        ttl = {} if cache == DEFAULT_LIFETIME else {"ttl": cache}
        return {"prompt_cache_breakpoint": {"mode": "explicit", **ttl}}

    def note_cache(self, cache: str) -> None:
        if cache:
            self.changes.drop("cache_control")

    def other(self, other: Other) -> msgspec.Raw:
        if other.dialect != DIALECT:
            raise reject(OTHER, field=other.field)
        return msgspec.Raw(other.value)


class _Items:
    """Writes messages as items, in the order of their parts."""

    def __init__(self, writer: _Writer) -> None:
        self._writer = writer
        self._content: list[Part] = []  # of the message that is not written yet
        self._phase = ""
        self._thought: dict[str, Any] = {}  # the reasoning item that may go on
        self.written: list[Any] = []

    def add(self, message: Message) -> None:
        if not message.parts:
            self.written.append({"role": message.role.value, "content": ""})
        for part in message.parts:
            match part:
                case Text() if part.phase != self._phase:
                    self._end(message.role)
                    self._phase = part.phase
                    self._content.append(part)
                case Text() | Refusal() | Media() | Other(kind="part"):
                    self._content.append(part)
                case _:
                    self._end(message.role)
                    self._item(part)
        self._end(message.role)

    def _end(self, role: MessageRole) -> None:
        """Writes the content so far as a message."""
        if self._content:
            self._thought = {}
            write = self._answer if role is MessageRole.ASSISTANT else self._plain
            phase = {"phase": self._phase} if self._phase else {}
            content = write(self._content)
            self.written.append({"role": role.value, "content": content, **phase})
        self._content, self._phase = [], ""

    def _plain(self, parts: Sequence[Part]) -> Any:
        """One plain text as a string, anything else as a list."""
        if len(parts) == 1 and isinstance(parts[0], Text) and not parts[0].cache:
            return parts[0].text
        return [self._writer.part(part) for part in parts]

    def _answer(self, parts: Sequence[Part]) -> Any:
        if len(parts) == 1 and isinstance(parts[0], Text) and not parts[0].citations:
            self._writer.note_cache(parts[0].cache)
            return parts[0].text
        written: list[Any] = []
        for part in parts:
            if not isinstance(part, Text | Refusal | Other):
                raise reject(ASSISTANT_MEDIA)
            written.append(self._writer.answer_part(part))
        return written

    def _item(self, part: Part) -> None:
        match part:
            case Reasoning():
                self._reasoning(part)
                return
            case ToolCall(id_, name, arguments):
                self._writer.note_cache(part.cache)
                call = {"type": "function_call", "call_id": id_, "name": name}
                self.written.append({**call, "arguments": arguments})
            case ToolResult():
                self.written.append(self._result(part))
            case Other(kind="item"):
                self.written.append(self._writer.other(part))
            case Other():
                raise reject(OTHER, field=part.field)
            case _:
                raise reject(OTHER)
        self._thought = {}

    def _reasoning(self, part: Reasoning) -> None:
        """Reasoning goes back only to a provider of the dialect that made it."""
        if part.dialect != DIALECT:
            self._writer.changes.drop("reasoning")
            return
        item = self._thought
        if not item or not part.id or item.get("id") != part.id:
            item = self._thought = {"type": "reasoning", "id": part.id, "summary": []}
            self.written.append(item)
        if part.text and part.summary:
            item["summary"].append({"type": "summary_text", "text": part.text})
        elif part.text:
            item["content"] = [{"type": "reasoning_text", "text": part.text}]
        if part.encrypted:
            item["encrypted_content"] = part.encrypted

    def _result(self, result: ToolResult) -> dict[str, Any]:
        writer = self._writer
        if result.is_error:
            writer.changes.drop("tool_result.is_error")
        writer.note_cache(result.cache)
        for part in result.parts:
            if isinstance(part, Media) and part.kind is MediaKind.AUDIO:
                raise reject(RESULT_AUDIO)
        output = self._plain(result.parts) if result.parts else ""
        return {"type": "function_call_output", "call_id": result.call_id, "output": output}


def _media(part: Media) -> dict[str, Any]:
    match part.kind:
        case MediaKind.IMAGE:
            url = part.url or (_data_url(part) if part.data else "")
            image = {"image_url": url, "file_id": part.file_id, "detail": part.detail or "auto"}
            return {"type": "input_image", **_filled(image)}
        case MediaKind.AUDIO:
            audio = {"data": part.data, "format": part.media_type.removeprefix("audio/")}
            return {"type": "input_audio", "input_audio": audio}
        case MediaKind.DOCUMENT:
            file = {"filename": part.name, "file_id": part.file_id, "file_url": part.url}
            data = _data_url(part) if part.data and part.media_type else part.data
            return {
                "type": "input_file",
                **_filled({**file, "file_data": data, "detail": part.detail}),
            }
        case MediaKind.VIDEO:
            raise reject(VIDEO)


def _filled(members: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in members.items() if value}


def _data_url(part: Media) -> str:
    return f"data:{part.media_type};base64,{part.data}"


def _tool_choice(choice: ToolChoice | None) -> Any:
    if choice is None:
        return None
    tools = [{"type": "function", "name": name} for name in choice.names]
    if not tools:
        return choice.mode.value
    if len(tools) == 1 and choice.mode is ToolMode.REQUIRED:
        return tools[0]
    return {"type": "allowed_tools", "mode": choice.mode.value, "tools": tools}


def _format(output: OutputFormat) -> dict[str, Any]:
    if not output.schema:
        return {"type": "json_object"}
    schema: dict[str, Any] = {"type": "json_schema", "name": output.name or "answer"}
    if output.description:
        schema["description"] = output.description
    if output.strict is not None:
        schema["strict"] = output.strict
    return {**schema, "schema": msgspec.Raw(output.schema)}
