"""Writes a neutral conversation as a request of Bedrock's Converse API."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from penstock.rules.neutral.conversation import (
    Conversation,
    Hint,
    Media,
    MediaKind,
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
from penstock.rules.neutral.translation import FETCHED_MEDIA, Changes, Rule, Written, reject

DIALECT: Final = "bedrock"
_SOURCE: Final = "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html"
OTHER: Final = Rule("other", "the Converse API has no such part, tool or parameter.", _SOURCE)
MEDIA_URL: Final = Rule(
    "media.url",
    "the Converse API takes media as data or from S3, not by URL.",
    _SOURCE,
    FETCHED_MEDIA,
)
MEDIA_TYPE: Final = Rule("media.type", "the Converse API does not know this media type.", _SOURCE)
CHOICES: Final = Rule("choice_count", "the Converse API gives one choice only.", _SOURCE)
JSON_WITHOUT_SCHEMA: Final = Rule(
    "output.json", "the Converse API gives JSON only with a schema.", _SOURCE
)
ARGUMENTS: Final = Rule(
    "tool_call.arguments", "the arguments of a tool call must be a JSON object.", _SOURCE
)
SEQUENTIAL: Final = Rule(
    "parallel_tool_calls", "the Converse API cannot forbid parallel tool calls.", _SOURCE
)
RULES: Final = (
    OTHER,
    MEDIA_URL,
    MEDIA_TYPE,
    CHOICES,
    JSON_WITHOUT_SCHEMA,
    ARGUMENTS,
    SEQUENTIAL,
)

_encoder: Final = msgspec.json.Encoder()
_object: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_MEDIA_FORMATS: Final = {
    MediaKind.IMAGE: {"png", "jpeg", "gif", "webp"},
    MediaKind.AUDIO: {"mp3", "opus", "wav", "aac", "flac", "mp4", "ogg", "mpeg", "webm"},
    MediaKind.VIDEO: {"mkv", "mov", "mp4", "webm", "flv", "mpeg", "mpg", "wmv", "three_gp"},
}
_DOCUMENT_FORMATS: Final = {
    "application/pdf": "pdf",
    "text/csv": "csv",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "text/html": "html",
    "text/plain": "txt",
    "text/markdown": "md",
}
_MAX_NAME_CHARS: Final = 200  # of a document's name, as the API has it


def write_request(conversation: Conversation, model: str) -> Written:
    """Writes a request; the model and streaming are in its URL. Raises `InvalidRequest` for what
    the format cannot express (`RULES`)."""
    if conversation.choice_count not in (None, 1):
        raise reject(CHOICES)
    if conversation.parallel_tool_calls is False and conversation.tools:
        raise reject(SEQUENTIAL)
    for name in conversation.others:
        raise reject(OTHER, field=name)
    writer = _Writer(conversation, model)
    system, messages = writer.history()
    request: dict[str, Any] = {"messages": messages}
    options = {
        "system": system,
        "inferenceConfig": writer.inference(),
        "toolConfig": writer.tools(),
        "outputConfig": writer.output(),
        "additionalModelRequestFields": writer.thinking(),
        "serviceTier": writer.service_tier(),
    }
    request |= {name: value for name, value in options.items() if value}
    writer.drop_hints()
    return Written(_encoder.encode(request), writer.changes.all())


class _Writer:
    """Writes the parts of one conversation and collects the changes."""

    def __init__(self, conversation: Conversation, model: str) -> None:
        self._conversation = conversation
        self._is_claude = "anthropic" in model
        self.changes = Changes()

    def history(self) -> tuple[list[Any], list[Any]]:
        """The system blocks and the messages; system messages after the first turn move up."""
        system: list[Any] = []
        messages: list[dict[str, Any]] = []
        for message in self._conversation.messages:
            if message.name:
                self.changes.drop("name")
            if message.role is MessageRole.SYSTEM:
                if messages:
                    self.changes.change("messages.order")
                system += self._blocks(message.parts)
                continue
            blocks = self._blocks(message.parts)
            if messages and messages[-1]["role"] == message.role.value:
                messages[-1]["content"] += blocks
            elif blocks:
                messages.append({"role": message.role.value, "content": blocks})
        return system, messages

    def inference(self) -> dict[str, Any]:
        asked = self._conversation
        options = {
            "maxTokens": asked.max_output_tokens,
            "temperature": self._temperature(),
            "topP": asked.top_p,
            "stopSequences": list(asked.stop) or None,
        }
        return {name: value for name, value in options.items() if value is not None}

    def _temperature(self) -> float | None:
        wanted = self._conversation.temperature
        if wanted is not None and wanted > 1:
            self.changes.change("temperature")
            return 1.0
        return wanted

    def tools(self) -> dict[str, Any] | None:
        choice = self._conversation.tool_choice or ToolChoice()
        forbidden = choice.mode is ToolMode.NONE
        if forbidden:
            self.changes.change("tool_choice")
        if not self._conversation.tools or (forbidden and not self._has_calls()):
            return None
        wanted, required = choice.names, choice.mode is ToolMode.REQUIRED
        one = required and len(wanted) == 1
        written: list[Any] = []
        for tool in self._conversation.tools:
            if one or _is_allowed(tool, wanted):
                written += self._tool(tool)
        config: dict[str, Any] = {"tools": written}
        if required:
            config["toolChoice"] = {"tool": {"name": wanted[0]}} if one else {"any": {}}
        return config

    def _has_calls(self) -> bool:
        return any(
            isinstance(part, ToolCall)
            for message in self._conversation.messages
            for part in message.parts
        )

    def _tool(self, tool: Tool | Other) -> list[Any]:
        if isinstance(tool, Other):
            raise reject(OTHER, field=tool.field)
        schema = msgspec.Raw(tool.parameters or b'{"type":"object","properties":{}}')
        spec: dict[str, Any] = {"name": tool.name, "inputSchema": {"json": schema}}
        if tool.description:
            spec["description"] = tool.description
        if tool.strict is not None:
            spec["strict"] = tool.strict
        return [{"toolSpec": spec}, *_cache_point(tool.cache)]

    def output(self) -> dict[str, Any]:
        config: dict[str, Any] = {}
        if self._conversation.output is not None:
            config["textFormat"] = _text_format(self._conversation.output)
        reasoning = self._conversation.reasoning
        if reasoning is not None and reasoning.effort:
            config["effort"] = reasoning.effort
        return config

    def thinking(self) -> dict[str, Any] | None:
        """Only Claude takes a budget of reasoning tokens here."""
        reasoning = self._conversation.reasoning
        if reasoning is None:
            return None
        if reasoning.summary:
            self.changes.drop("reasoning.summary")
        if reasoning.budget is None:
            return None
        if not self._is_claude or reasoning.budget <= 0:
            self.changes.drop("reasoning.budget")
            return None
        return {"thinking": {"type": "enabled", "budget_tokens": reasoning.budget}}

    def service_tier(self) -> dict[str, Any] | None:
        value = self._conversation.hints.get(Hint.SERVICE_TIER)
        return {"type": msgspec.Raw(value)} if value else None

    def drop_hints(self) -> None:
        for hint in self._conversation.hints:
            if hint is not Hint.SERVICE_TIER:
                self.changes.drop(hint.value)

    def _blocks(self, parts: Iterable[Part]) -> list[Any]:
        blocks: list[Any] = []
        for part in parts:
            blocks += self._block(part)
            if isinstance(part, Text | Media | ToolCall | ToolResult):
                blocks += _cache_point(part.cache)
        return blocks

    def _block(self, part: Part) -> list[Any]:
        match part:
            case Text(text):
                if part.citations:
                    self.changes.drop("citations")
                return [{"text": text}] if text and not text.isspace() else []
            case Media():
                return [self._media(part)]
            case ToolCall():
                use = {"toolUseId": part.id, "name": part.name, "input": _arguments(part)}
                return [{"toolUse": use}]
            case ToolResult():
                return [{"toolResult": self._result(part)}]
            case Reasoning():
                return self._reasoning(part)
            case Refusal(text):
                return [{"text": text}] if text else []
            case Other():
                raise reject(OTHER, field=part.field)

    def _result(self, part: ToolResult) -> dict[str, Any]:
        content = self._blocks(part.parts) or [{"json": {}}]
        result: dict[str, Any] = {"toolUseId": part.call_id, "content": content}
        if part.is_error:
            result["status"] = "error"
        return result

    def _reasoning(self, part: Reasoning) -> list[Any]:
        if part.dialect != DIALECT:
            self.changes.drop("reasoning")
            return []
        if part.encrypted:
            return [{"reasoningContent": {"redactedContent": part.encrypted}}]
        text = {"text": part.text, "signature": part.signature}
        return [{"reasoningContent": {"reasoningText": text}}]

    def _media(self, part: Media) -> dict[str, Any]:
        if part.url or part.file_id:
            raise reject(MEDIA_URL)
        if part.detail:
            self.changes.drop("media.detail")
        if part.kind is MediaKind.DOCUMENT:
            return {"document": _document(part)}
        format_ = part.media_type.partition("/")[2]
        if format_ not in _MEDIA_FORMATS[part.kind]:
            raise reject(MEDIA_TYPE)
        return {part.kind.value: {"format": format_, "source": {"bytes": part.data}}}


def _is_allowed(tool: Tool | Other, names: tuple[str, ...]) -> bool:
    return not names or (isinstance(tool, Tool) and tool.name in names)


def _document(part: Media) -> dict[str, Any]:
    format_ = _DOCUMENT_FORMATS.get(part.media_type or "text/plain")
    if format_ is None:
        raise reject(MEDIA_TYPE)
    source = {"text": part.text} if part.text else {"bytes": part.data}
    document = {"format": format_, "name": _document_name(part.name), "source": source}
    return {**document, "citations": {"enabled": True}} if part.citations else document


def _document_name(name: str) -> str:
    """A name of the characters that the API allows."""
    allowed = [char if char.isalnum() and char.isascii() else "-" for char in name]
    return "".join(allowed)[:_MAX_NAME_CHARS] or "document"


def _arguments(call: ToolCall) -> Any:
    text = call.arguments.encode()
    if not text.strip():
        return {}
    try:
        _object.decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise reject(ARGUMENTS) from None
    return msgspec.Raw(text)


def _text_format(output: OutputFormat) -> dict[str, Any]:
    if not output.schema:
        raise reject(JSON_WITHOUT_SCHEMA)
    schema = {"schema": output.schema.decode(), "name": output.name or "answer"}
    if output.description:
        schema["description"] = output.description
    return {"type": "json_schema", "structure": {"jsonSchema": schema}}


def _cache_point(cache: str) -> list[Any]:
    return [{"cachePoint": {"type": "default", "ttl": cache}}] if cache else []
