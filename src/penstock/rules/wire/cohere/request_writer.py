"""Writes a neutral conversation as a request of Cohere's chat API."""

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
    Refusal,
    Text,
    Tool,
    ToolCall,
    ToolMode,
    ToolResult,
)
from penstock.rules.neutral.translation import Changes, Rule, Written, reject

DIALECT: Final = "cohere"
_SOURCE: Final = "https://docs.cohere.com/reference/chat"
OTHER: Final = Rule("other", "Cohere's chat API has no such part, tool or parameter.", _SOURCE)
MEDIA: Final = Rule(
    "media", "Cohere's chat API takes texts, and images in a user's message.", _SOURCE
)
CHOICES: Final = Rule("choice_count", "Cohere's chat API gives one choice only.", _SOURCE)
SEQUENTIAL: Final = Rule(
    "parallel_tool_calls", "Cohere's chat API cannot forbid parallel tool calls.", _SOURCE
)
RULES: Final = (OTHER, MEDIA, CHOICES, SEQUENTIAL)

_encoder: Final = msgspec.json.Encoder()
_number: Final = msgspec.json.Decoder(float)
_HINTS: Final = {
    Hint.SEED: "seed",
    Hint.TOP_K: "k",
    Hint.LOGPROBS: "logprobs",
}
_NO_SCHEMA: Final = b'{"type":"object","properties":{}}'


def write_request(conversation: Conversation, model: str, *, stream: bool) -> Written:
    """Writes a chat request. Raises `InvalidRequest` for what the format cannot express
    (`RULES`)."""
    if conversation.choice_count not in (None, 1):
        raise reject(CHOICES)
    if conversation.parallel_tool_calls is False and conversation.tools:
        raise reject(SEQUENTIAL)
    for name in conversation.others:
        raise reject(OTHER, field=name)
    writer = _Writer(conversation)
    request: dict[str, Any] = {"model": model, "messages": writer.messages(), "stream": stream}
    options = {
        **writer.tools(),
        "response_format": _response_format(conversation.output),
        "thinking": writer.thinking(),
        "max_tokens": conversation.max_output_tokens,
        "temperature": writer.temperature(),
        "p": writer.top_p(),
        "stop_sequences": list(conversation.stop) or None,
    }
    request |= {name: value for name, value in options.items() if value is not None}
    writer.add_hints(request)
    return Written(_encoder.encode(request), writer.changes.all())


