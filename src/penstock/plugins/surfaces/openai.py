"""OpenAI's API: chat completions, completions, embeddings, moderations and the model list."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from penstock.kernel.errors import PenstockError
from penstock.rules.call import Operation
from penstock.rules.formats.json_places import FoundString
from penstock.rules.models.facts import ListedModel
from penstock.rules.neutral.answer import AnswerEvent, ProviderError
from penstock.rules.neutral.conversation import Conversation, RequestHead
from penstock.rules.neutral.translation import Written
from penstock.rules.provider_ids import may_name_file
from penstock.rules.wire.head import edit_request, read_head
from penstock.rules.wire.openai.answer_writer import ChunkWriter, render_answer
from penstock.rules.wire.openai.chat_ids import named_ids
from penstock.rules.wire.openai.errors import (
    render_error,
    render_error_event,
    render_provider_error,
)
from penstock.rules.wire.openai.models import render_model, render_models
from penstock.rules.wire.openai.paths import TEXT_PATHS
from penstock.rules.wire.openai.request_reader import read_request
from penstock.rules.wire.openai.request_writer import write_request
from penstock.rules.wire.sealed_reasoning import is_sealed
from penstock.spi.kept import ChatIds, KeptFormat
from penstock.spi.surface import (
    LIST_MODELS,
    MAKES_TOKENS,
    AnswerWriter,
    SurfaceRoute,
    path_of_operation,
)

_ROUTES: Final = (
    *(SurfaceRoute("POST", "/v1" + each.path, each.operation.value) for each in TEXT_PATHS),
    SurfaceRoute("POST", "/v1/client_tokens", MAKES_TOKENS),
    SurfaceRoute("GET", "/v1/models", LIST_MODELS),
    SurfaceRoute("GET", "/v1/models/{model}", LIST_MODELS),
)


class OpenAIChatIds:
    """`spi.kept.ChatIds`. Answers of chat completions are not kept."""

    of_answer = None

    def may_be_named(self, head: RequestHead, body: bytes) -> bool:  # noqa: ARG002 - files are in the body
        return may_name_file(body)

    def named(self, body: bytes) -> Sequence[FoundString]:
        return named_ids(body)


class OpenAISurface:
    """`spi.surface.Surface`."""

    dialect = "openai"
    prefix = "/v1/"
    routes = _ROUTES
    credential_hint = "Authorization: Bearer <key>"
    keep_alive = b": waiting for the model\n\n"
    kept: KeptFormat | None = None
    chat_ids: ChatIds | None = OpenAIChatIds()

    def credential(self, headers: Mapping[bytes, bytes], query: bytes) -> bytes | None:  # noqa: ARG002 - never in the query
        """The token of a `Bearer` header, without spaces around it."""
        header = headers.get(b"authorization")
        if header is None:
            return None
        return header[7:].strip(b" \t") if header[:7].lower() == b"bearer " else b""

    def read_head(self, path: str, query: bytes, body: bytes, content_type: bytes) -> RequestHead:  # noqa: ARG002 - all is in the body
        return read_head(body)

    def must_translate(self, body: bytes) -> bool:
        return is_sealed(body)

    def passed_headers(self, headers: Mapping[bytes, bytes]) -> tuple[tuple[bytes, bytes], ...]:  # noqa: ARG002 - the format defines none
        return ()

    def read_conversation(self, body: bytes) -> Conversation:
        return read_request(body)

    def request_to(
        self,
        operation: Operation,
        model: str,
        body: bytes,
        *,
        stream: bool,  # noqa: ARG002 - it is in the body
    ) -> tuple[str, bytes]:
        return path_of_operation(self.routes, operation), edit_request(body, model)

    def write_conversation(
        self, conversation: Conversation, model: str, head: RequestHead
    ) -> Written:
        return write_request(conversation, model, stream=head.stream, add_usage=head.wants_usage)

    def answer_writer(self, head: RequestHead, dialect: str) -> AnswerWriter:
        return ChunkWriter(wants_usage=head.wants_usage, dialect=dialect)

    def render_answer(
        self,
        events: Iterable[AnswerEvent],
        dialect: str,
        echo: bytes = b"",  # noqa: ARG002 - its answers repeat nothing
    ) -> bytes:
        return render_answer(events, dialect)

    def render_models(self, models: Iterable[ListedModel], created_s: int) -> bytes:
        return render_models(models, created_s)

    def render_model(self, model: ListedModel, created_s: int) -> bytes:
        return render_model(model, created_s)

    def render_error(self, error: PenstockError) -> bytes:
        return render_error(error)

    def render_error_event(self, error: PenstockError) -> bytes:
        return render_error_event(error)

    def render_provider_error(self, error: ProviderError, status: int) -> bytes:
        return render_provider_error(error, status)
