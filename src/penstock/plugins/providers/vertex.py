"""Vertex AI: models of Google, Anthropic and others by project and location.

The secret is the key file of a service account (JSON), or an API key; with a key and without a
project, requests use the paths of the express mode. Models whose names begin with `claude` or
`anthropic/` are Anthropic's; those of other publishers (`meta/…`) have OpenAI's format.

Quirks, set per provider:
    project = my-project       instead of the project of the key file
    location = europe-west4    instead of the location in the base URL
"""

import re
from dataclasses import replace
from typing import Final
from urllib.parse import quote

import msgspec

from penstock.kernel.errors import InvalidRequest, UpstreamFailed
from penstock.plugins.google_account import is_key_file, project_of, sign_token
from penstock.plugins.providers.anthropic import AnthropicProvider
from penstock.plugins.providers.gemini import GeminiProvider
from penstock.plugins.providers.openai_compatible import OpenAICompatible
from penstock.plugins.providers.request_headers import JSON, READABLE, Headers, with_passed
from penstock.rules.call import Operation
from penstock.rules.formats.json_text import decode_json
from penstock.rules.wire.anthropic.vertex import vertex_request
from penstock.rules.wire.passed_path import passed_url
from penstock.spi.chat import (
    BuiltRequest,
    ChatProvider,
    OutgoingCall,
    PassedRequest,
    ProviderConfig,
)
from penstock.spi.http import HttpRequest
from penstock.spi.tokens import IssuedToken

_GOOGLE: Final = "google"
_ANTHROPIC: Final = "anthropic"
_OTHERS: Final = "openapi"
_VERSIONS: Final = {_GOOGLE: "v1beta1", _ANTHROPIC: "v1", _OTHERS: "v1"}  # as in the vendors' SDKs
_VERSIONED: Final = re.compile(r"/v\d\w*$")
_LOCATION: Final = re.compile(
    r"//(?:([a-z0-9-]+)-aiplatform|aiplatform\.([a-z]+)\.rep)\.googleapis\.com"
)
_MODEL: Final = re.compile(r"(?:(google|anthropic)/)?([\w@-][\w.@-]*)", re.ASCII)
_OPEN_MODEL: Final = re.compile(r"(?!endpoints/|google/|anthropic/)[\w-]+/.+", re.ASCII)
_ENDPOINT: Final = re.compile(r"endpoints/[\w-]+", re.ASCII)  # a tuned model of the project
_LIST: Final = "publishers/google/models"
_VERSION: Final = b"anthropic-version"
_KEY_HEADER: Final = "x-goog-api-key"
_KEY_QUIRK: Final = {"key_header": _KEY_HEADER}


class _PublisherModel(msgspec.Struct):
    name: str


class _PublisherModels(msgspec.Struct, rename="camel"):
    publisher_models: list[_PublisherModel] = []


_models: Final = msgspec.json.Decoder(_PublisherModels)


class _OfVertex:
    """Implements what does not depend on the format of a call."""

    def pass_through(self, provider: ProviderConfig, request: PassedRequest) -> HttpRequest:
        url = passed_url(provider.base_url, request.path, request.query)
        headers = with_passed(_headers(provider), request.headers)
        return HttpRequest(request.method, url, headers, request.body)

    def build_model_list(self, provider: ProviderConfig) -> HttpRequest:
        url = f"{_base(provider, _GOOGLE)}/{_LIST}?pageSize=100"
        return HttpRequest("GET", url, _headers(provider))

    def read_model_list(self, body: bytes) -> tuple[str, ...]:
        try:
            found = decode_json(_models, body).publisher_models
        except msgspec.DecodeError:
            raise UpstreamFailed(
                "The provider's list of models is not in Vertex AI's format.",
                hint="Check its base URL: https://LOCATION-aiplatform.googleapis.com.",
            ) from None
        return tuple(model.name.removeprefix(f"{_LIST}/") for model in found)


class Vertex(_OfVertex, GeminiProvider):
    """`spi.chat.ChatProvider` for Google's models, and `spi.tokens.TokenIssuer`."""

    def __init__(self) -> None:
        self._anthropic = VertexAnthropic()
        self._others = VertexOpenModels()

    def for_dialect(
        self,
        dialect: str,  # noqa: ARG002 - the model decides
        provider: ProviderConfig,  # noqa: ARG002 - the same
        model: str,
    ) -> ChatProvider:
        if _OPEN_MODEL.fullmatch(model):
            return self._others
        return self._anthropic if model.startswith(("claude", "anthropic/")) else self

    def issue_token(self, secret: str, now_s: float) -> IssuedToken | None:
        return sign_token(secret, now_s) if is_key_file(secret) else None

    def _url(self, provider: ProviderConfig, call: OutgoingCall, method: str) -> str:
        if call.operation == Operation.EMBEDDINGS:
            raise InvalidRequest(
                "Embeddings of Vertex AI have another format.",
                hint="Send its own requests to /passthrough.",
                code="not_translatable",
                param="model",
            )
        return f"{_model_url(provider, call.model, _GOOGLE)}:{method}"

    def _headers(self, provider: ProviderConfig) -> Headers:
        return _headers(provider)


