"""Writes a neutral conversation as a generateContent request. The model is in the path."""

import re
from typing import Any, Final

import msgspec

from penstock.rules.neutral.conversation import (
    Conversation,
    Hint,
    Other,
    OutputFormat,
    ReasoningOptions,
    Tool,
    ToolMode,
)
from penstock.rules.neutral.translation import Changes, Rule, Written, reject
from penstock.rules.wire.gemini.contents_writer import (
    CONTENT_RULES,
    OTHER,
    ContentsWriter,
)
from penstock.rules.wire.gemini.parts import DIALECT
from penstock.rules.wire.gemini.request_reader import TIERS

_encoder: Final = msgspec.json.Encoder()
_LOGPROBS: Final = (Hint.LOGPROBS, Hint.TOP_LOGPROBS)  # answers lose them in a translation
_CONFIG_HINTS: Final = {
    Hint.SEED: "seed",
    Hint.TOP_K: "topK",
    Hint.PRESENCE_PENALTY: "presencePenalty",
    Hint.FREQUENCY_PENALTY: "frequencyPenalty",
    Hint.LOGPROBS: "responseLogprobs",
    Hint.TOP_LOGPROBS: "logprobs",
}
_TIERS: Final = {name: own for own, name in TIERS.items()}
_text: Final = msgspec.json.Decoder(str)
# The documentation of thinking: budgets up to Gemini 2.5, levels from Gemini 3 on.
_BUDGETS_ONLY: Final = re.compile(r"gemini-[12][.-]")
_BUDGETS: Final = {"none": 0, "minimal": 1024, "low": 1024, "medium": 8192, "high": 24576}
_LEVEL_OF: Final = {"none": "minimal", "max": "xhigh"}

RULES: Final[tuple[Rule, ...]] = CONTENT_RULES


def write_request(conversation: Conversation, model: str) -> Written:
    """Writes a request. Raises `InvalidRequest` for what the format cannot express (`RULES`)."""
    writer = _Writer(conversation, model)
    request: dict[str, Any] = writer.contents()
    if conversation.tools:
        request["tools"] = writer.tools()
    if calling := writer.calling():
        request["toolConfig"] = {"functionCallingConfig": calling}
    config = writer.config()
    if config:
        request["generationConfig"] = config
    writer.add_rest(request)
    return Written(_encoder.encode(request), writer.changes.all())


