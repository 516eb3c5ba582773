"""Anthropic, and servers with its messages API: the body passes through, only `model` is replaced.

Quirks, set per provider:
    max_tokens = 32000     the limit for callers of other formats that set none
    auth = bearer          the key goes out as a bearer token, not as `x-api-key`
"""

from typing import Final

import msgspec

from penstock.kernel.errors import UpstreamFailed
from penstock.plugins.providers.request_headers import JSON, READABLE, Headers, with_passed
from penstock.rules.call import Operation
from penstock.rules.neutral.answer import AnswerEvent, AnswerFacts, ProviderError
from penstock.rules.neutral.conversation import RequestHead
from penstock.rules.neutral.translation import Written
from penstock.rules.redaction import Redaction
from penstock.rules.wire.anthropic.answer_reader import (
    MessageReader,
    facts_in_tail,
    read_answer,
    read_events,
)
from penstock.rules.wire.anthropic.answer_writer import write_answer
from penstock.rules.wire.anthropic.blocks import DIALECT
from penstock.rules.wire.anthropic.request_writer import DEFAULT_MAX_TOKENS, write_request
from penstock.rules.wire.head import edit_request
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

_PATHS: Final = {
    Operation.CHAT.value: "/messages",
    Operation.COUNT_TOKENS.value: "/messages/count_tokens",
}
MAX_LIMIT_DIGITS: Final = 9  # of the quirk `max_tokens`; a longer one is ignored
# The version that our own requests have the form of. Version 2026-10-21, which newer clients send,
# has no `temperature`, `top_p` and `top_k`, which callers of other formats send, and is not served
# by all servers with this API. A caller of this format has its own version (`with_passed`).
_VERSION: Final = (b"anthropic-version", b"2023-06-01")


class _Model(msgspec.Struct):
    id: str


class _ModelList(msgspec.Struct):
    data: list[_Model]


class AnthropicProvider:
    """`spi.chat.ChatProvider`."""

    dialect = DIALECT
    stream_type = b"text/event-stream"

    def for_dialect(
        self,
        dialect: str,  # noqa: ARG002 - it serves one format
        provider: ProviderConfig,  # noqa: ARG002 - the same
        model: str,  # noqa: ARG002 - the same
    ) -> ChatProvider:
        return self

    def build(self, provider: ProviderConfig, call: OutgoingCall) -> BuiltRequest:
        written = self._written(provider, call, call.model)
        url = provider.base_url.rstrip("/") + _PATHS[call.operation]
        headers = (JSON, *_headers(provider, call.headers))
        return BuiltRequest(HttpRequest("POST", url, headers, written.body), written.changes)

    def pass_through(self, provider: ProviderConfig, request: PassedRequest) -> HttpRequest:
        url = passed_url(provider.base_url, request.path, request.query)
        headers = _headers(provider, request.headers)
        return HttpRequest(request.method, url, headers, request.body)

    def read_answer(self, body: bytes) -> AnswerFacts:
        return read_answer(body)

    def read_tail(self, tail: bytes) -> AnswerFacts:
        return facts_in_tail(tail)

    def read_events(self, body: bytes) -> list[AnswerEvent]:
        return read_events(body)

    def open_stream(
        self,
        provider: ProviderConfig,  # noqa: ARG002 - all streams are alike
        head: RequestHead,  # noqa: ARG002 - all streams are alike
        *,
        capture_limit: int,
        redaction: Redaction,
        translated: bool,
    ) -> NeutralStream:
        return NeutralStream(
            MessageReader(),
            dialect=DIALECT,
            capture_limit=capture_limit,
            redaction=redaction,
            translated=translated,
            write_answer=write_answer,
        )

    def read_error(self, body: bytes, redaction: Redaction) -> ProviderError:
        return read_error(body, redaction)

    def build_model_list(self, provider: ProviderConfig) -> HttpRequest:
        url = provider.base_url.rstrip("/") + "/models?limit=1000"
        return HttpRequest("GET", url, _headers(provider))

    def read_model_list(self, body: bytes) -> tuple[str, ...]:
        try:
            found = msgspec.json.decode(body, type=_ModelList)
        except msgspec.DecodeError:
            raise UpstreamFailed(
                "The provider's list of models is not in Anthropic's format.",
                hint="Check its base URL: most end in /v1.",
            ) from None
        return tuple(model.id for model in found.data)

    def _written(self, provider: ProviderConfig, call: OutgoingCall, model: str) -> Written:
        """The body of a request, with `model`."""
        if call.conversation is None:
            return Written(edit_request(call.body, model, model_at=call.model_at))
        limit = None if call.operation == Operation.COUNT_TOKENS else _max_tokens(provider)
        return write_request(call.conversation, model, stream=call.stream, max_tokens=limit)


def _headers(provider: ProviderConfig, passed: Headers = ()) -> Headers:
    headers = with_passed((*READABLE, _VERSION), passed)
    if not provider.secret:
        return headers
    secret = provider.secret.encode()
    if provider.quirks.get("auth") == "bearer":
        return (*headers, (b"authorization", b"Bearer " + secret))
    return (*headers, (b"x-api-key", secret))


def _max_tokens(provider: ProviderConfig) -> int:
    """The limit for callers that set none."""
    given = provider.quirks.get("max_tokens", "")
    known = given.isascii() and given.isdigit() and len(given) <= MAX_LIMIT_DIGITS
    return int(given) if known else DEFAULT_MAX_TOKENS


def create() -> AnthropicProvider:
    """Creates the plugin; named by the entry point."""
    return AnthropicProvider()