class VertexAnthropic(_OfVertex, AnthropicProvider):
    """`spi.chat.ChatProvider` for Anthropic's models."""

    def build(self, provider: ProviderConfig, call: OutgoingCall) -> BuiltRequest:
        counts = call.operation == Operation.COUNT_TOKENS
        model = call.model.removeprefix("anthropic/")
        written = self._written(provider, call, model)
        version = dict(call.headers).get(_VERSION, b"").decode("latin-1")
        body = vertex_request(written.body, version, model_in_path=not counts)
        if counts:
            url = f"{_model_url(provider, 'count-tokens', _ANTHROPIC)}:rawPredict"
        else:
            method = "streamRawPredict" if call.stream else "rawPredict"
            url = f"{_model_url(provider, model, _ANTHROPIC)}:{method}"
        passed = tuple(header for header in call.headers if header[0] != _VERSION)
        headers = with_passed(_headers(provider), passed)
        return BuiltRequest(HttpRequest("POST", url, (JSON, *headers), body), written.changes)


class VertexOpenModels(_OfVertex, OpenAICompatible):
    """`spi.chat.ChatProvider` for models of other publishers, by Google's endpoint for OpenAI's
    chat format."""

    def build(self, provider: ProviderConfig, call: OutgoingCall) -> BuiltRequest:
        parent = _parent(provider)
        if call.operation != Operation.CHAT or not parent:
            raise InvalidRequest(
                "Vertex AI serves such models for chat in a project only.",
                hint="Use the key file of a service account, or set the quirk `project`.",
                code="not_translatable",
                param="model",
            )
        base = f"{_base(provider, _OTHERS)}/{parent}endpoints/{_OTHERS}"
        quirks = provider.quirks if provider.token else {**provider.quirks, **_KEY_QUIRK}
        secret = provider.token or _api_key(provider)
        return super().build(replace(provider, base_url=base, secret=secret, quirks=quirks), call)


def _base(provider: ProviderConfig, publisher: str) -> str:
    base = provider.base_url.rstrip("/")
    return base if _VERSIONED.search(base) else f"{base}/{_VERSIONS[publisher]}"


def _model_url(provider: ProviderConfig, model: str, publisher: str) -> str:
    """The address of a model. Raises `InvalidRequest` for a name that would leave the project."""
    parent, base = _parent(provider), _base(provider, publisher)
    if parent and _ENDPOINT.fullmatch(model):
        return f"{base}/{parent}{model}"
    found = _MODEL.fullmatch(model)
    if found is None or found[1] not in (None, publisher):
        raise InvalidRequest(
            f"{model!r} is no name of a model on Vertex AI.",
            hint="Name one of Google's or Anthropic's models, such as `gemini-2.5-flash`.",
            param="model",
        )
    return f"{base}/{parent}publishers/{publisher}/models/{found[2]}"


def _parent(provider: ProviderConfig) -> str:
    """Project and location in paths; empty in the express mode."""
    project = provider.quirks.get("project") or project_of(provider.secret)
    if project:
        location = provider.quirks.get("location") or _location(provider.base_url)
        return f"projects/{quote(project, safe=':')}/locations/{quote(location, safe='')}/"
    if provider.token:
        raise UpstreamFailed(
            "The key file names no project.",
            hint="Set the quirk `project`.",
            code="upstream_credential",
        )
    return ""


def _location(base_url: str) -> str:
    found = _LOCATION.search(base_url)
    return (found[1] or found[2]) if found else "global"


def _headers(provider: ProviderConfig) -> Headers:
    if provider.token:
        return (*READABLE, (b"authorization", b"Bearer " + provider.token.encode()))
    if key := _api_key(provider):
        return (*READABLE, (_KEY_HEADER.encode(), key.encode()))
    return READABLE


def _api_key(provider: ProviderConfig) -> str:
    """The secret, unless it is a key file: that one never goes out."""
    return "" if is_key_file(provider.secret) else provider.secret


def create() -> Vertex:
    """Creates the plugin; named by the entry point."""
    return Vertex()