class _Writer:
    """Writes one conversation and collects the changes."""

    def __init__(self, conversation: Conversation, model: str) -> None:
        self._conversation = conversation
        self._model = model
        self._own = conversation.dialect == DIALECT
        self.changes = Changes()

    def contents(self) -> dict[str, Any]:
        """Writes `contents` and `systemInstruction`."""
        return ContentsWriter(self._conversation, self._model, self.changes).write()

    def tools(self) -> list[Any]:
        """Writes all functions into one tool, and each other tool as it is."""
        functions: list[Any] = []
        others: list[Any] = []
        for tool in self._conversation.tools:
            match tool:
                case Tool():
                    functions.append(self._function(tool))
                case Other(kind="function"):
                    functions.append(self._other(tool))
                case Other():
                    others.append(self._other(tool))
        return [*([{"functionDeclarations": functions}] if functions else []), *others]

    def calling(self) -> dict[str, Any]:
        """Writes the permission to call. Without an obligation to call, a list of allowed functions
        or strict arguments need the mode `VALIDATED`."""
        choice = self._conversation.tool_choice
        functions = [tool for tool in self._conversation.tools if isinstance(tool, Tool)]
        strict = bool(functions) and all(tool.strict for tool in functions)
        if self._conversation.parallel_tool_calls is False:
            self.changes.drop("parallel_tool_calls")
        if choice is None:
            return {"mode": "VALIDATED"} if strict else {}
        names = {"allowedFunctionNames": choice.names} if choice.names else {}
        match choice.mode:
            case ToolMode.REQUIRED:
                return {"mode": "ANY", **names}
            case ToolMode.NONE:
                return {"mode": "NONE", **names}
            case ToolMode.AUTO:
                return {"mode": "VALIDATED" if strict or names else "AUTO", **names}

    def config(self) -> dict[str, Any]:
        """Writes `generationConfig`."""
        conversation = self._conversation
        options = {
            "maxOutputTokens": conversation.max_output_tokens,
            "temperature": conversation.temperature,
            "topP": conversation.top_p,
            "stopSequences": list(conversation.stop) or None,
            "candidateCount": conversation.choice_count,
            "thinkingConfig": self._thinking(conversation.reasoning),
        }
        config: dict[str, Any] = {
            name: value for name, value in options.items() if value is not None
        }
        return {**config, **self._output(conversation.output)}

    def add_rest(self, request: dict[str, Any]) -> None:
        """Adds hints and the members that only this dialect has."""
        for hint, value in self._conversation.hints.items():
            self._add_hint(request, hint, value)
        for name, value in self._conversation.others.items():
            if not self._own:
                raise reject(OTHER, field=name)
            parent, _, member = name.partition(".")
            if member:
                request.setdefault(parent, {})[member] = msgspec.Raw(value)
            else:
                request[name] = msgspec.Raw(value)

    def _add_hint(self, request: dict[str, Any], hint: Hint, value: bytes) -> None:
        if hint in _LOGPROBS and not self._own:
            self.changes.drop(hint.value)
        elif hint in _CONFIG_HINTS:
            config = request.setdefault("generationConfig", {})
            config[_CONFIG_HINTS[hint]] = msgspec.Raw(value)
        elif hint is Hint.STORE:
            request["store"] = msgspec.Raw(value)
        elif hint is Hint.SERVICE_TIER and (tier := _TIERS.get(_word(value))):
            request["serviceTier"] = tier
        elif hint is Hint.METADATA and self._own:
            request["labels"] = msgspec.Raw(value)
        else:
            self.changes.drop(hint.value)

    def _function(self, tool: Tool) -> dict[str, Any]:
        if tool.cache:
            self.changes.drop("cache_control")
        function: dict[str, Any] = {"name": tool.name}
        if tool.description:
            function["description"] = tool.description
        if tool.parameters:
            function["parametersJsonSchema"] = msgspec.Raw(tool.parameters)
        return function

    def _other(self, other: Other) -> msgspec.Raw:
        if other.dialect != DIALECT:
            raise reject(OTHER, field=other.field)
        return msgspec.Raw(other.value)

    def _output(self, output: OutputFormat | None) -> dict[str, Any]:
        if output is None:
            return {}
        written: dict[str, Any] = {"responseMimeType": "application/json"}
        if output.description:
            self.changes.drop("output.description")
        if output.schema:
            written["responseJsonSchema"] = msgspec.Raw(output.schema)
        return written

    def _thinking(self, options: ReasoningOptions | None) -> dict[str, Any] | None:
        if options is None:
            return None
        written: dict[str, Any] = {}
        if options.summary is not None:
            written["includeThoughts"] = options.summary
        if options.budget is not None and (self._own or not options.effort):
            written["thinkingBudget"] = options.budget
        if options.effort:
            written |= self._effort(options.effort)
        return written or None

    def _effort(self, effort: str) -> dict[str, Any]:
        if _BUDGETS_ONLY.search(self._model) and not self._own:
            self.changes.change("reasoning.effort")
            return {"thinkingBudget": _BUDGETS.get(effort, _BUDGETS["high"])}
        level = _LEVEL_OF.get(effort, effort)
        if level != effort:
            self.changes.change("reasoning.effort")
        return {"thinkingLevel": level.upper()}


def _word(value: bytes) -> str:
    try:
        return _text.decode(value)
    except msgspec.DecodeError:
        return ""
