"""Cohere's paths: chat (version 2), rerankings, models; its headers and errors."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from penstock.kernel.errors import NotFound, PenstockError, Unauthenticated
from penstock.sim.answers import decide
from penstock.sim.cohere import chat_wire
from penstock.sim.cohere.checks import check_history, check_tools
from penstock.sim.cohere.prompt import read_prompt
from penstock.sim.cohere.requests import read_messages, read_request, read_tools
from penstock.sim.controls import Controls
from penstock.sim.openai.rerankings import read_cohere_rerank
from penstock.sim.rate_limits import RateLimitState
from penstock.sim.script import Script
from penstock.sim.vendor import Endpoint, Received, SimRequest

_MODELS: Final = "/v1/models"
_MESSAGES: Final = {
    401: "invalid api token",
    404: "the requested resource does not exist",
    429: "you have reached your rate limit, please try again later",
    503: "the service is currently overloaded",
}


class SimCohere:
    """Cohere as a `SimVendor`."""

    def endpoint(self, path: str, _query: str, _content_type: str, /) -> Endpoint | None:
        return {"/v2/chat": read_chat_request, "/v2/rerank": read_cohere_rerank}.get(path)

    def page(self, path: str, _query: str, models: Sequence[str], /) -> dict[str, Any] | None:
        if path != _MODELS:
            return None
        listed = [{"name": name, "endpoints": ["chat"], "finetuned": False} for name in models]
        return {"models": listed, "next_page_token": None}

    def check_credential(self, request: Received, /) -> str:
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not key:
            raise Unauthenticated("no api key supplied")
        if "invalid" in key:
            raise Unauthenticated("invalid api token")
        return key

    def headers(
        self, request_id: str, _limit: RateLimitState | None, /
    ) -> list[tuple[bytes, bytes]]:
        return [(b"x-debug-trace-id", request_id[:32].encode())]

    def retry_headers(self, seconds: int) -> list[tuple[bytes, bytes]]:
        return [(b"retry-after", b"%d" % seconds)]

    def error_document(self, error: PenstockError) -> bytes:
        return msgspec.json.encode({"message": error.sentence()})

    def status_document(self, status: int, _retry_after_s: int, /) -> bytes:
        message = _MESSAGES.get(status, "internal server error" if status >= 500 else "failed")
        return msgspec.json.encode({"message": message})


def read_chat_request(body: bytes) -> SimRequest:
    """Decodes `POST /v2/chat`. Raises `InvalidRequest` or `NotFound`."""
    request = read_request(body)
    if "embed" in request.model:
        raise NotFound(f"model '{request.model}' is not a chat model")
    messages, tools = read_messages(request), read_tools(request)
    check_history(messages)
    check_tools(request, tools)
    prompt = read_prompt(request, messages, tools)

    def answer(controls: Controls, _created: int) -> tuple[str, Script]:
        made = decide(prompt, controls)
        script = chat_wire.events(made) if request.stream else chat_wire.document(made)
        return chat_wire.answer_id(made), script

    return SimRequest(request.model, request.stream, prompt.controls(), answer)
