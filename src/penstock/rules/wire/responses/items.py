"""The shapes of the items and parts of a request that the neutral form holds completely.

Anything else becomes `Other`. The ids and states of items, and log probabilities of texts, are
filled in by the API itself: they are accepted, and not read.
"""

from typing import Any, Final, cast

import msgspec


class _Strict(msgspec.Struct, forbid_unknown_fields=True):
    """A shape that holds all of a value."""


class Breakpoint(_Strict):
    """A cache marker. `ttl` is its lifetime."""

    mode: str
    ttl: str | None = None


class SentText(_Strict, tag="input_text"):
    text: str
    prompt_cache_breakpoint: Breakpoint | None = None


class UrlCitation(_Strict, tag="url_citation"):
    url: str
    title: str = ""
    start_index: int = -1
    end_index: int = -1


class SentAnswerText(_Strict, tag="output_text"):
    text: str
    annotations: list[UrlCitation] = []
    logprobs: Any = None


class SentRefusal(_Strict, tag="refusal"):
    refusal: str


class SentImage(_Strict, tag="input_image"):
    image_url: str | None = None
    file_id: str | None = None
    detail: str | None = None
    prompt_cache_breakpoint: Breakpoint | None = None


class SentFile(_Strict, tag="input_file"):
    file_data: str | None = None
    file_id: str | None = None
    file_url: str | None = None
    filename: str | None = None
    detail: str | None = None
    prompt_cache_breakpoint: Breakpoint | None = None


class Audio(_Strict):
    data: str
    format: str


class SentAudio(_Strict, tag="input_audio"):
    input_audio: Audio


Content = SentText | SentAnswerText | SentRefusal | SentImage | SentFile | SentAudio


class _Direct(_Strict, tag="direct"):
    """The model itself calls the tool, not its program."""


class SentMessage(_Strict):
    role: str
    content: str | list[msgspec.Raw]
    type: str = "message"
    id: Any = None
    status: Any = None
    phase: str | None = None


class SentCall(_Strict, rename={"is_async": "async"}):
    type: str
    call_id: str
    name: str
    arguments: str
    id: Any = None
    status: Any = None
    namespace: None = None
    caller: _Direct | None = None
    is_async: bool = False


class SentResult(_Strict):
    type: str
    call_id: str
    output: str | list[msgspec.Raw]
    id: Any = None
    status: Any = None
    name: None = None
    namespace: None = None
    caller: _Direct | None = None


class ItemText(_Strict):
    type: str
    text: str


class SentReasoning(_Strict):
    type: str
    id: str = ""
    summary: list[ItemText] = []
    content: list[ItemText] | None = None
    encrypted_content: str | None = None
    status: Any = None


class _Kind(msgspec.Struct):
    type: str | None = None
    role: str | None = None


class FunctionTool(_Strict):
    type: str
    name: str
    description: str | None = None
    parameters: msgspec.Raw = msgspec.Raw()
    strict: bool | None = None


class ChosenFunction(_Strict, tag="function"):
    name: str


class AllowedTools(_Strict, tag="allowed_tools"):
    mode: str
    tools: list[ChosenFunction]


class Format(_Strict):
    type: str
    name: str = ""
    schema: msgspec.Raw = msgspec.Raw()
    description: str | None = None
    strict: bool | None = None


class TextMember(_Strict):
    format: Format | None = None
    verbosity: str | None = None


class ReasoningMember(_Strict):
    effort: str | None = None
    summary: str | None = None
    generate_summary: str | None = None


_Item = SentMessage | SentCall | SentResult | SentReasoning
_Choice = str | ChosenFunction | AllowedTools

KIND: Final = msgspec.json.Decoder(_Kind)
ITEMS: Final[dict[str, msgspec.json.Decoder[Any]]] = {
    "message": msgspec.json.Decoder(SentMessage),
    "function_call": msgspec.json.Decoder(SentCall),
    "function_call_output": msgspec.json.Decoder(SentResult),
    "reasoning": msgspec.json.Decoder(SentReasoning),
}
PART: Final = msgspec.json.Decoder(cast("type[Content]", Content))
TOOL: Final = msgspec.json.Decoder(FunctionTool)
CHOICE: Final = msgspec.json.Decoder(cast("type[_Choice]", _Choice))
TEXT_OPTIONS: Final = msgspec.json.Decoder(TextMember)
REASONING: Final = msgspec.json.Decoder(ReasoningMember)
