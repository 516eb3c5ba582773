"""Reads Gemini's requests. Unknown members are rejected, as Gemini does; an error names its place
in `param`. Members may be spelled in camel case or with underscores: Google's client does both.
"""

import re
from typing import Annotated, Any, Final, Literal, TypeVar, cast

import msgspec
from msgspec import Meta, Struct

from penstock.kernel.errors import InvalidRequest

_Penalty = Annotated[float, Meta(ge=-2, le=2)]


class _Strict(Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    pass


class InlineData(_Strict, frozen=True, kw_only=True):
    mime_type: str
    data: str
    display_name: str | None = None


class GeminiFile(_Strict, frozen=True, kw_only=True):
    file_uri: Annotated[str, Meta(min_length=1)]
    mime_type: str | None = None
    display_name: str | None = None


class GeminiCall(_Strict, frozen=True, kw_only=True):
    name: Annotated[str, Meta(min_length=1)]
    args: dict[str, Any] = {}
    id: str | None = None


class ResultPart(_Strict, frozen=True, kw_only=True):
    inline_data: InlineData | None = None
    file_data: GeminiFile | None = None


class GeminiResult(_Strict, frozen=True, kw_only=True):
    name: Annotated[str, Meta(min_length=1)]
    response: dict[str, Any]
    id: str | None = None
    parts: list[ResultPart] = []
    will_continue: bool | None = None
    scheduling: str | None = None


class GeminiPart(_Strict, frozen=True, kw_only=True):
    """A part of a content: exactly one of its kinds of data."""

    text: str | None = None
    inline_data: InlineData | None = None
    file_data: GeminiFile | None = None
    function_call: GeminiCall | None = None
    function_response: GeminiResult | None = None
    executable_code: dict[str, Any] | None = None
    code_execution_result: dict[str, Any] | None = None
    thought: bool = False
    thought_signature: str | None = None
    video_metadata: dict[str, Any] | None = None
    media_resolution: dict[str, Any] | None = None
    part_metadata: dict[str, Any] | None = None

    @property
    def kinds(self) -> int:
        """The number of kinds of data that the part has."""
        kinds = (self.text, self.inline_data, self.file_data, self.function_call)
        more = (self.function_response, self.executable_code, self.code_execution_result)
        return sum(kind is not None for kind in (*kinds, *more))


class GeminiContent(_Strict, frozen=True, kw_only=True):
    parts: list[GeminiPart] = []
    role: str = "user"


class GeminiFunction(_Strict, frozen=True, kw_only=True):
    """A function that the model may call. Its schema is OpenAPI's, or JSON Schema."""

    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    parameters_json_schema: Any = None
    response: dict[str, Any] | None = None
    response_json_schema: Any = None
    behavior: str | None = None


class GeminiTool(_Strict, frozen=True, kw_only=True):
    """Functions, and Gemini's own tools, which the simulator never calls."""

    function_declarations: list[GeminiFunction] = []
    google_search: dict[str, Any] | None = None
    google_search_retrieval: dict[str, Any] | None = None
    google_maps: dict[str, Any] | None = None
    code_execution: dict[str, Any] | None = None
    url_context: dict[str, Any] | None = None


class CallingConfig(_Strict, frozen=True, kw_only=True):
    mode: Literal["MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED"] = "AUTO"
    allowed_function_names: list[str] = []


class GeminiToolConfig(_Strict, frozen=True, kw_only=True):
    function_calling_config: CallingConfig = CallingConfig()
    retrieval_config: dict[str, Any] | None = None
    include_server_side_tool_invocations: bool | None = None


class ThoughtConfig(_Strict, frozen=True, kw_only=True):
    include_thoughts: bool = False
    thinking_budget: int | None = None
    thinking_level: (
        Literal["THINKING_LEVEL_UNSPECIFIED", "MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH"] | None
    ) = None


class GeminiConfig(_Strict, frozen=True, kw_only=True):
    """The member `generationConfig`."""

    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    top_k: Annotated[float, Meta(gt=0)] | None = None
    candidate_count: Annotated[int, Meta(ge=1, le=8)] = 1
    max_output_tokens: Annotated[int, Meta(ge=1)] | None = None
    stop_sequences: Annotated[list[Annotated[str, Meta(min_length=1)]], Meta(max_length=5)] = []
    response_mime_type: Literal["text/plain", "application/json", "text/x.enum"] = "text/plain"
    response_schema: dict[str, Any] | None = None
    response_json_schema: dict[str, Any] | None = None
    presence_penalty: _Penalty | None = None
    frequency_penalty: _Penalty | None = None
    seed: int | None = None
    response_logprobs: bool | None = None
    logprobs: int | None = None
    thinking_config: ThoughtConfig | None = None
    response_modalities: list[Literal["TEXT"]] = []
    media_resolution: str | None = None
    enable_enhanced_civic_answers: bool | None = None


class Safety(_Strict, frozen=True, kw_only=True):
    category: Annotated[str, Meta(pattern="^HARM_CATEGORY_[A-Z_]+$")]
    threshold: Literal[
        "HARM_BLOCK_THRESHOLD_UNSPECIFIED",
        "BLOCK_LOW_AND_ABOVE",
        "BLOCK_MEDIUM_AND_ABOVE",
        "BLOCK_ONLY_HIGH",
        "BLOCK_NONE",
        "OFF",
    ]


class ContentRequest(_Strict, frozen=True, kw_only=True):
    """The body of `:generateContent`."""

    contents: list[GeminiContent] = []
    model: str | None = None
    system_instruction: GeminiContent | None = None
    tools: list[GeminiTool] = []
    tool_config: GeminiToolConfig = GeminiToolConfig()
    generation_config: GeminiConfig = GeminiConfig()
    safety_settings: list[Safety] = []
    cached_content: str | None = None
    labels: dict[str, str] = {}
    service_tier: str | None = None
    store: bool | None = None

    @property
    def declarations(self) -> list[GeminiFunction]:
        """The functions of all tools."""
        return [each for tool in self.tools for each in tool.function_declarations]


class GeminiCount(_Strict, frozen=True, kw_only=True):
    """The body of `:countTokens`: contents, or a whole request."""

    contents: list[GeminiContent] = []
    generate_content_request: ContentRequest | None = None


class EmbedRequest(_Strict, frozen=True, kw_only=True):
    """The body of `:embedContent`."""

    content: GeminiContent
    model: str | None = None
    task_type: str | None = None
    title: str | None = None
    output_dimensionality: Annotated[int, Meta(ge=1, le=3072)] | None = None


class EmbedBatch(_Strict, frozen=True, kw_only=True):
    """The body of `:batchEmbedContents`."""

    requests: Annotated[list[EmbedRequest], Meta(min_length=1, max_length=100)]


_T = TypeVar("_T")
_AT: Final = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")
_NAMED: Final = re.compile(r"(?:missing required|unknown) field `(?P<name>[^`]*)`")
_CAPITAL: Final = re.compile(r"(?<=[a-z])[A-Z]")

_UNDERSCORE: Final = re.compile(r"(?<=[a-z0-9])_([a-z])")
# Values of the caller, whose members have any spelling.
_FREE: Final = frozenset(
    [
        "args",
        "response",
        "parameters",
        "parametersJsonSchema",
        "responseSchema",
        "responseJsonSchema",
        "labels",
        "partMetadata",
    ]
)


def decode(kind: type[_T], data: bytes) -> _T:
    """Decodes a body. Raises `InvalidRequest`."""
    try:
        return msgspec.convert(_in_camel_case(msgspec.json.decode(data)), kind)
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest(f"Invalid JSON payload received. {error}") from None


def camel_name(name: str) -> str:
    """Returns `max_items` as `maxItems`."""
    return _UNDERSCORE.sub(lambda found: found[1].upper(), name)


def _in_camel_case(value: Any) -> Any:
    if isinstance(value, list):
        return [_in_camel_case(item) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    made: dict[str, Any] = {}
    for given, inner in cast("dict[str, Any]", value).items():
        name = camel_name(given)
        if name in made:
            raise InvalidRequest(f'Invalid JSON payload received. Duplicate name "{name}".')
        made[name] = inner if name in _FREE else _in_camel_case(inner)
    return made


def _invalid(text: str) -> InvalidRequest:
    path = found["path"] if (found := _AT.search(text)) else ""
    place = _CAPITAL.sub(lambda capital: "_" + capital[0].lower(), path)
    named = _NAMED.search(text)
    if named and "unknown" in text:
        reason = f"Unknown name \"{named['name']}\" at '{place}': Cannot find field."
        return InvalidRequest(f"Invalid JSON payload received. {reason}", param=place)
    return InvalidRequest(f"Invalid value at '{place}': {_AT.sub('', text)}", param=place)
