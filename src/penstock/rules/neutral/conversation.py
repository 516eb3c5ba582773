"""The neutral form of a chat request, in no dialect.

Each dialect reads its requests into these types and writes requests from them. Reading keeps
everything: what has no place here stays as `Other` or in `others`, and only a writer of the same
dialect can write it again. Answers: `answer.py`. What a writer leaves out or rejects:
`translation.py`.
"""

from collections.abc import Iterable
from enum import StrEnum
from itertools import chain, groupby

import msgspec

Place = tuple[int, int]
"""Start and end of a value in a body, in bytes."""


class RequestHead(msgspec.Struct, frozen=True):
    """The fields of a request that routing needs. `wants_usage`: the caller asked for usage in the
    stream. `model_at`: the position of the value of `model` in the body, if reading found it.
    `as_array`: the stream is wanted as the elements of a JSON array, not as server-sent events.
    `shown`: what the record keeps of a form, whose body has files. `echo`: the part of the request
    that its answer repeats. `continues`: it names a response, or a conversation, that the provider
    keeps. `background`: its answer is wanted later."""

    model: str
    stream: bool = False
    wants_usage: bool = False
    model_at: Place | None = None
    as_array: bool = False
    shown: bytes = b""
    echo: bytes = b""
    continues: bool = False
    background: bool = False


class MessageRole(StrEnum):
    """The author of a message. Results of tools are parts of a user's message."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


class MediaKind(StrEnum):
    """The kind of a medium."""

    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    DOCUMENT = "document"


class Citation(msgspec.Struct, frozen=True):
    """A source of a text. `start` and `end` count characters of the text, -1 if unknown.
    `document` numbers the documents of the request, -1 for another source. `source_start` and
    `source_end` are the cited place in the source, counted in `source_unit` (`char`, `page`,
    `block`). `encrypted` is only of use to the provider that made it."""

    url: str = ""
    title: str = ""
    cited_text: str = ""
    start: int = -1
    end: int = -1
    document: int = -1
    source_start: int = -1
    source_end: int = -1
    source_unit: str = ""
    encrypted: str = ""


class Text(msgspec.Struct, frozen=True):
    """A text. `cache`: the lifetime of a cache marker after this part (`5m`, `1h`), empty for
    none. `phase`: the model wrote it on the way (`commentary`) or as its answer (`final_answer`);
    a hint, empty if unknown."""

    text: str
    citations: tuple[Citation, ...] = ()
    cache: str = ""
    phase: str = ""


class Media(msgspec.Struct, frozen=True):
    """An image, audio, video or document, by one of: base64 `data`, `url`, `file_id` (an id of the
    provider), `text` (of a plain document). `detail` is the wanted resolution (`low`, `high`)."""

    kind: MediaKind
    media_type: str = ""
    data: str = ""
    url: str = ""
    file_id: str = ""
    text: str = ""
    name: str = ""
    detail: str = ""
    citations: bool = False
    cache: str = ""


class Reasoning(msgspec.Struct, frozen=True):
    """The model's reasoning. `signature` and `encrypted` are only of use to the provider that made
    them; `dialect` is its wire format. `summary`: the text is known to be a summary."""

    text: str = ""
    signature: str = ""
    encrypted: str = ""
    id: str = ""
    dialect: str = ""
    summary: bool = False


class Refusal(msgspec.Struct, frozen=True):
    """The model's text that declines to answer."""

    text: str


class ToolCall(msgspec.Struct, frozen=True):
    """A call that the model makes. `arguments` is JSON text. `signature` is the reasoning signature
    of dialects that put it on calls."""

    id: str
    name: str
    arguments: str
    signature: str = ""
    cache: str = ""


class Other(msgspec.Struct, frozen=True):
    """A part, message or tool that only `dialect` can express. `kind` says which of them, `value`
    is its JSON, and `field` its place in the caller's request, for errors."""

    dialect: str
    kind: str
    value: bytes
    field: str = ""


class ToolResult(msgspec.Struct, frozen=True):
    """The result of the tool call `call_id`."""

    call_id: str
    parts: "tuple[Text | Media | Other, ...]" = ()
    is_error: bool = False
    cache: str = ""


Part = Text | Media | Reasoning | Refusal | ToolCall | ToolResult | Other


class Message(msgspec.Struct, frozen=True):
    """One message. Consecutive messages of one role mean the same as one message with all parts.
    `name` is the author's name, a hint."""

    role: MessageRole
    parts: tuple[Part, ...] = ()
    name: str = ""


