"""Amazon Bedrock: the Converse API, whole and streamed.

The secret is a Bedrock API key, or `ACCESS_KEY_ID:SECRET_ACCESS_KEY` or the same with
`:SESSION_TOKEN`, which signs each request (Signature Version 4). The region is that of the base
URL, or the quirk `region`.
"""

import re
from typing import Final

import msgspec
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from penstock.kernel.errors import InvalidRequest, UpstreamFailed
from penstock.plugins.providers.request_headers import JSON, READABLE, Headers, with_passed
from penstock.rules.formats.json_text import decode_json
from penstock.rules.neutral.answer import AnswerEvent, AnswerFacts, ProviderError
from penstock.rules.neutral.conversation import RequestHead
from penstock.rules.redaction import Redaction
from penstock.rules.wire.bedrock.answer_reader import read_answer, read_events
from penstock.rules.wire.bedrock.request_writer import DIALECT, write_request
from penstock.rules.wire.bedrock.stream import ConverseStream
from penstock.rules.wire.passed_path import model_segment, passed_url
from penstock.rules.wire.provider_errors import read_error
from penstock.spi.chat import BuiltRequest, OutgoingCall, PassedRequest, ProviderConfig
from penstock.spi.http import HttpRequest

_REGION: Final = re.compile(r"\bbedrock(?:-runtime)?(?:-fips)?\.([a-z0-9-]+)\.")
_DEFAULT_REGION: Final = "us-east-1"


class _ModelSummary(msgspec.Struct, rename="camel"):
    model_id: str


class _ModelSummaries(msgspec.Struct, rename="camel"):
    model_summaries: list[_ModelSummary]


_summaries: Final = msgspec.json.Decoder(_ModelSummaries)


class Bedrock:
    """`spi.chat.ChatProvider`."""

    dialect = DIALECT
    stream_type = b"application/vnd.amazon.eventstream"

    def for_dialect(
        self,
        dialect: str,  # noqa: ARG002 - it has one
        provider: ProviderConfig,  # noqa: ARG002 - the same
        model: str,  # noqa: ARG002 - the same
    ) -> "Bedrock":
        return self

    def build(self, provider: ProviderConfig, call: OutgoingCall) -> BuiltRequest:
        if call.conversation is None:
            raise InvalidRequest(
                "Bedrock serves chat only.", code="not_translatable", param="model"
            )
        body, changes = write_request(call.conversation, call.model)
        action = "converse-stream" if call.stream else "converse"
        url = f"{provider.base_url.rstrip('/')}/model/{model_segment(call.model)}/{action}"
        return BuiltRequest(_signed(provider, "POST", url, body), changes)

    def pass_through(self, provider: ProviderConfig, request: PassedRequest) -> HttpRequest:
        url = passed_url(provider.base_url, request.path, request.query)
        headers = with_passed(READABLE, request.headers)
        return _signed(provider, request.method, url, request.body, headers)

    def read_answer(self, body: bytes) -> AnswerFacts:
        return read_answer(body)

    def read_tail(self, tail: bytes) -> AnswerFacts:  # noqa: ARG002 - large answers are translated whole
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
        translated: bool,  # noqa: ARG002 - always
    ) -> ConverseStream:
        return ConverseStream(capture_limit=capture_limit, redaction=redaction)

    def read_error(self, body: bytes, redaction: Redaction) -> ProviderError:
        return read_error(body, redaction)

    def build_model_list(self, provider: ProviderConfig) -> HttpRequest:
        base = provider.base_url.rstrip("/").replace("//bedrock-runtime", "//bedrock", 1)
        return _signed(provider, "GET", base + "/foundation-models?byOutputModality=TEXT", b"")

    def read_model_list(self, body: bytes) -> tuple[str, ...]:
        try:
            found = decode_json(_summaries, body)
        except msgspec.DecodeError:
            raise UpstreamFailed(
                "The provider's list of models is not in Bedrock's format.",
                hint="Check its base URL: https://bedrock-runtime.<region>.amazonaws.com.",
            ) from None
        return tuple(summary.model_id for summary in found.model_summaries)


def _signed(
    provider: ProviderConfig,
    method: str,
    url: str,
    body: bytes,
    headers: Headers = (JSON, *READABLE),
) -> HttpRequest:
    """Adds the credential: a bearer key, or a signature over method, URL and body."""
    access_key, colon, rest = provider.secret.partition(":")
    if not colon:
        bearer = ((b"authorization", b"Bearer " + provider.secret.encode()),)
        return HttpRequest(method, url, (*headers, *bearer) if provider.secret else headers, body)
    secret_key, _, token = rest.partition(":")
    request = AWSRequest(method, url, data=body)
    credentials = Credentials(access_key, secret_key, token or None)
    SigV4Auth(credentials, "bedrock", _region(provider)).add_auth(request)
    signed = tuple(
        (name.lower().encode(), value.encode()) for name, value in request.headers.items()
    )
    return HttpRequest(method, url, (*headers, *signed), body)


def _region(provider: ProviderConfig) -> str:
    found = _REGION.search(provider.base_url)
    return provider.quirks.get("region") or (found[1] if found else _DEFAULT_REGION)


def create() -> Bedrock:
    """Creates the plugin; named by the entry point."""
    return Bedrock()