class _Writer:
    """Writes the parts of one conversation and collects the changes."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self.changes = Changes()

    def messages(self) -> list[Any]:
        written: list[Any] = []
        for message in self._conversation.messages:
            if message.name:
                self.changes.drop("name")
            written += self._message(message)
        return written

    def tools(self) -> dict[str, Any]:
        choice = self._conversation.tool_choice
        names = choice.names if choice else ()
        tools = [self._tool(tool) for tool in self._conversation.tools if _is_allowed(tool, names)]
        if not tools:
            return {}
        mode = {ToolMode.REQUIRED: "REQUIRED", ToolMode.NONE: "NONE"}
        strict = any(isinstance(t, Tool) and t.strict for t in self._conversation.tools)
        return {
            "tools": tools,
            "tool_choice": mode.get(choice.mode) if choice else None,
            "strict_tools": strict or None,
        }

    def thinking(self) -> dict[str, Any] | None:
        """Efforts become a switch: the API has a budget in tokens only."""
        options = self._conversation.reasoning
        if options is None:
            return None
        if options.summary is not None:
            self.changes.drop("reasoning.summary")
        if options.budget is not None and options.budget > 0:
            return {"type": "enabled", "token_budget": options.budget}
        if not options.effort and options.budget is None:
            return None
        off = options.effort == "none" or options.budget == 0
        if not off and options.effort:
            self.changes.change("reasoning.effort")
        return {"type": "disabled" if off else "enabled"}

    def temperature(self) -> float | None:
        wanted = self._conversation.temperature
        if (value := _limited(wanted, 0, 1)) != wanted:
            self.changes.change("temperature")
        return value

    def top_p(self) -> float | None:
        wanted = self._conversation.top_p
        if (value := _limited(wanted, 0.01, 0.99)) != wanted:
            self.changes.change("top_p")
        return value

    def add_hints(self, request: dict[str, Any]) -> None:
        for hint, value in self._conversation.hints.items():
            if hint is Hint.FREQUENCY_PENALTY:
                request["frequency_penalty"], changed = _penalty(value)
                if changed:
                    self.changes.change("frequency_penalty")
            elif hint is Hint.PRESENCE_PENALTY:
                request["presence_penalty"], changed = _penalty(value)
                if changed:
                    self.changes.change("presence_penalty")
            elif hint in _HINTS:
                request[_HINTS[hint]] = msgspec.Raw(value)
            else:
                self.changes.drop(hint.value)

    def _tool(self, tool: Tool | Other) -> dict[str, Any]:
        if isinstance(tool, Other):
            raise reject(OTHER, field=tool.field)
        self._drop_cache(tool.cache)
        function: dict[str, Any] = {"name": tool.name}
        if tool.description:
            function["description"] = tool.description
        function["parameters"] = msgspec.Raw(tool.parameters or _NO_SCHEMA)
        return {"type": "function", "function": function}

    def _message(self, message: Message) -> list[Any]:
        if message.role is MessageRole.ASSISTANT:
            return [self._assistant(message)]
        written: list[Any] = []
        rest: list[Part] = []
        for part in message.parts:
            if isinstance(part, ToolResult):
                written.append(self._result(part))
            else:
                rest.append(part)
        if rest or not written:
            images = message.role is MessageRole.USER
            written.append(
                {"role": message.role.value, "content": self._content(rest, images=images)}
            )
        return written

    def _result(self, result: ToolResult) -> dict[str, Any]:
        if result.is_error:
            self.changes.drop("tool_result.is_error")
        self._drop_cache(result.cache)
        content = self._content(result.parts, images=False)
        return {"role": "tool", "tool_call_id": result.call_id, "content": content}

    def _assistant(self, message: Message) -> dict[str, Any]:
        content: list[Any] = []
        calls: list[Any] = []
        for part in message.parts:
            if isinstance(part, ToolCall):
                self._drop_cache(part.cache)
                function = {"name": part.name, "arguments": part.arguments}
                calls.append({"id": part.id, "type": "function", "function": function})
            else:
                if calls:
                    self.changes.change("messages.order")
                content += self._assistant_part(part)
        written: dict[str, Any] = {"role": "assistant"}
        if content or not calls:
            written["content"] = content
        if calls:
            written["tool_calls"] = calls
        return written

    def _assistant_part(self, part: Part) -> list[Any]:
        if isinstance(part, Reasoning):
            if part.dialect != DIALECT:
                self.changes.drop("reasoning")
                return []
            return [{"type": "thinking", "thinking": part.text}]
        return [self._part(part, images=False)]

    def _content(self, parts: Sequence[Part], *, images: bool) -> Any:
        if len(parts) == 1 and isinstance(parts[0], Text):
            return self._text(parts[0])
        return [self._part(part, images=images) for part in parts]

    def _part(self, part: Part, *, images: bool) -> dict[str, Any]:
        match part:
            case Text():
                return {"type": "text", "text": self._text(part)}
            case Refusal(text):
                return {"type": "text", "text": text}
            case Media(kind=MediaKind.IMAGE) if images and not part.file_id:
                self._drop_cache(part.cache)
                return {"type": "image_url", "image_url": _image(part)}
            case Media(text=text) if text:
                self.changes.change("document")
                return {"type": "text", "text": text}
            case Media():
                raise reject(MEDIA)
            case _:
                raise reject(OTHER, field=part.field if isinstance(part, Other) else "")

    def _text(self, part: Text) -> str:
        if part.citations:
            self.changes.drop("citations")
        self._drop_cache(part.cache)
        return part.text

    def _drop_cache(self, cache: str) -> None:
        if cache:
            self.changes.drop("cache_control")


def _limited(wanted: float | None, least: float, most: float) -> float | None:
    """The value, or the limit of the API that it exceeds."""
    return wanted if wanted is None else min(max(wanted, least), most)


def _penalty(value: bytes) -> tuple[Any, bool]:
    """A penalty as the API accepts it, and whether that changed it. Others go from -2 to 2."""
    try:
        wanted = _number.decode(value)
    except msgspec.DecodeError:
        return msgspec.Raw(value), False  # Cohere rejects it
    limited = _limited(wanted, 0, 1)
    return (limited, True) if limited != wanted else (msgspec.Raw(value), False)


def _is_allowed(tool: Tool | Other, names: tuple[str, ...]) -> bool:
    return not names or (isinstance(tool, Tool) and tool.name in names)


def _image(part: Media) -> dict[str, Any]:
    image = {"url": part.url or f"data:{part.media_type};base64,{part.data}"}
    return {**image, "detail": part.detail} if part.detail else image


def _response_format(output: OutputFormat | None) -> dict[str, Any] | None:
    if output is None:
        return None
    schema = {"json_schema": msgspec.Raw(output.schema)} if output.schema else {}
    return {"type": "json_object", **schema}
