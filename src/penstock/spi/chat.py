"""The interface of provider plugins.

A provider plugin is pure: it builds requests and reads answers; the gateway and the catalogue do
the I/O through `infra/egress`. Plugins are entry points of the group `penstock.providers`: each
names a function without arguments that returns a `ChatProvider`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

import msgspec

from penstock.kernel.errors import PenstockError
from penstock.rules.neutral.answer import AnswerEvent, AnswerFacts, ProviderError
from penstock.rules.neutral.conversation import Conversation, Place, RequestHead
from penstock.rules.neutral.translation import Change
from penstock.rules.redaction import Redaction
from penstock.spi.http import HttpRequest

DEFAULT_KIND: Final = "openai-compatible"


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """The settings of one provider that its plugin needs. `secret` is empty if none is needed.
    `token` is the one that the plugin has issued for the secret (`spi.tokens`), if it does that."""

    name: str
    base_url: str
    secret: str = field(default="", repr=False)
    quirks: Mapping[str, str] = field(default_factory=dict[str, str])
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Vendor:
    """The defaults of a vendor, or of a self-hosted server: base URL, environment variable of the
    API key, and quirks for the plugin `kind`."""

    label: str
    base_url: str
    api_key_env: str = ""
    quirks: Mapping[str, str] = field(default_factory=dict[str, str])
    kind: str = DEFAULT_KIND


class OutgoingCall(msgspec.Struct, frozen=True):
    """A caller's request. `model` is the upstream id.

    If the surface has the provider's dialect, `body` is the request as received, `model_at` the
    position of the value of `model` in it, if known, and `headers` those of the caller that the
    format defines. Otherwise `conversation` is set.
    """

    operation: str
    model: str
    stream: bool
    body: bytes
    model_at: Place | None = None
    conversation: Conversation | None = None
    headers: tuple[tuple[bytes, bytes], ...] = ()


class PassedRequest(NamedTuple):
    """A caller's request to any path of a provider's API. `path` is percent-encoded, `headers` are
    those that describe the body and the version of the API."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


class FollowUp(NamedTuple):
    """A further request that a call needs, after `delay_s` seconds. `reframe` gets the pieces of
    its answer in turn, and returns what goes on of them."""

    http: HttpRequest
    delay_s: float = 0.0
    reframe: Callable[[bytes], bytes] | None = None


Follow = Callable[[bytes, Redaction], FollowUp | bytes]
"""Reads a good answer. Returns the request that leads to the result, or the result, in the format
that the plugin reads. Raises `UpstreamFailed`, also for an address that must not be called."""


Cancel = Callable[[bytes], HttpRequest | None]
"""Reads a good answer. Returns the request that ends the provider's work, if the call is given up;
`None` if there is nothing to end. Never raises."""


class BuiltRequest(msgspec.Struct, frozen=True):
    """A request to a provider, and what its translation left out or changed. `rewrite` writes the
    whole answer in the caller's format; it raises `UpstreamFailed` for one that is malformed.
    `follow` is set if the answer may be the address of the result. `cancel` reads it, too,
    for a call that is given up before its result."""

    http: HttpRequest
    changes: tuple[Change, ...] = ()
    rewrite: Callable[[bytes], bytes] | None = None
    follow: Follow | None = None
    cancel: Cancel | None = None


class AnswerStream(Protocol):
    """Reads one streamed answer. Feed it the provider's bytes; check `done` and `failure` after
    each piece. `size`: bytes so far; `delta_count`: events with generated content so far;
    `text_size`: bytes of it."""

    size: int
    done: bool
    terminal: bytes  # the terminal event as received, once `done`

    @property
    def failure(self) -> PenstockError | None: ...
    @property
    def delta_count(self) -> int: ...
    @property
    def text_size(self) -> int: ...

    @property
    def facts(self) -> AnswerFacts:
        """The facts so far."""
        ...

    def feed(self, piece: bytes) -> bytes:
        """Returns the bytes that may go out unchanged: whole events."""
        ...

    def take_events(self) -> list[AnswerEvent]:
        """The neutral events since the last call, if the stream was opened with `translated`."""
        ...

    def close(self) -> None:
        """Notes the end of the provider's body. Sets `done` or `failure`."""
        ...

    def document(self) -> bytes:
        """The answer so far as one document, for the record; empty if nothing arrived."""
        ...


class ChatProvider(Protocol):
    """One kind of provider. Stateless: one instance serves all configured providers of its kind."""

    @property
    def dialect(self) -> str:
        """The wire format (`openai`). If the surface has the same one, bytes pass through."""
        ...

    def for_dialect(self, dialect: str, provider: ProviderConfig, model: str) -> "ChatProvider":
        """Returns the plugin for calls of a surface of `dialect` to `model`: this one, or another
        one if the provider itself serves several wire formats."""
        ...

    @property
    def stream_type(self) -> bytes:
        """The content type of its streams; an answer of another type is read whole."""
        ...

    def build(self, provider: ProviderConfig, call: OutgoingCall) -> BuiltRequest:
        """Builds the upstream request. Raises `InvalidRequest` if the API cannot express it."""
        ...

    def pass_through(self, provider: ProviderConfig, request: PassedRequest) -> HttpRequest:
        """Adds address and credential to a request to any path of the API. Raises `InvalidRequest`
        for a path that leaves the base URL."""
        ...

    def read_answer(self, body: bytes) -> AnswerFacts:
        """Reads the facts of a whole answer. Raises `UpstreamFailed` if it is malformed."""
        ...

    def read_tail(self, tail: bytes) -> AnswerFacts:
        """Reads what the end of an answer has that is too large to keep whole."""
        ...

    def read_events(self, body: bytes) -> list[AnswerEvent]:
        """Reads a whole answer as events. Raises `UpstreamFailed` if it is malformed."""
        ...

    def open_stream(
        self,
        provider: ProviderConfig,
        head: RequestHead,
        *,
        capture_limit: int,
        redaction: Redaction,
        translated: bool,
    ) -> AnswerStream:
        """Starts to read a streamed answer. Keeps up to `capture_limit` bytes for the record."""
        ...

    def read_error(self, body: bytes, redaction: Redaction) -> ProviderError:
        """Reads an error body, without the provider's credential. Never raises."""
        ...

    def build_model_list(self, provider: ProviderConfig) -> HttpRequest:
        """Builds the request that lists the provider's models; it is also the connection test."""
        ...

    def read_model_list(self, body: bytes) -> tuple[str, ...]:
        """Reads the model ids from that answer. Raises `UpstreamFailed` if it is not a list."""
        ...
