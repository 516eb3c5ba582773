"""Gemini's paths: generated content, token counts, embeddings and models; keys and errors."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qs

from penstock.kernel.errors import Forbidden, InvalidRequest, NotFound, PenstockError
from penstock.sim.answers import decide
from penstock.sim.controls import Controls
from penstock.sim.gemini import errors
from penstock.sim.gemini.checks import check_request, read_functions, read_schema
from penstock.sim.gemini.content_wire import ContentWriter, token_details
from penstock.sim.gemini.history import check_contents, check_parts
from penstock.sim.gemini.prompt import read_prompt, thought_tokens
from penstock.sim.gemini.requests import (
    ContentRequest,
    EmbedBatch,
    EmbedRequest,
    GeminiCount,
    decode,
)
from penstock.sim.json_documents import document_script
from penstock.sim.prompts import SimPrompt
from penstock.sim.rate_limits import RateLimitState
from penstock.sim.script import Script
from penstock.sim.vectors import embed
from penstock.sim.vendor import Endpoint, Received, SimRequest

_BASE: Final = re.compile(r"^/(?:v1|v1beta)/models(?:/(?P<model>[^/:]+)(?::(?P<method>\w+))?)?$")
_UNSIGNED: Final = "gemini-2"  # models that do not require signatures
_DIMENSIONS: Final = {"gemini-embedding-001": 3072, "text-embedding-004": 768}
_DEFAULT_DIMENSIONS: Final = 256


class Gemini:
    """Gemini as a `SimVendor`."""

    def endpoint(self, path: str, query: str, _content_type: str, /) -> Endpoint | None:
        if (found := _BASE.match(path)) is None or not found["method"]:
            return None
        model = found["model"]
        endpoints: dict[str, Callable[..., SimRequest]] = {
            "generateContent": partial(read_content_request, model, ""),
            "streamGenerateContent": partial(read_content_request, model, _streamed_as(query)),
            "countTokens": partial(read_count_request, model),
            "embedContent": partial(read_embed_request, model),
            "batchEmbedContents": partial(read_batch_request, model),
        }
        return endpoints.get(found["method"])

    def page(self, path: str, query: str, models: Sequence[str], /) -> dict[str, Any] | None:
        if (found := _BASE.match(path)) is None or found["method"]:
            return None
        if (name := found["model"]) is None:
            return _model_page(query, models)
        if name not in models:
            raise NotFound(f"models/{name} is not found for API version v1beta.")
        return _model(name)

    def check_credential(self, request: Received, /) -> str:
        headers = request.headers
        key = headers.get("x-goog-api-key") or parse_qs(request.query).get("key", [""])[0]
        key = key or headers.get("authorization", "").removeprefix("Bearer ")
        if not key:
            raise Forbidden(
                "Method doesn't allow unregistered callers (callers without established identity). "
                "Please use API Key or other form of API consumer identity to call this API."
            )
        if "invalid" in key:
            raise errors.InvalidGeminiKey("API key not valid. Please pass a valid API key.")
        return key

    def headers(
        self, _request_id: str, _limit: RateLimitState | None, /
    ) -> list[tuple[bytes, bytes]]:
        return []

    def retry_headers(self, _seconds: int, /) -> list[tuple[bytes, bytes]]:
        return []  # the error document says it

    def error_document(self, error: PenstockError) -> bytes:
        return errors.error_document(error)

    def status_document(self, status: int, retry_after_s: int, /) -> bytes:
        return errors.status_document(status, retry_after_s)


@dataclass(frozen=True, slots=True)
class _Generating:
    """A checked request for content. `streamed`: "", `sse` or `array`."""

    prompt: SimPrompt
    thinks: bool
    streamed: str

    def script(self, controls: Controls, _created: int) -> tuple[str, Script]:
        writer = ContentWriter(decide(self.prompt, controls), self.prompt, self.thinks)
        if not self.streamed:
            return writer.id, writer.document()
        return writer.id, writer.events(array=self.streamed == "array")


def read_content_request(model: str, streamed: str, body: bytes) -> SimRequest:
    """Decodes `:generateContent`. Raises `InvalidRequest`, `NotFound` or `Forbidden`."""
    if "embed" in model:
        raise NotFound(
            f"models/{model} is not found for API version v1beta, or is not supported for "
            "generateContent. Call ModelService.ListModels to see the list of available models and "
            "their supported methods."
        )
    request = decode(ContentRequest, body)
    prompt = _checked(request, model)
    thinks = prompt.reasoning_tokens is not None
    answering = _Generating(prompt, thinks, streamed)
    options = {**prompt.controls(), **request.labels}
    return SimRequest(model, bool(streamed), options, answering.script)


def read_count_request(model: str, body: bytes) -> SimRequest:
    """Decodes `:countTokens`. Raises `InvalidRequest`."""
    request = decode(GeminiCount, body)
    whole = request.generate_content_request or ContentRequest(contents=request.contents)
    prompt = _checked(whole, model)
    counted = {"totalTokens": prompt.tokens, "promptTokensDetails": token_details(prompt)}
    return _document_request(model, prompt.controls(), lambda _seed: counted)


def read_embed_request(model: str, body: bytes) -> SimRequest:
    """Decodes `:embedContent`. Raises `InvalidRequest`."""
    request = decode(EmbedRequest, body)
    _check_embedded(request)
    return _document_request(
        model, {}, lambda seed: {"embedding": _embedding(model, request, seed)}
    )


def read_batch_request(model: str, body: bytes) -> SimRequest:
    """Decodes `:batchEmbedContents`. Raises `InvalidRequest`."""
    batch = decode(EmbedBatch, body)
    for request in batch.requests:
        _check_embedded(request)
    return _document_request(
        model,
        {},
        lambda seed: {"embeddings": [_embedding(model, each, seed) for each in batch.requests]},
    )


def _checked(request: ContentRequest, model: str) -> SimPrompt:
    check_request(request)
    if request.system_instruction:
        check_parts("system_instruction", request.system_instruction)
    functions, schema = read_functions(request), read_schema(request.generation_config)
    thinks = thought_tokens(request.generation_config, model) is not None
    check_contents(request.contents, signed=thinks and not model.startswith(_UNSIGNED))
    return read_prompt(request, model, functions, schema)


def _document_request(
    model: str, options: Mapping[str, str], make: Callable[[int], dict[str, Any]]
) -> SimRequest:
    def answer(controls: Controls, _created: int) -> tuple[str, Script]:
        return "", document_script(make(controls.seed or 0))

    return SimRequest(model, stream=False, options=options, answer=answer)


def _check_embedded(request: EmbedRequest) -> None:
    check_parts("content", request.content)
    if not any(part.text for part in request.content.parts):
        raise InvalidRequest("* EmbedContentRequest.content: content is empty\n")


def _embedding(model: str, request: EmbedRequest, seed: int) -> dict[str, Any]:
    text = "\n".join(part.text for part in request.content.parts if part.text)
    size = request.output_dimensionality or _DIMENSIONS.get(model, _DEFAULT_DIMENSIONS)
    return {"values": embed(text, size, seed).tolist()}


def _streamed_as(query: str) -> str:
    return "sse" if parse_qs(query).get("alt") == ["sse"] else "array"


def _model_page(query: str, models: Sequence[str]) -> dict[str, Any]:
    given = {name: values[-1] for name, values in parse_qs(query).items()}
    try:
        size, begin = int(given.get("pageSize", 50)), int(given.get("pageToken", 0))
    except ValueError:
        raise InvalidRequest("page_size and page_token must be valid.") from None
    size = min(max(size, 1), 1000)
    begin = max(begin, 0)
    page: dict[str, Any] = {"models": [_model(name) for name in models[begin : begin + size]]}
    if begin + size < len(models):
        page["nextPageToken"] = str(begin + size)
    return page


def _model(name: str) -> dict[str, Any]:
    embeds = "embed" in name
    methods = ["embedContent"] if embeds else ["generateContent", "countTokens"]
    return {
        "name": f"models/{name}",
        "version": "001",
        "displayName": name,
        "inputTokenLimit": 1_048_576,
        "outputTokenLimit": 65_536,
        "supportedGenerationMethods": methods,
    }
