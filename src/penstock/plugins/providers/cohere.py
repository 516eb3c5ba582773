"""Cohere: its chat API (version 2), whole and streamed, and rerankings."""

from typing import Final

import msgspec

from penstock.kernel.errors import InvalidRequest, UpstreamFailed
from penstock.plugins.providers.request_headers import JSON, READABLE, with_passed
from penstock.plugins.providers.whole_answers import WholeAnswers
from penstock.rules.formats.json_text import decode_json
from penstock.rules.neutral.answer import AnswerEvent, AnswerFacts, ProviderError
from penstock.rules.neutral.conversation import RequestHead
from penstock.rules.neutral.translation import Change
from penstock.rules.redaction import Redaction
from penstock.rules.wire import rerank
from penstock.rules.wire.cohere.answer_reader import ChatEventReader, read_answer, read_events
from penstock.rules.wire.cohere.answer_writer import write_answer
from penstock.rules.wire.cohere.request_writer import DIALECT, write_request
from penstock.rules.wire.head import edit_request
from penstock.rules.wire.passed_path import passed_url
from penstock.rules.wire.provider_errors import read_error
from penstock.rules.wire.sse_stream import NeutralStream
from penstock.spi.chat import (
    AnswerStream,
    BuiltRequest,
    ChatProvider,
    OutgoingCall,
    PassedRequest,
    ProviderConfig,
)
from penstock.spi.http import HttpRequest


class _CohereModel(msgspec.Struct):
    name: str


class _CohereModels(msgspec.Struct):
    models: list[_CohereModel]


_models: Final = msgspec.json.Decoder(_CohereModels)


class Cohere:
    """`spi.chat.ChatProvider`."""

    dialect = DIALECT
    stream_type = b"text/event-stream"

    def for_dialect(
        self,
        dialect: str,
        provider: ProviderConfig,  # noqa: ARG002 - it has no quirks
        model: str,  # noqa: ARG002 - the same for all
    ) -> ChatProvider:
        return CohereRerank() if dialect == rerank.DIALECT else self

    def build(self, provider: ProviderConfig, call: OutgoingCall) -> BuiltRequest:
        if call.conversation is None:
            raise InvalidRequest(
                "Only chat is translated to Cohere's format.", code="not_translatable"
            )
        body, changes = write_request(call.conversation, call.model, stream=call.stream)
        headers = (JSON, *_headers(provider))
        url = provider.base_url.rstrip("/") + "/chat"
        return BuiltRequest(HttpRequest("POST", url, headers, body), changes)

    def pass_through(self, provider: ProviderConfig, request: PassedRequest) -> HttpRequest:
        url = passed_url(provider.base_url, request.path, request.query)
        headers = with_passed(_headers(provider), request.headers)
        return HttpRequest(request.method, url, headers, request.body)

    def read_answer(self, body: bytes) -> AnswerFacts:
        return read_answer(body)

    def read_tail(self, tail: bytes) -> AnswerFacts:  # noqa: ARG002 - answers are translated whole
        return AnswerFacts()

    def read_events(self, body: bytes) -> list[AnswerEvent]:
        return read_events(body)

    def open_stream(
        self,
        provider: ProviderConfig,  # noqa: ARG002 - no quirks
        head: RequestHead,  # noqa: ARG002 - usage always comes
        *,
        capture_limit: int,
        redaction: Redaction,
        translated: bool,
    ) -> AnswerStream:
        return NeutralStream(
            ChatEventReader(),
            dialect=DIALECT,
            capture_limit=capture_limit,
            redaction=redaction,
            translated=translated,
            write_answer=write_answer,
        )

    def read_error(self, body: bytes, redaction: Redaction) -> ProviderError:
        return read_error(body, redaction)

    def build_model_list(self, provider: ProviderConfig) -> HttpRequest:
        base = provider.base_url.rstrip("/").removesuffix("/v2")
        url = f"{base}/v1/models?endpoint=chat&page_size=1000"
        return HttpRequest("GET", url, _headers(provider))

    def read_model_list(self, body: bytes) -> tuple[str, ...]:
        try:
            found = decode_json(_models, body)
        except msgspec.DecodeError:
            raise UpstreamFailed(
                "The provider's list of models is not in Cohere's format.",
                hint="Check its base URL: https://api.cohere.com/v2.",
            ) from None
        return tuple(model.name for model in found.models)


class CohereRerank(WholeAnswers, Cohere):
    """Rerankings, as a `spi.chat.ChatProvider`."""

    dialect = rerank.DIALECT

    def build(self, provider: ProviderConfig, call: OutgoingCall) -> BuiltRequest:
        changes: tuple[Change, ...] = ()
        rewrite: rerank.Rewrite | None = None
        if rerank.is_old(call.body):
            body, changes, rewrite = rerank.write_cohere(call.body, call.model)
        else:
            body = edit_request(call.body, call.model, model_at=call.model_at)
        url = provider.base_url.rstrip("/") + "/rerank"
        http = HttpRequest("POST", url, (JSON, *_headers(provider)), body)
        return BuiltRequest(http, changes, rewrite)

    def read_answer(self, body: bytes) -> AnswerFacts:
        return rerank.read_answer(body)

    def read_tail(self, tail: bytes) -> AnswerFacts:
        return rerank.read_tail(tail)


def _headers(provider: ProviderConfig) -> tuple[tuple[bytes, bytes], ...]:
    if not provider.secret:
        return READABLE
    return (*READABLE, (b"authorization", b"Bearer " + provider.secret.encode()))


def create() -> Cohere:
    """Creates the plugin; named by the entry point."""
    return Cohere()
