"""OpenAI's paths: chat completions, embeddings and models."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from penstock.kernel.errors import NotFound, PenstockError, Unauthenticated
from penstock.sim.answers import decide
from penstock.sim.controls import Controls
from penstock.sim.json_documents import document_script
from penstock.sim.openai import chat_wire, errors
from penstock.sim.openai.chat_requests import Chat, read_chat
from penstock.sim.openai.embeddings import EmbeddingsRequest, embeddings_document, read_embeddings
from penstock.sim.rate_limits import RateLimitState
from penstock.sim.script import Script
from penstock.sim.vendor import Endpoint, SimRequest

_MODELS: Final = "/v1/models"


class OpenAi:
    """OpenAI as a `SimVendor`."""

    def __init__(self) -> None:
        self._endpoints: dict[str, Endpoint] = {
            "/v1/chat/completions": read_chat_request,
            "/v1/embeddings": read_embeddings_request,
        }

    def endpoint(self, path: str, _query: str, /) -> Endpoint | None:
        return self._endpoints.get(path)

    def page(self, path: str, _query: str, models: Sequence[str], /) -> dict[str, Any] | None:
        if path == _MODELS:
            return {"object": "list", "data": [_model(name) for name in models]}
        name = path.removeprefix(f"{_MODELS}/")
        return _model(name) if name != path else None

    def check_headers(self, headers: Mapping[str, str], _query: str, /) -> str:
        key = headers.get("authorization", "").removeprefix("Bearer ")
        if "invalid" in key:
            raise Unauthenticated("Incorrect API key provided.")
        return key

    def headers(
        self, _request_id: str, limit: RateLimitState | None, /
    ) -> list[tuple[bytes, bytes]]:
        if limit is None:
            return []
        return [
            (b"x-ratelimit-limit-requests", b"%d" % limit.limit),
            (b"x-ratelimit-remaining-requests", b"%d" % limit.remaining),
            (b"x-ratelimit-reset-requests", b"%dms" % round(limit.retry_after_s * 1000)),
        ]

    def retry_headers(self, seconds: int) -> list[tuple[bytes, bytes]]:
        return [(b"retry-after", b"%d" % seconds)]

    def error_document(self, error: PenstockError) -> bytes:
        return errors.error_document(error)

    def status_document(self, status: int, _retry_after_s: int, /) -> bytes:
        return errors.status_document(status)


def read_chat_request(body: bytes) -> SimRequest:
    """Decodes `POST /v1/chat/completions`. Raises `InvalidRequest` or `NotAChatModel`."""
    chat = read_chat(body)
    request = chat.request
    if "embed" in request.model:
        raise errors.NotAChatModel(
            "This is not a chat model and thus not supported in the v1/chat/completions endpoint.",
            hint="Did you mean to use v1/embeddings?",
            param="model",
        )
    options = {**chat.prompt.controls(), **(request.metadata or {})}
    return SimRequest(request.model, bool(request.stream), options, partial(_answer, chat))


def read_embeddings_request(body: bytes) -> SimRequest:
    """Decodes `POST /v1/embeddings`. Raises `InvalidRequest`."""
    request = read_embeddings(body)
    return SimRequest(
        request.model, stream=False, options=request.metadata or {}, answer=partial(_embed, request)
    )


def _answer(chat: Chat, controls: Controls, created: int) -> tuple[str, Script]:
    answer, options = decide(chat.prompt, controls), chat.request.stream_options
    if not chat.request.stream:
        return chat_wire.answer_id(answer), chat_wire.document(answer, created)
    usage = options is not None and options.include_usage
    return chat_wire.answer_id(answer), chat_wire.events(answer, created, include_usage=usage)


def _embed(request: EmbeddingsRequest, controls: Controls, _created: int) -> tuple[str, Script]:
    return "", document_script(embeddings_document(request, controls.seed or 0))


def _model(name: str) -> dict[str, Any]:
    if not name:
        raise NotFound("The requested resource does not exist.")
    return {"id": name, "object": "model", "created": 1_700_000_000, "owned_by": "penstock"}
