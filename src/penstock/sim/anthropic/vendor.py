"""Anthropic's paths: messages, token counts and models; its headers and errors."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec

from penstock.kernel.errors import InvalidRequest, NotFound, PenstockError, Unauthenticated
from penstock.sim.answers import decide
from penstock.sim.anthropic.caching import CacheUse, use_cache
from penstock.sim.anthropic.checks import check_prompt, check_sampling
from penstock.sim.anthropic.history import check_history
from penstock.sim.anthropic.message_wire import MessageWriter
from penstock.sim.anthropic.prompt import read_prompt
from penstock.sim.anthropic.requests import (
    AnthropicMessage,
    CountRequest,
    MessagesRequest,
    count_decoder,
    decode,
    messages_decoder,
    read_messages,
    read_tools,
)
from penstock.sim.controls import Controls
from penstock.sim.json_documents import document_script
from penstock.sim.prompt_cache import PromptCache
from penstock.sim.prompts import SimPrompt
from penstock.sim.rate_limits import RateLimitState
from penstock.sim.script import Script
from penstock.sim.vendor import Endpoint, Received, SimRequest

_MODELS: Final = "/v1/models"
_TYPES: Final = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_MESSAGES: Final = {
    401: "invalid x-api-key",
    404: "Not found",
    429: "This request would exceed your organization's rate limit.",
    500: "Internal server error",
    529: "Overloaded",
}
_REDACT: Final = "ANTHROPIC_MAGIC_STRING_TRIGGER_REDACTED_THINKING"


class Anthropic:
    """Anthropic as a `SimVendor`. Remembers the prefixes of prompts that requests mark."""

    def __init__(self, cache: PromptCache) -> None:
        self._cache = cache
        self._endpoints: dict[str, Endpoint] = {
            "/v1/messages": self._read_messages,
            "/v1/messages/count_tokens": read_count_request,
        }

    def endpoint(self, path: str, _query: str, _content_type: str, /) -> Endpoint | None:
        return self._endpoints.get(path)

    def page(self, path: str, query: str, models: Sequence[str], /) -> dict[str, Any] | None:
        if path == _MODELS:
            return _model_page(query, models)
        name = path.removeprefix(f"{_MODELS}/")
        if name == path:
            return None
        if name not in models:
            raise NotFound(f"model: {name}")
        return _model(name)

    def check_credential(self, request: Received, /) -> str:
        headers = request.headers
        key = headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ")
        if not key:
            raise Unauthenticated("x-api-key header is required")
        if "invalid" in key:
            raise Unauthenticated("invalid x-api-key")
        if not headers.get("anthropic-version"):
            raise InvalidRequest("anthropic-version: header is required")
        return key

    def headers(
        self, request_id: str, limit: RateLimitState | None, /
    ) -> list[tuple[bytes, bytes]]:
        headers = [(b"request-id", b"req_" + request_id[:24].encode())]
        if limit is None:
            return headers
        return [
            *headers,
            (b"anthropic-ratelimit-requests-limit", b"%d" % limit.limit),
            (b"anthropic-ratelimit-requests-remaining", b"%d" % limit.remaining),
        ]

    def retry_headers(self, seconds: int) -> list[tuple[bytes, bytes]]:
        return [(b"retry-after", b"%d" % seconds)]

    def error_document(self, error: PenstockError) -> bytes:
        return _error(error.status, error.sentence())

    def status_document(self, status: int, _retry_after_s: int, /) -> bytes:
        return _error(status, _MESSAGES.get(status, "The request failed."))

    def _read_messages(self, body: bytes) -> SimRequest:
        """Decodes `POST /v1/messages`. Raises `InvalidRequest` or `NotFound`."""
        request = decode(messages_decoder, body)
        messages, prompt = _checked(request)
        check_sampling(request, messages)
        answering = _Answering(request, messages, prompt, self._cache)
        return SimRequest(request.model, request.stream, prompt.controls(), answering.script)


@dataclass(frozen=True, slots=True)
class _Answering:
    request: MessagesRequest
    messages: Sequence[AnthropicMessage]
    prompt: SimPrompt
    cache: PromptCache

    def script(self, controls: Controls, _created: int) -> tuple[str, Script]:
        answer = decide(self.prompt, controls)
        if controls.cached_tokens is None:
            used = use_cache(self.cache, self.request, self.messages)
        else:
            used = CacheUse(read=answer.cached_tokens)
        writer = MessageWriter(answer, used, self._display())
        return writer.id, writer.events() if self.request.stream else writer.document()

    def _display(self) -> str:
        if _REDACT in self.prompt.question:
            return "redacted"
        thinking = self.request.thinking
        return (thinking.display if thinking else None) or "summarized"


def read_count_request(body: bytes) -> SimRequest:
    """Decodes `POST /v1/messages/count_tokens`. Raises `InvalidRequest` or `NotFound`."""
    request = decode(count_decoder, body)
    _, prompt = _checked(request)
    script = document_script({"input_tokens": prompt.tokens})
    return SimRequest(
        request.model, stream=False, options=prompt.controls(), answer=lambda _c, _t: ("", script)
    )


def _checked(request: CountRequest) -> tuple[list[AnthropicMessage], SimPrompt]:
    if "embed" in request.model:
        raise NotFound(f"model: {request.model}")
    messages, tools = read_messages(request), read_tools(request)
    check_prompt(request, messages, tools)
    enabled = request.thinking is not None and request.thinking.type == "enabled"
    check_history(messages, thinks=enabled)
    return messages, read_prompt(request, messages, tools)


def _model_page(query: str, models: Sequence[str]) -> dict[str, Any]:
    given = {name: values[-1] for name, values in parse_qs(query).items()}
    try:
        limit = int(given.get("limit", 20))
    except ValueError:
        raise InvalidRequest("limit: Input should be a valid integer") from None
    if not 1 <= limit <= 1000:
        raise InvalidRequest("limit: Input should be from 1 to 1000")
    names = list(models)
    if (after := given.get("after_id")) in names:
        names = names[names.index(after) + 1 :]
    if (before := given.get("before_id")) in names:
        names = names[: names.index(before)]
    shown = names[:limit]
    return {
        "data": [_model(name) for name in shown],
        "has_more": len(shown) < len(names),
        "first_id": shown[0] if shown else None,
        "last_id": shown[-1] if shown else None,
    }


def _model(name: str) -> dict[str, Any]:
    return {
        "type": "model",
        "id": name,
        "display_name": name,
        "created_at": "2023-11-14T22:13:20Z",
        "lifecycle": "active",
    }


def _error(status: int, message: str) -> bytes:
    kind = _TYPES.get(status, "api_error" if status >= 500 else "invalid_request_error")
    return msgspec.json.encode({"type": "error", "error": {"type": kind, "message": message}})
