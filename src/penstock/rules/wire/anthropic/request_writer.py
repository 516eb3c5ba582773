"""Writes a neutral conversation as Anthropic's request."""

from typing import Any, Final

import msgspec

from penstock.rules.neutral.conversation import (
    Conversation,
    Hint,
    Other,
    OutputFormat,
    Tool,
    ToolMode,
)
from penstock.rules.neutral.translation import Changes, Written, reject
from penstock.rules.wire.anthropic.blocks import DIALECT
from penstock.rules.wire.anthropic.history_writer import HistoryWriter, cache_marker
from penstock.rules.wire.anthropic.models import takes_sampling
from penstock.rules.wire.anthropic.request_reader import TIERS
from penstock.rules.wire.anthropic.rules import CHOICES, JSON_WITHOUT_SCHEMA, OTHER
from penstock.rules.wire.anthropic.schema import closed_schema
from penstock.rules.wire.anthropic.thinking import (
    Thought,
    choose_sampling,
    choose_thinking,
)

DEFAULT_MAX_TOKENS: Final = 32_000  # the format requires a number; current models make as many
_encoder: Final = msgspec.json.Encoder()
_HINTS: Final = {Hint.TOP_K: "top_k", Hint.CACHE_CONTROL: "cache_control"}
_TIERS: Final = {neutral: own for own, neutral in TIERS.items()}
_CHOICES: Final = {ToolMode.AUTO: "auto", ToolMode.REQUIRED: "any", ToolMode.NONE: "none"}


def write_request(
    conversation: Conversation,
    model: str,
    *,
    stream: bool = False,
    max_tokens: int | None = DEFAULT_MAX_TOKENS,
) -> Written:
    """Writes a request. `max_tokens` applies if the caller sets no limit; `None` for a count of
    tokens. Raises `InvalidRequest` for what the format cannot express (`rules.RULES`)."""
    changes = Changes()
    if (conversation.choice_count or 1) > 1:
        raise reject(CHOICES)
    limit = conversation.max_output_tokens
    if limit is None and max_tokens is not None:
        changes.change("max_output_tokens")
        limit = max_tokens
    thought = choose_thinking(conversation, model, limit or DEFAULT_MAX_TOKENS, changes)
    writer = _Writer(conversation, changes)
    content = HistoryWriter(conversation, changes)
    options = {
        "max_tokens": limit,
        "system": content.system(),
        "messages": content.messages(),
        "tools": writer.tools() or None,
        "tool_choice": writer.tool_choice(),
        "thinking": thought.thinking,
        "output_config": writer.output_config(thought),
        **choose_sampling(conversation, model, thought, changes)._asdict(),
        "stop_sequences": writer.stop() or None,
        "stream": stream or None,
        **writer.hints(model, thought),
        **writer.others(),
    }
    request = {name: value for name, value in options.items() if value is not None}
    return Written(_encoder.encode({"model": model, **request}), changes.all())


