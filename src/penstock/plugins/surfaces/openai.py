"""OpenAI's API: chat completions, embeddings and the model list."""

from collections.abc import Iterable, Mapping
from typing import Final

from penstock.kernel.errors import PenstockError
from penstock.rules.answer import AnswerEvent, ProviderError
from penstock.rules.call import Operation
from penstock.rules.conversation import Conversation, RequestHead
from penstock.rules.wire.openai.conversation import read_conversation
from penstock.rules.wire.openai.errors import (
    render_error,
    render_error_event,
    render_provider_error,
)
from penstock.rules.wire.openai.models import render_models
from penstock.rules.wire.openai.request import read_request
from penstock.rules.wire.openai.writer import ChunkWriter, render_answer
from penstock.spi.surface import LIST_MODELS, SurfaceRoute

_ROUTES: Final = (
    SurfaceRoute("POST", "/v1/chat/completions", Operation.CHAT.value),
    SurfaceRoute("POST", "/v1/embeddings", Operation.EMBEDDINGS.value),
    SurfaceRoute("GET", "/v1/models", LIST_MODELS),
)


class OpenAISurface:
    """`spi.surface.Surface`."""

    dialect = "openai"
    prefix = "/v1/"
    routes = _ROUTES
    credential_hint = "Authorization: Bearer <key>"
    keep_alive = b": waiting for the model\n\n"

    def credential(self, headers: Mapping[bytes, bytes]) -> bytes | None:
        """The token of a `Bearer` header, without spaces around it."""
        header = headers.get(b"authorization")
        if header is None:
            return None
        return header[7:].strip(b" \t") if header[:7].lower() == b"bearer " else b""

    def read_head(self, path: str, body: bytes) -> RequestHead:  # noqa: ARG002 - the model is in the body
        return read_request(body)

    def read_conversation(self, body: bytes) -> Conversation:
        return read_conversation(body)

    def answer_writer(self, head: RequestHead) -> ChunkWriter:
        return ChunkWriter(wants_usage=head.wants_usage)

    def render_answer(self, events: Iterable[AnswerEvent]) -> bytes:
        return render_answer(events)

    def render_models(self, models: Iterable[tuple[str, str]], created_s: int) -> bytes:
        return render_models(models, created_s)

    def render_error(self, error: PenstockError) -> bytes:
        return render_error(error)

    def render_error_event(self, error: PenstockError) -> bytes:
        return render_error_event(error)

    def render_provider_error(self, error: ProviderError, status: int) -> bytes:
        return render_provider_error(error, status)
