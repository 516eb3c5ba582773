"""Replicate: language models by its predictions.

A request starts a prediction, and its answer may come before that is finished. Then the result is
asked for, or read as a stream: at addresses that the answer names. A prediction works on when its
connection is closed: it is cancelled if the call is given up.

Quirks, set per provider:
    history = transcript                 earlier turns are written into the prompt
    rename_fields = max_tokens:max_new_tokens   the names that the inputs of its models have
    drop_fields = top_k                  inputs that its models reject
"""

from typing import Final
from urllib.parse import SplitResult, urlsplit

import msgspec

from penstock.kernel.errors import InvalidRequest, UpstreamFailed
from penstock.plugins.providers.request_headers import JSON, READABLE, Headers, with_passed
from penstock.rules.formats.json_text import decode_json
from penstock.rules.neutral.answer import AnswerEvent, AnswerFacts, ProviderError
from penstock.rules.neutral.conversation import RequestHead
from penstock.rules.redaction import Redaction
from penstock.rules.wire.passed_path import passed_url
from penstock.rules.wire.provider_errors import read_error
from penstock.rules.wire.replicate.answer_reader import (
    PredictionEventReader,
    read_answer,
    read_events,
)
from penstock.rules.wire.replicate.answer_writer import write_answer
from penstock.rules.wire.replicate.event_frames import EventFrames
from penstock.rules.wire.replicate.prediction import id_of_work, read_prediction
from penstock.rules.wire.replicate.request_writer import DIALECT, write_request
from penstock.rules.wire.sse_stream import NeutralStream
from penstock.spi.chat import (
    AnswerStream,
    BuiltRequest,
    FollowUp,
    OutgoingCall,
    PassedRequest,
    ProviderConfig,
)
from penstock.spi.http import HttpRequest

POLL_S: Final = 1.0  # seconds between two looks at a prediction
_WAIT: Final = (b"prefer", b"wait=10")  # seconds that the first answer may wait for the result
_HOST: Final = "api.replicate.com"
_STREAMS: Final = (".replicate.com",)  # hosts of the streams of that host


class _ReplicateModel(msgspec.Struct):
    owner: str
    name: str


class _Collection(msgspec.Struct):
    models: list[_ReplicateModel]


_collection: Final = msgspec.json.Decoder(_Collection)


class Replicate:
    """`spi.chat.ChatProvider`."""

    dialect = DIALECT
    stream_type = b"text/event-stream"

    def for_dialect(
        self,
        dialect: str,  # noqa: ARG002 - it has one
        provider: ProviderConfig,  # noqa: ARG002 - the same
        model: str,  # noqa: ARG002 - the same
    ) -> "Replicate":
        return self

    def build(self, provider: ProviderConfig, call: OutgoingCall) -> BuiltRequest:
        if call.conversation is None:
            raise InvalidRequest(
                "Only chat is translated to predictions of Replicate.", code="not_translatable"
            )
        body, changes = write_request(
            call.conversation,
            call.model,
            stream=call.stream,
            transcript=provider.quirks.get("history") == "transcript",
            renamed=provider.quirks.get("rename_fields", ""),
            dropped=provider.quirks.get("drop_fields", ""),
        )
        wait = () if call.stream else (_WAIT,)
        url = provider.base_url.rstrip("/") + "/predictions"
        http = HttpRequest("POST", url, (JSON, *wait, *_headers(provider)), body)

        def follow(answer: bytes, redaction: Redaction) -> FollowUp | bytes:
            found = read_prediction(answer, redaction)
            if call.stream:
                return _stream(provider, found.stream)
            return _look(provider, found.get) if found.document is None else found.document

        def cancel(answer: bytes) -> HttpRequest | None:
            if not (id_ := id_of_work(answer)):
                return None
            return HttpRequest("POST", f"{url}/{id_}/cancel", _headers(provider), b"")

        return BuiltRequest(http, changes, follow=follow, cancel=cancel)

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
        head: RequestHead,  # noqa: ARG002 - no usage
        *,
        capture_limit: int,
        redaction: Redaction,
        translated: bool,
    ) -> AnswerStream:
        return NeutralStream(
            PredictionEventReader(),
            dialect=DIALECT,
            capture_limit=capture_limit,
            redaction=redaction,
            translated=translated,
            write_answer=write_answer,
        )

    def read_error(self, body: bytes, redaction: Redaction) -> ProviderError:
        return read_error(body, redaction)

    def build_model_list(self, provider: ProviderConfig) -> HttpRequest:
        url = provider.base_url.rstrip("/") + "/collections/language-models"
        return HttpRequest("GET", url, _headers(provider))

    def read_model_list(self, body: bytes) -> tuple[str, ...]:
        try:
            found = decode_json(_collection, body).models
        except msgspec.DecodeError:
            raise UpstreamFailed(
                "The provider's list of models is not in Replicate's format.",
                hint="Check its base URL: https://api.replicate.com/v1.",
            ) from None
        return tuple(f"{model.owner}/{model.name}" for model in found)


def _look(provider: ProviderConfig, url: str) -> FollowUp:
    if _split(url)[:2] != _split(provider.base_url)[:2]:
        raise _elsewhere()
    return FollowUp(HttpRequest("GET", url, _headers(provider)), POLL_S)


def _stream(provider: ProviderConfig, url: str) -> FollowUp:
    """Replicate has its streams at another host of its own."""
    if not url:
        raise InvalidRequest(
            "This model of Replicate answers whole only, not as a stream.",
            hint="Send the request without `stream`.",
            code="not_translatable",
            param="stream",
        )
    found, base = _split(url), _split(provider.base_url)
    same = found[:2] == base[:2]
    own = base.netloc == _HOST and found.netloc.endswith(_STREAMS) and found.scheme == "https"
    if not (same or own):
        raise _elsewhere()
    headers = with_passed(_headers(provider), ((b"accept", b"text/event-stream"),))
    return FollowUp(HttpRequest("GET", url, headers), reframe=EventFrames().feed)


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        raise _elsewhere() from None


def _elsewhere() -> UpstreamFailed:
    return UpstreamFailed(
        "The provider's answer names no address, or one at another host, which is not called.",
        code="upstream_malformed",
    )


def _headers(provider: ProviderConfig) -> Headers:
    if not provider.secret:
        return READABLE
    return (*READABLE, (b"authorization", b"Bearer " + provider.secret.encode()))


def create() -> Replicate:
    """Creates the plugin; named by the entry point."""
    return Replicate()