class _Writer:
    """Writes the members of one request beside its history."""

    def __init__(self, conversation: Conversation, changes: Changes) -> None:
        self._conversation = conversation
        self._own = conversation.dialect == DIALECT
        self._changes = changes

    def tools(self) -> list[Any]:
        """The tools; only those that the caller allows, because a choice names one at most."""
        choice = self._conversation.tool_choice
        names = choice.names if choice is not None else ()
        tools = self._conversation.tools
        if names and not self._names_one():
            self._changes.change("tool_choice.names")
            tools = tuple(each for each in tools if isinstance(each, Tool) and each.name in names)
        return [self._tool(tool) for tool in tools]

    def tool_choice(self) -> Any:
        choice, parallel = self._conversation.tool_choice, self._conversation.parallel_tool_calls
        if choice is None and parallel is None:
            return None
        mode = choice.mode if choice is not None else ToolMode.AUTO
        if not self._conversation.tools and not self._own and mode is not ToolMode.REQUIRED:
            self._changes.drop("tool_choice")  # Anthropic rejects it without tools
            return None
        written: dict[str, Any] = {"type": _CHOICES[mode]}
        if choice is not None and self._names_one():
            written = {"type": "tool", "name": choice.names[0]}
        if parallel is None:
            return written
        if mode is ToolMode.NONE:
            self._changes.drop("parallel_tool_calls")
            return written
        return {**written, "disable_parallel_tool_use": not parallel}

    def output_config(self, thought: Thought) -> dict[str, Any] | None:
        config: dict[str, Any] = {"effort": thought.effort} if thought.effort else {}
        if (output := self._conversation.output) is not None:
            config["format"] = self._format(output)
        return config or None

    def stop(self) -> list[str]:
        """The stop sequences; Anthropic rejects those of spaces only."""
        sequences = self._conversation.stop
        if self._own:
            return list(sequences)
        kept = [sequence for sequence in sequences if sequence and not sequence.isspace()]
        if len(kept) < len(sequences):
            self._changes.drop("stop")
        return kept

    def hints(self, model: str, thought: Thought) -> dict[str, Any]:
        written: dict[str, Any] = {}
        for hint, value in self._conversation.hints.items():
            if hint is Hint.EAGER_INPUT:
                continue  # on the tools
            member = self._hint(hint, value, model, thought)
            if member is None:
                self._changes.drop(hint.value)
            else:
                name, said = member
                written[name] = said
        return written

    def others(self) -> dict[str, Any]:
        """The members that only this dialect has."""
        others = self._conversation.others
        if others and not self._own:
            raise reject(OTHER, field=next(iter(others)))
        return {name: msgspec.Raw(value) for name, value in others.items()}

    def _hint(
        self, hint: Hint, value: bytes, model: str, thought: Thought
    ) -> tuple[str, Any] | None:
        """Name and value of a member; `None` if this request cannot have it."""
        match hint:
            case Hint.USER:
                user: dict[str, Any] = {"user_id": msgspec.Raw(value)}
                return ("metadata", user) if value.startswith(b'"') else None
            case Hint.SERVICE_TIER:
                tier = value if self._own and value not in _TIERS else _TIERS.get(value)
                return ("service_tier", msgspec.Raw(tier)) if tier is not None else None
            case Hint.TOP_K if not self._own and (thought.active or not takes_sampling(model)):
                self._changes.drop("top_k")
                return None
            case _:
                return (_HINTS[hint], msgspec.Raw(value)) if hint in _HINTS else None

    def _tool(self, tool: Tool | Other) -> Any:
        if isinstance(tool, Other):
            if tool.dialect != DIALECT:
                raise reject(OTHER, field=tool.field)
            return msgspec.Raw(tool.value)
        schema = tool.parameters or b'{"type":"object","properties":{}}'
        if tool.strict and not self._own:
            schema, changed = closed_schema(schema, "tool.parameters")
            if changed:
                self._changes.change("tool.parameters")
        written: dict[str, Any] = {"name": tool.name, "input_schema": msgspec.Raw(schema)}
        if tool.description:
            written["description"] = tool.description
        if tool.strict is not None:
            written["strict"] = tool.strict
        if tool.cache:
            written["cache_control"] = cache_marker(tool.cache)
        if (eager := self._conversation.hints.get(Hint.EAGER_INPUT)) is not None:
            written["eager_input_streaming"] = msgspec.Raw(eager)
        return written

    def _format(self, output: OutputFormat) -> dict[str, Any]:
        """The name of a schema is a label without a meaning; the format has no place for it."""
        if not output.schema:
            raise reject(JSON_WITHOUT_SCHEMA)
        if output.description:
            self._changes.drop("output.description")
        if output.strict is False:
            self._changes.change("output.strict")
        schema, changed = output.schema, False
        if not self._own:
            schema, changed = closed_schema(schema, "output.schema")
        if changed:
            self._changes.change("output.schema")
        return {"type": "json_schema", "schema": msgspec.Raw(schema)}

    def _names_one(self) -> bool:
        choice = self._conversation.tool_choice
        if choice is None:
            return False
        return choice.mode is ToolMode.REQUIRED and len(choice.names) == 1
