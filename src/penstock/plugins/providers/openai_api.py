"""The part of OpenAI's API that all its formats share: addresses, credentials, the list of models,
errors."""

from dataclasses import replace
from urllib.parse import quote

import msgspec

from penstock.kernel.errors import UpstreamFailed
from penstock.plugins.providers.request_headers import JSON, READABLE, Headers, with_passed
from penstock.rules.neutral.answer import ProviderError
from penstock.rules.redaction import Redaction
from penstock.rules.wire.passed_path import model_segment, passed_url
from penstock.rules.wire.provider_errors import read_error
from penstock.spi.chat import PassedRequest, ProviderConfig
from penstock.spi.http import HttpRequest


class _Model(msgspec.Struct):
    id: str


class _ModelList(msgspec.Struct):
    data: list[_Model]


class OpenAIApi:
    """The methods of `spi.chat.ChatProvider` that do not depend on the format of a call."""

    stream_type = b"text/event-stream"

    def read_error(self, body: bytes, redaction: Redaction) -> ProviderError:
        return read_error(body, redaction)

    def pass_through(self, provider: ProviderConfig, request: PassedRequest) -> HttpRequest:
        url = passed_url(provider.base_url, request.path, request.query)
        headers = with_passed(_headers(provider), request.headers)
        return HttpRequest(request.method, url, headers, request.body)

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


def post(
    provider: ProviderConfig, model: str, path: str, body: bytes, headers: Headers = ()
) -> HttpRequest:
    """A request to one of the provider's paths. `headers` replace the usual ones."""
    url = _url(provider, model, path)
    own = (JSON, *_headers(provider))
    return HttpRequest("POST", url, with_passed(own, headers) if headers else own, body)


def at_root(provider: ProviderConfig) -> ProviderConfig:
    """The provider without the version in its address, for paths beside OpenAI's."""
    return replace(provider, base_url=provider.base_url.rstrip("/").removesuffix("/v1"))


def _url(provider: ProviderConfig, model: str, path: str) -> str:
    base = provider.base_url.rstrip("/")
    version = provider.quirks.get("api_version")
    if not version:
        return base + path
    return f"{base}/openai/deployments/{model_segment(model)}{path}?api-version={quote(version)}"


def _headers(provider: ProviderConfig) -> tuple[tuple[bytes, bytes], ...]:
    if provider.token:
        return (*READABLE, (b"authorization", b"Bearer " + provider.token.encode()))
    if not provider.secret or provider.secret.startswith("{"):  # a principal, see `azure`
        return READABLE
    secret = provider.secret.encode()
    if (name := provider.quirks.get("key_header")) is not None:
        return (*READABLE, (name.lower().encode(), secret))
    return (*READABLE, (b"authorization", b"Bearer " + secret))
