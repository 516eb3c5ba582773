"""Gemini's API: generateContent whole and as a stream, token counts, embeddings, the model list."""

from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import parse_qs

from penstock.kernel.errors import PenstockError
from penstock.rules.call import Operation
from penstock.rules.models.facts import ListedModel
from penstock.rules.neutral.answer import AnswerEvent, ProviderError
from penstock.rules.neutral.conversation import Conversation, RequestHead
from penstock.rules.neutral.translation import Written
from penstock.rules.wire.gemini.answer_writer import GeminiChunkWriter, render_answer
from penstock.rules.wire.gemini.errors import (
    render_error,
    render_error_event,
    render_provider_error,
)
from penstock.rules.wire.gemini.head import read_head
from penstock.rules.wire.gemini.models import render_model, render_models
from penstock.rules.wire.gemini.parts import SEALED_START
from penstock.rules.wire.gemini.request_reader import read_request
from penstock.rules.wire.gemini.request_writer import write_request
from penstock.spi.kept import ChatIds, KeptFormat
from penstock.spi.surface import LIST_MODELS, SurfaceRoute

_METHODS: Final = {
    "generateContent": Operation.CHAT,
    "streamGenerateContent": Operation.CHAT,
    "countTokens": Operation.COUNT_TOKENS,
    "embedContent": Operation.EMBEDDINGS,
    "batchEmbedContents": Operation.EMBEDDINGS,
}
_KEY: Final = b"x-goog-api-key"
_ROUTES: Final = (
    *(
        SurfaceRoute("POST", f"/{version}/models/{{model}}:{method}", operation.value)
        for version in ("v1beta", "v1")
        for method, operation in _METHODS.items()
    ),
    SurfaceRoute("GET", "/v1beta/models", LIST_MODELS),
    SurfaceRoute("GET", "/v1beta/models/{model}", LIST_MODELS),
    SurfaceRoute("GET", "/v1/models", LIST_MODELS, _KEY),  # without this header it is OpenAI's
    SurfaceRoute("GET", "/v1/models/{model}", LIST_MODELS, _KEY),
)


class GeminiSurface:
    """`spi.surface.Surface`."""

    dialect = "gemini"
    prefix = "/v1beta/"
    routes = _ROUTES
    credential_hint = "x-goog-api-key: <key>"
    keep_alive = b"\n\n"  # official clients fail on comments; both kinds of streams may have these
    kept: KeptFormat | None = None
    chat_ids: ChatIds | None = None

    def credential(self, headers: Mapping[bytes, bytes], query: bytes) -> bytes | None:
        """The key of the header, of a `Bearer` header, or of the parameter `key`."""
        if (key := headers.get(_KEY)) is not None:
            return key.strip(b" \t")
        if (header := headers.get(b"authorization")) is not None:
            return header[7:].strip(b" \t") if header[:7].lower() == b"bearer " else b""
        keys = parse_qs(query.decode("ascii", "replace")).get("key")
        return keys[0].encode("latin-1", "replace") if keys else None

    def read_head(self, path: str, query: bytes, body: bytes, content_type: bytes) -> RequestHead:  # noqa: ARG002 - always JSON
        return read_head(path, query, body)

    def must_translate(self, body: bytes) -> bool:
        return SEALED_START in body

    def passed_headers(self, headers: Mapping[bytes, bytes]) -> tuple[tuple[bytes, bytes], ...]:  # noqa: ARG002 - the format defines none
        return ()

    def read_conversation(self, body: bytes) -> Conversation:
        return read_request(body)

    def request_to(
        self, operation: Operation, model: str, body: bytes, *, stream: bool
    ) -> tuple[str, bytes]:
        if operation == Operation.CHAT:
            method = "streamGenerateContent" if stream else "generateContent"
        elif operation == Operation.EMBEDDINGS:
            method = "batchEmbedContents" if b'"requests"' in body else "embedContent"
        else:
            method = "countTokens"
        return f"/v1beta/models/{model}:{method}{'?alt=sse' if stream else ''}", body

    def write_conversation(
        self,
        conversation: Conversation,
        model: str,
        head: RequestHead,  # noqa: ARG002 - the path says the rest
    ) -> Written:
        return write_request(conversation, model)

    def answer_writer(self, head: RequestHead, dialect: str) -> GeminiChunkWriter:  # noqa: ARG002 - usage is always there
        return GeminiChunkWriter(dialect=dialect)

    def render_answer(
        self,
        events: Iterable[AnswerEvent],
        dialect: str,
        echo: bytes = b"",  # noqa: ARG002 - its answers repeat nothing
    ) -> bytes:
        return render_answer(events, dialect)

    def render_models(self, models: Iterable[ListedModel], created_s: int) -> bytes:  # noqa: ARG002 - the format has no time
        return render_models(models)

    def render_model(self, model: ListedModel, created_s: int) -> bytes:  # noqa: ARG002 - the format has no time
        return render_model(model)

    def render_error(self, error: PenstockError) -> bytes:
        return render_error(error)

    def render_error_event(self, error: PenstockError) -> bytes:
        return render_error_event(error)

    def render_provider_error(self, error: ProviderError, status: int) -> bytes:
        return render_provider_error(error, status)
