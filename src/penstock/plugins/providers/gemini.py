"""Providers with Gemini's API: the body passes through, the model is in the path."""

from typing import Final
from urllib.parse import quote

import msgspec

from penstock.kernel.errors import InvalidRequest
from penstock.plugins.providers.request_headers import JSON, READABLE, Headers, with_passed
from penstock.rules.formats.json_text import decode_json
from penstock.rules.neutral.answer import AnswerEvent, AnswerFacts, ProviderError
from penstock.rules.neutral.conversation import RequestHead
from penstock.rules.neutral.translation import Change
from penstock.rules.redaction import Redaction
from penstock.rules.wire.gemini.answer_reader import (
    GeminiChunkReader,
    facts_in_tail,
    read_events,
    read_facts,
)
from penstock.rules.wire.gemini.answer_writer import write_answer
from penstock.rules.wire.gemini.head import edit_models, resource_name
from penstock.rules.wire.gemini.models import read_model_list
from penstock.rules.wire.gemini.request_writer import write_request
from penstock.rules.wire.passed_path import passed_url
from penstock.rules.wire.provider_errors import read_error
from penstock.rules.wire.sse_stream import NeutralStream
from penstock.spi.chat import (
    BuiltRequest,
    ChatProvider,
    OutgoingCall,
    PassedRequest,
    ProviderConfig,
)
from penstock.spi.http import HttpRequest

_METHODS: Final = {"chat": "generateContent", "count_tokens": "countTokens"}
_STREAM: Final = "streamGenerateContent?alt=sse"
_DOTS: Final = frozenset(("", ".", ".."))


class _Batch(msgspec.Struct):
    requests: msgspec.Raw


_batch: Final = msgspec.json.Decoder(_Batch)


class GeminiProvider:
    """`spi.chat.ChatProvider`."""

    dialect = "gemini"
    stream_type = b"text/event-stream"

    def for_dialect(
        self,
        dialect: str,  # noqa: ARG002 - it serves one format
        provider: ProviderConfig,  # noqa: ARG002 - the same
        model: str,  # noqa: ARG002 - the same
    ) -> ChatProvider:
        return self

    def build(self, provider: ProviderConfig, call: OutgoingCall) -> BuiltRequest:
        changes: tuple[Change, ...] = ()
        if call.conversation is None:
            body = edit_models(call.body, call.model)
        else:
            body, changes = write_request(call.conversation, call.model)
        url = self._url(provider, call, _method(call))
        http = HttpRequest("POST", url, (JSON, *self._headers(provider)), body)
        return BuiltRequest(http, changes)

    def pass_through(self, provider: ProviderConfig, request: PassedRequest) -> HttpRequest:
        url = passed_url(provider.base_url, request.path, request.query)
        headers = with_passed(self._headers(provider), request.headers)
        return HttpRequest(request.method, url, headers, request.body)

    def read_answer(self, body: bytes) -> AnswerFacts:
        return read_facts(body)

    def read_tail(self, tail: bytes) -> AnswerFacts:
        return facts_in_tail(tail)

    def read_events(self, body: bytes) -> list[AnswerEvent]:
        return read_events(body)

    def open_stream(
        self,
        provider: ProviderConfig,  # noqa: ARG002 - there are no quirks
        head: RequestHead,  # noqa: ARG002 - usage is always there
        *,
        capture_limit: int,
        redaction: Redaction,
        translated: bool,
    ) -> NeutralStream:
        return NeutralStream(
            GeminiChunkReader(),
            dialect=self.dialect,
            capture_limit=capture_limit,
            redaction=redaction,
            translated=translated,
            write_answer=write_answer,
        )

    def read_error(self, body: bytes, redaction: Redaction) -> ProviderError:
        return read_error(body, redaction)

    def build_model_list(self, provider: ProviderConfig) -> HttpRequest:
        return HttpRequest(
            "GET", f"{_base(provider)}/models?pageSize=1000", self._headers(provider)
        )

    def read_model_list(self, body: bytes) -> tuple[str, ...]:
        return read_model_list(body)

    def _url(self, provider: ProviderConfig, call: OutgoingCall, method: str) -> str:
        return f"{_base(provider)}/{_path(call.model)}:{method}"

    def _headers(self, provider: ProviderConfig) -> Headers:
        if not provider.secret:
            return READABLE
        return (*READABLE, (b"x-goog-api-key", provider.secret.encode()))


def _base(provider: ProviderConfig) -> str:
    return provider.base_url.rstrip("/")


def _path(model: str) -> str:
    """The path of a model. Raises `InvalidRequest` for a name that would leave this path."""
    name = resource_name(model)
    if any(segment in _DOTS for segment in name.split("/")):
        raise InvalidRequest(f"{model!r} is no name of a model.", param="model")
    return quote(name, safe="/")


def _method(call: OutgoingCall) -> str:
    if call.operation == "embeddings":
        return "batchEmbedContents" if _is_batch(call.body) else "embedContent"
    return _STREAM if call.stream else _METHODS[call.operation]


def _is_batch(body: bytes) -> bool:
    try:
        decode_json(_batch, body)
    except msgspec.DecodeError:
        return False
    return True


def create() -> GeminiProvider:
    """Creates the plugin; named by the entry point."""
    return GeminiProvider()
