"""Triton's generate extension: a text in, a text out, whole or as a stream.

A model is named as in Triton's repository, with `/2` behind it for its version 2.

Quirks, set per provider (`rename_fields`, `drop_fields`: see `openai_compatible`; here of options):
    backend = vllm          options are parameters, and it counts tokens; or `tensorrtllm`
    history = transcript    earlier turns are written into the prompt
"""

import re
from typing import Final

import msgspec

from penstock.kernel.errors import InvalidRequest, UpstreamFailed
from penstock.plugins.providers.request_headers import JSON, READABLE, Headers, with_passed
from penstock.rules.formats.json_text import decode_json
from penstock.rules.neutral.answer import AnswerEvent, AnswerFacts, ProviderError
from penstock.rules.neutral.conversation import RequestHead
from penstock.rules.redaction import Redaction
from penstock.rules.wire.passed_path import model_segment, passed_url
from penstock.rules.wire.provider_errors import read_error
from penstock.rules.wire.sse_stream import NeutralStream
from penstock.rules.wire.triton.answer_reader import GenerateEventReader, read_answer, read_events
from penstock.rules.wire.triton.answer_writer import write_answer
from penstock.rules.wire.triton.request_writer import DIALECT, write_request
from penstock.spi.chat import (
    AnswerStream,
    BuiltRequest,
    OutgoingCall,
    PassedRequest,
    ProviderConfig,
)
from penstock.spi.http import HttpRequest

_VERSIONED: Final = re.compile(r"(.+)/([0-9]{1,9})", re.ASCII | re.DOTALL)


class _Server(msgspec.Struct):
    name: str
    extensions: list[str]


_server: Final = msgspec.json.Decoder(_Server)


class Triton:
    """`spi.chat.ChatProvider`."""

    dialect = DIALECT
    stream_type = b"text/event-stream"

    def for_dialect(
        self,
        dialect: str,  # noqa: ARG002 - it has one
        provider: ProviderConfig,  # noqa: ARG002 - the same
        model: str,  # noqa: ARG002 - the same
    ) -> "Triton":
        return self

    def build(self, provider: ProviderConfig, call: OutgoingCall) -> BuiltRequest:
        if call.conversation is None:
            raise InvalidRequest(
                "Only chat is translated to Triton's generate extension.", code="not_translatable"
            )
        quirks = provider.quirks
        body, changes = write_request(
            call.conversation,
            call.model,
            stream=call.stream,
            backend=quirks.get("backend", ""),
            transcript=quirks.get("history") == "transcript",
            renamed=quirks.get("rename_fields", ""),
            dropped=quirks.get("drop_fields", ""),
        )
        action = "generate_stream" if call.stream else "generate"
        url = f"{_base(provider)}/v2/models/{_path_of(call.model)}/{action}"
        http = HttpRequest("POST", url, (JSON, *_headers(provider)), body)
        return BuiltRequest(http, changes)

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
        head: RequestHead,  # noqa: ARG002 - usage always comes, if it does
        *,
        capture_limit: int,
        redaction: Redaction,
        translated: bool,
    ) -> AnswerStream:
        return NeutralStream(
            GenerateEventReader(),
            dialect=DIALECT,
            capture_limit=capture_limit,
            redaction=redaction,
            translated=translated,
            write_answer=write_answer,
        )

    def read_error(self, body: bytes, redaction: Redaction) -> ProviderError:
        return read_error(body, redaction)

    def build_model_list(self, provider: ProviderConfig) -> HttpRequest:
        return HttpRequest("GET", f"{_base(provider)}/v2", _headers(provider))

    def read_model_list(self, body: bytes) -> tuple[str, ...]:
        """Returns no models: Triton lists its repository to a POST only. Checks the server."""
        try:
            found = decode_json(_server, body)
        except msgspec.DecodeError:
            raise UpstreamFailed(
                "The provider's answer is not that of a Triton server.",
                hint="Check its base URL: that of the HTTP port, without a path.",
            ) from None
        if "generate" not in found.extensions:
            raise UpstreamFailed("This server has no generate extension.")
        return ()


def _path_of(model: str) -> str:
    if (found := _VERSIONED.fullmatch(model)) is None:
        return model_segment(model)
    return f"{model_segment(found[1])}/versions/{found[2]}"


def _base(provider: ProviderConfig) -> str:
    return provider.base_url.rstrip("/")


def _headers(provider: ProviderConfig) -> Headers:
    if not provider.secret:
        return READABLE
    return (*READABLE, (b"authorization", b"Bearer " + provider.secret.encode()))


def create() -> Triton:
    """Creates the plugin; named by the entry point."""
    return Triton()
