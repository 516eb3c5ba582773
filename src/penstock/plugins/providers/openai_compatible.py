"""Providers with OpenAI's API: the body passes through, only `model` is replaced.

Quirks, set per provider:
    stream_usage = no           it rejects `stream_options.include_usage`, or counts without it
    terminator = finish_reason  its streams end without `[DONE]`
    key_header = api-key        it takes the key in this header, not as a bearer token
    api_version = 2024-10-21    Azure's older paths: the model is the deployment in the path
"""

from typing import Final
from urllib.parse import quote

import msgspec

from penstock.kernel.errors import UpstreamFailed
from penstock.rules.answer import AnswerEvent, AnswerFacts, ProviderError
from penstock.rules.conversation import RequestHead
from penstock.rules.redaction import Redaction
from penstock.rules.translation import Change
from penstock.rules.wire.head import edit_request
from penstock.rules.wire.openai.answer_reader import read_events
from penstock.rules.wire.openai.facts import facts_in_tail, read_answer
from penstock.rules.wire.openai.request_writer import write_request
from penstock.rules.wire.openai.stream import ChatStream
from penstock.rules.wire.passed_path import passed_url
from penstock.rules.wire.provider_errors import read_error
from penstock.spi.chat import (
    BuiltRequest,
    ChatProvider,
    OutgoingCall,
    PassedRequest,
    ProviderConfig,
)
from penstock.spi.http import HttpRequest

_PATHS: Final = {"chat": "/chat/completions", "embeddings": "/embeddings"}
_JSON: Final = (b"content-type", b"application/json")
_PLAIN: Final = (b"accept-encoding", b"identity")  # the gateway reads what it passes on
_ANY: Final = (b"accept", b"application/json, text/event-stream")
_AGENT: Final = (b"user-agent", b"penstock")


class _Model(msgspec.Struct):
    id: str


class _ModelList(msgspec.Struct):
    data: list[_Model]


class OpenAICompatible:
    """`spi.chat.ChatProvider`."""

    dialect = "openai"
    stream_type = b"text/event-stream"

    def for_dialect(self, dialect: str, provider: ProviderConfig) -> "ChatProvider":  # noqa: ARG002 - it serves one format
        return self

    def build(self, provider: ProviderConfig, call: OutgoingCall) -> BuiltRequest:
        add_usage = call.stream and provider.quirks.get("stream_usage") != "no"
        if call.conversation is None:
            body = edit_request(call.body, call.model, add_usage=add_usage, model_at=call.model_at)
            changes: tuple[Change, ...] = ()
        else:
            body, changes = write_request(
                call.conversation, call.model, stream=call.stream, add_usage=add_usage
            )
        url = _url(provider, call.model, _PATHS[call.operation])
        http = HttpRequest("POST", url, (_JSON, *_headers(provider)), body)
        return BuiltRequest(http, changes)

    def pass_through(self, provider: ProviderConfig, request: PassedRequest) -> HttpRequest:
        url = passed_url(provider.base_url, request.path, request.query)
        headers = (*_headers(provider), *request.headers)
        return HttpRequest(request.method, url, headers, request.body)

    def read_answer(self, body: bytes) -> AnswerFacts:
        return read_answer(body)

    def read_tail(self, tail: bytes) -> AnswerFacts:
        return facts_in_tail(tail)

    def read_events(self, body: bytes) -> list[AnswerEvent]:
        return read_events(body)

    def open_stream(
        self,
        provider: ProviderConfig,
        head: RequestHead,
        *,
        capture_limit: int,
        redaction: Redaction,
        translated: bool,
    ) -> ChatStream:
        quirks = provider.quirks
        return ChatStream(
            hide_usage=not head.wants_usage and quirks.get("stream_usage") != "no",
            needs_done=quirks.get("terminator") != "finish_reason",
            capture_limit=capture_limit,
            redaction=redaction,
            translated=translated,
        )

    def read_error(self, body: bytes, redaction: Redaction) -> ProviderError:
        return read_error(body, redaction)

    def build_model_list(self, provider: ProviderConfig) -> HttpRequest:
        return HttpRequest("GET", provider.base_url.rstrip("/") + "/models", _headers(provider))

    def read_model_list(self, body: bytes) -> tuple[str, ...]:
        try:
            found = msgspec.json.decode(body, type=_ModelList)
        except msgspec.DecodeError:
            raise UpstreamFailed(
                "The provider's list of models is not in OpenAI's format.",
                hint="Check its base URL: most end in /v1.",
            ) from None
        return tuple(model.id for model in found.data)


def _url(provider: ProviderConfig, model: str, path: str) -> str:
    base = provider.base_url.rstrip("/")
    version = provider.quirks.get("api_version")
    if not version:
        return base + path
    return f"{base}/openai/deployments/{quote(model, safe='')}{path}?api-version={quote(version)}"


def _headers(provider: ProviderConfig) -> tuple[tuple[bytes, bytes], ...]:
    if not provider.secret:
        return (_ANY, _PLAIN, _AGENT)
    secret = provider.secret.encode()
    if (name := provider.quirks.get("key_header")) is not None:
        return (_ANY, _PLAIN, _AGENT, (name.lower().encode(), secret))
    return (_ANY, _PLAIN, _AGENT, (b"authorization", b"Bearer " + secret))


def create() -> OpenAICompatible:
    """Creates the plugin; named by the entry point."""
    return OpenAICompatible()
