"""The messages of a span as the API declares them: OpenTelemetry GenAI messages.

`messages.py` creates them. They are declared here but not validated again: a trace may have a
million parts, and a stored message that an older version wrote must still be readable.
"""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

# An optional field without a default in the schema: it is left out, not empty.
Absent: Final[Any] = Field(default_factory=str)
AbsentFlag: Final[Any] = Field(default_factory=bool)
AbsentList: Final[Any] = Field(default_factory=list)


class SourceOfText(BaseModel):
    """A source that a text cites."""

    url: str = Absent
    title: str = Absent
    cited_text: str = Absent


class ContentPart(BaseModel):
    """Text. `unparsed` is content that could not be read; `cut` says that parts are left out.

    `content` is a string, or whatever JSON the caller sent in its place.
    """

    type: Literal["text", "reasoning", "refusal", "unparsed", "cut"]
    content: Any
    citations: list[SourceOfText] = AbsentList


class ToolCallPart(BaseModel):
    """A tool call of the model. `arguments` is parsed JSON, or the text if it is no JSON."""

    type: Literal["tool_call"]
    id: Any
    name: str
    arguments: Any


class ToolResultPart(BaseModel):
    """The result of a tool call: a text, parts of a message, or whatever JSON the caller sent."""

    type: Literal["tool_call_response"]
    id: Any
    response: Any
    is_error: bool = AbsentFlag


class MediaPart(BaseModel):
    """An image, audio, video or file: a URL, or a pointer into the raw payload
    (`request:#/…`, `response:#/…`)."""

    type: Literal["uri"]
    modality: str
    uri: str
    mime_type: str = Absent


class FilePart(BaseModel):
    """A file that was uploaded to the provider before."""

    type: Literal["file"]
    modality: str
    file_id: str


class TokenIdsPart(BaseModel):
    """Input given as token ids: only their number is recorded."""

    type: Literal["token_ids"]
    count: int


MessagePart = Annotated[
    ContentPart | ToolCallPart | ToolResultPart | MediaPart | FilePart | TokenIdsPart,
    Field(discriminator="type"),
]


class SpanMessage(BaseModel):
    """A message. `finish_reason` is set on output messages only."""

    role: str
    name: str = Absent
    parts: list[MessagePart]
    finish_reason: str = Absent


class _DeclaredAsMessage:
    """Declares a plain dict with the JSON schema of `SpanMessage`."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return handler(source)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return handler(SpanMessage.__pydantic_core_schema__)


MessageDict = Annotated[dict[str, Any], _DeclaredAsMessage()]