class Tool(msgspec.Struct, frozen=True):
    """A function that the model may call. `parameters` is a JSON schema, empty for none. `strict`:
    the arguments must follow it; `None` leaves that to the provider."""

    name: str
    description: str = ""
    parameters: bytes = b""
    strict: bool | None = None
    cache: str = ""


class ToolMode(StrEnum):
    """The model may call tools, must not, or must."""

    AUTO = "auto"
    NONE = "none"
    REQUIRED = "required"


class ToolChoice(msgspec.Struct, frozen=True):
    """The permission to call tools. `names` limits it to these tools; empty for all."""

    mode: ToolMode = ToolMode.AUTO
    names: tuple[str, ...] = ()


class OutputFormat(msgspec.Struct, frozen=True):
    """JSON output. `schema` is a JSON schema, empty for any JSON object."""

    schema: bytes = b""
    name: str = ""
    description: str = ""
    strict: bool | None = None


class ReasoningOptions(msgspec.Struct, frozen=True):
    """The amount of reasoning: by `effort` (`none`, `minimal`, `low`, `medium`, `high`,
    `xhigh`, `max`) or by a `budget` in tokens, -1 to let the model decide. `summary`: the answer
    contains the reasoning or a summary of it; `None` leaves that to the provider."""

    effort: str = ""
    budget: int | None = None
    summary: bool | None = None


class Hint(StrEnum):
    """Parameters that do not change what the model is asked. A writer leaves out those that its
    dialect does not have, and names them."""

    SEED = "seed"
    USER = "user"
    METADATA = "metadata"
    SERVICE_TIER = "service_tier"
    STORE = "store"
    CACHE_CONTROL = "cache_control"
    CACHE_KEY = "prompt_cache_key"
    CACHE_RETENTION = "prompt_cache_retention"
    LOGIT_BIAS = "logit_bias"
    LOGPROBS = "logprobs"
    TOP_LOGPROBS = "top_logprobs"
    VERBOSITY = "verbosity"
    TOP_K = "top_k"
    FREQUENCY_PENALTY = "frequency_penalty"
    PRESENCE_PENALTY = "presence_penalty"
    SAFETY_IDENTIFIER = "safety_identifier"
    CACHE_OPTIONS = "prompt_cache_options"
    INCLUDE = "include"
    TRUNCATION = "truncation"
    MAX_TOOL_CALLS = "max_tool_calls"
    STREAM_OPTIONS = "stream_options"
    SUMMARY_DETAIL = "reasoning.summary"
    EAGER_INPUT = "eager_input_streaming"
    CLIENT_METADATA = "client_metadata"


class Conversation(msgspec.Struct, frozen=True):
    """A chat request without its model. `None`: the caller leaves the value to the provider.

    `hints` has JSON values. `others` has the members that only `dialect` can express, by name;
    `kept` those that refer to what the provider itself keeps, such as an earlier response.
    `encrypted_reasoning`: the answer has what brings its reasoning back, as translated ones always
    do.
    """

    messages: tuple[Message, ...] = ()
    tools: tuple[Tool | Other, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    output: OutputFormat | None = None
    reasoning: ReasoningOptions | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    choice_count: int | None = None
    hints: dict[Hint, bytes] = {}
    others: dict[str, bytes] = {}
    kept: dict[str, bytes] = {}
    encrypted_reasoning: bool = False
    dialect: str = ""


def merge_messages(messages: Iterable[Message]) -> tuple[Message, ...]:
    """Merges consecutive messages of one role and name: the canonical form of a history. A message
    that only its own dialect can express stays as it is."""
    merged: list[Message] = []
    for (role, name, whole), group in groupby(messages, _merge_key):
        if whole:
            merged += group
        else:
            parts = chain.from_iterable(message.parts for message in group)
            merged.append(Message(role, tuple(parts), name))
    return tuple(merged)


def _merge_key(message: Message) -> tuple[MessageRole, str, bool]:
    first = message.parts[0] if message.parts else None
    return message.role, message.name, isinstance(first, Other) and first.kind == "message"


def tool_names(conversation: Conversation) -> dict[str, str]:
    """The name of the tool of each tool call in the history, by the id of the call."""
    return {
        part.id: part.name
        for message in conversation.messages
        for part in message.parts
        if isinstance(part, ToolCall)
    }
