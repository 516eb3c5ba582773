"""Writes a neutral conversation as OpenAI's chat request."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from penstock.rules.neutral.conversation import (
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
    ReasoningOptions,
    Refusal,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from penstock.rules.neutral.translation import FETCHED_MEDIA, Changes, Rule, Written, reject
from penstock.rules.wire.openai.request_reader import DIALECT

_encoder: Final = msgspec.json.Encoder()
_HINTS: Final = {
    Hint.USER: "user",
    **{
        hint: hint.value
        for hint in (
            *(Hint.SEED, Hint.METADATA, Hint.SERVICE_TIER, Hint.STORE, Hint.LOGIT_BIAS),
            *(Hint.LOGPROBS, Hint.TOP_LOGPROBS, Hint.VERBOSITY, Hint.CACHE_KEY),
            *(Hint.CACHE_RETENTION, Hint.FREQUENCY_PENALTY, Hint.PRESENCE_PENALTY),
        )
    },
}
_LOGPROBS: Final = (Hint.LOGPROBS, Hint.TOP_LOGPROBS)  # answers lose them in a translation
_EFFORTS: Final = ((0, "none"), (1024, "minimal"), (4096, "low"), (16384, "medium"))

_SOURCE: Final = "https://platform.openai.com/docs/api-reference/chat/create"
OTHER: Final = Rule("other", "OpenAI's chat format has no such part, tool or parameter.", _SOURCE)
RESULT_MEDIA: Final = Rule(
    "tool_result.media", "the result of a tool is text in OpenAI's chat format.", _SOURCE
)
ASSISTANT_MEDIA: Final = Rule(
    "assistant.media", "an assistant's message is text in OpenAI's chat format.", _SOURCE
)
DOCUMENT_URL: Final = Rule(
    "document.url",
    "OpenAI's chat format takes documents as data, not by URL.",
    _SOURCE,
    FETCHED_MEDIA,
)
IMAGE_FILE: Final = Rule(
    "image.file_id", "OpenAI's chat format takes images as data or by URL.", _SOURCE
)
SYSTEM_PARTS: Final = Rule(
    "system.media", "a system message is text in OpenAI's chat format.", _SOURCE
)
RULES: Final = (OTHER, IMAGE_FILE, RESULT_MEDIA, ASSISTANT_MEDIA, DOCUMENT_URL, SYSTEM_PARTS)


def write_request(
    conversation: Conversation,
    model: str,
    *,
    stream: bool,
    add_usage: bool = False,
    mistral: bool = False,
) -> Written:
    """Writes a chat request. `add_usage` asks for usage in the stream; `mistral` writes reasoning
    and documents as Mistral's own parts. Raises `InvalidRequest` for what the format cannot express
    (`RULES`)."""
    writer = _Writer(conversation, mistral=mistral)
    request: dict[str, Any] = {"model": model, "messages": writer.messages()}
    if conversation.tools:
        request["tools"] = [writer.tool(tool) for tool in conversation.tools]
    options = {
        "tool_choice": _tool_choice(conversation.tool_choice),
        "parallel_tool_calls": conversation.parallel_tool_calls,
        "response_format": _response_format(conversation.output),
        "reasoning_effort": writer.effort(),
        "max_completion_tokens": conversation.max_output_tokens,
        "temperature": conversation.temperature,
        "top_p": conversation.top_p,
        "stop": list(conversation.stop) or None,
        "n": conversation.choice_count,
        "stream": stream or None,
        "stream_options": {"include_usage": True} if add_usage else None,
    }
    request |= {name: value for name, value in options.items() if value is not None}
    writer.add_rest(request)
    return Written(_encoder.encode(request), writer.changes.all())


class _Writer:
    """Writes the parts of one conversation and collects the changes."""

    def __init__(self, conversation: Conversation, *, mistral: bool) -> None:
        self._conversation = conversation
        self._mistral = mistral
        self._own = conversation.dialect == DIALECT
        self.changes = Changes()

    def messages(self) -> list[Any]:
        written: list[Any] = []
        for message in self._conversation.messages:
            written += self._message(message)
        return written

    def add_rest(self, request: dict[str, Any]) -> None:
        """Adds hints and the members that only this dialect has."""
        for hint, value in self._conversation.hints.items():
            if hint in _HINTS and (self._own or hint not in _LOGPROBS):
                request[_HINTS[hint]] = msgspec.Raw(value)
            else:
                self.changes.drop(hint.value)
        for name, value in self._conversation.others.items():
            if not self._own:
                raise reject(OTHER, field=name)
            request[name] = msgspec.Raw(value)

    def tool(self, tool: Tool | Other) -> Any:
        if isinstance(tool, Other):
            return self._other(tool)
        self._note_cache(tool.cache)
        function: dict[str, Any] = {"name": tool.name}
        if tool.description:
            function["description"] = tool.description
        if tool.parameters:
            function["parameters"] = msgspec.Raw(tool.parameters)
        if tool.strict is not None:
            function["strict"] = tool.strict
        return {"type": "function", "function": function}

    def effort(self) -> str | None:
        options = self._conversation.reasoning
        if options is None:
            return None
        if options.summary:
            self.changes.drop("reasoning.summary")
        return effort_of(options, self.changes) or None

    def _message(self, message: Message) -> list[Any]:
        """A message of results becomes one message for each result; the rest follows them."""
        whole = message.parts[0] if len(message.parts) == 1 else None
        if isinstance(whole, Other) and whole.kind == "message":
            return [self._other(whole)]
        if message.role is MessageRole.ASSISTANT:
            return [self._assistant(message)]
        results = [part for part in message.parts if isinstance(part, ToolResult)]
        written: list[Any] = [self._result(result) for result in results]
        rest = [part for part in message.parts if not isinstance(part, ToolResult)]
        if rest or not results:
            content = self._content(
                rest, SYSTEM_PARTS if message.role is MessageRole.SYSTEM else None
            )
            written.append(_named({"role": message.role.value, "content": content}, message.name))
        return written

    def _result(self, result: ToolResult) -> dict[str, Any]:
        if result.is_error:
            self.changes.drop("tool_result.is_error")
        self._note_cache(result.cache)
        content = self._content(result.parts, RESULT_MEDIA)
        return {"role": "tool", "tool_call_id": result.call_id, "content": content}

    def _assistant(self, message: Message) -> dict[str, Any]:
        content: list[Part] = []
        calls: list[Any] = []
        texts: dict[str, str] = {}
        for part in message.parts:
            match part:
                case ToolCall():
                    calls.append(self._call(part))
                case Other(kind="tool_call"):
                    calls.append(self._other(part))
                case Refusal(text):
                    texts["refusal"] = texts.get("refusal", "") + text
                case Reasoning() if self._mistral and part.dialect == DIALECT and part.text:
                    content.append(part)
                case Reasoning():
                    self._add_reasoning(part, texts)
                case _:
                    if calls:
                        self.changes.change("messages.order")
                    content.append(part)
        written: dict[str, Any] = {"role": "assistant", "content": None, **texts}
        if content or not (calls or texts):
            written["content"] = self._content(content, ASSISTANT_MEDIA)
        if calls:
            written["tool_calls"] = calls
        return _named(written, message.name)

    def _add_reasoning(self, part: Reasoning, texts: dict[str, str]) -> None:
        """Reasoning goes back only to a provider of the dialect that made it."""
        if part.dialect == DIALECT and part.text:
            texts["reasoning_content"] = texts.get("reasoning_content", "") + part.text
        else:
            self.changes.drop("reasoning")

    def _call(self, call: ToolCall) -> dict[str, Any]:
        self._note_cache(call.cache)
        function = {"name": call.name, "arguments": call.arguments}
        return {"id": call.id, "type": "function", "function": function}

    def _content(self, parts: Sequence[Part], no_media: Rule | None) -> Any:
        """One plain text as a string, anything else as a list. `no_media`: only text may occur."""
        if not parts:
            return ""
        if len(parts) == 1 and isinstance(parts[0], Text):
            self._note_text(parts[0])
            return parts[0].text
        return [self._part(part, no_media) for part in parts]

    def _part(self, part: Part, no_media: Rule | None) -> Any:
        match part:
            case Text():
                self._note_text(part)
                return {"type": "text", "text": part.text}
            case Media():
                if no_media is not None:
                    raise reject(no_media)
                return self._media(part)
            case Refusal(text):
                return {"type": "refusal", "refusal": text}
            case Reasoning(text) if self._mistral:
                return {"type": "thinking", "thinking": [{"type": "text", "text": text}]}
            case Other():
                return self._other(part)
            case _:
                raise reject(OTHER)

    def _media(self, part: Media) -> dict[str, Any]:
        self._note_cache(part.cache)
        if part.citations:
            self.changes.drop("citations")
        if part.text:  # the format takes other documents than PDF only as text
            self.changes.change("document")
            return {"type": "text", "text": part.text}
        if self._mistral and part.kind is MediaKind.DOCUMENT and not part.file_id:
            url = part.url or _data_url(part)
            named = {"document_name": part.name} if part.name else {}
            return {"type": "document_url", "document_url": url, **named}
        return _media(part)

    def _other(self, other: Other) -> msgspec.Raw:
        if other.dialect != DIALECT:
            raise reject(OTHER, field=other.field)
        return msgspec.Raw(other.value)

    def _note_text(self, text: Text) -> None:
        if text.citations:
            self.changes.drop("citations")
        if text.phase:
            self.changes.drop("phase")
        self._note_cache(text.cache)

    def _note_cache(self, cache: str) -> None:
        if cache:
            self.changes.drop("cache_control")


def effort_of(options: ReasoningOptions, changes: Changes) -> str:
    """Returns the effort for these options, empty to leave it to the model."""
    if options.budget is None or (options.effort and options.budget < 0):
        return options.effort
    changes.change("reasoning.budget")
    if options.budget < 0:
        return ""
    return next((name for limit, name in _EFFORTS if options.budget <= limit), "high")


def _media(part: Media) -> dict[str, Any]:
    match part.kind:
        case MediaKind.IMAGE | MediaKind.VIDEO:
            if part.file_id:
                raise reject(IMAGE_FILE)
            url: dict[str, Any] = {"url": part.url or _data_url(part)}
            if part.detail:
                url["detail"] = part.detail
            name = f"{part.kind.value}_url"
            return {"type": name, name: url}
        case MediaKind.AUDIO:
            audio = {"data": part.data, "format": part.media_type.removeprefix("audio/")}
            return {"type": "input_audio", "input_audio": audio}
        case MediaKind.DOCUMENT:
            return {"type": "file", "file": _file(part)}


def _file(part: Media) -> dict[str, Any]:
    if part.url:
        raise reject(DOCUMENT_URL)
    file = {"filename": part.name, "file_id": part.file_id}
    if part.data:
        file["file_data"] = _data_url(part) if part.media_type else part.data
    return {name: value for name, value in file.items() if value}


def _data_url(part: Media) -> str:
    return f"data:{part.media_type};base64,{part.data}"


def _named(message: dict[str, Any], name: str) -> dict[str, Any]:
    if name:
        message["name"] = name
    return message


def _tool_choice(choice: ToolChoice | None) -> Any:
    if choice is None:
        return None
    tools = [{"type": "function", "function": {"name": name}} for name in choice.names]
    if not tools:
        return choice.mode.value
    if len(tools) == 1 and choice.mode.value == "required":
        return tools[0]
    return {
        "type": "allowed_tools",
        "allowed_tools": {"mode": choice.mode.value, "tools": tools},
    }


def _response_format(output: OutputFormat | None) -> Any:
    if output is None:
        return None
    if not output.schema:
        return {"type": "json_object"}
    schema: dict[str, Any] = {"name": output.name or "answer", "schema": msgspec.Raw(output.schema)}
    if output.description:
        schema["description"] = output.description
    if output.strict is not None:
        schema["strict"] = output.strict
    return {"type": "json_schema", "json_schema": schema}
