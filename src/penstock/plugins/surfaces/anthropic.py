"""Anthropic's API: messages, the count of their tokens, and models."""

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
from penstock.rules.wire.anthropic.answer_writer import MessageEventWriter, render_answer
from penstock.rules.wire.anthropic.blocks import DIALECT
from penstock.rules.wire.anthropic.errors import (
    render_error,
    render_error_event,
    render_provider_error,
)
from penstock.rules.wire.anthropic.file_ids import require_no_file
from penstock.rules.wire.anthropic.models import render_model, render_models
from penstock.rules.wire.anthropic.request_reader import read_request
from penstock.rules.wire.anthropic.request_writer import write_request
from penstock.rules.wire.head import edit_request, read_head
from penstock.rules.wire.sealed_reasoning import is_sealed
from penstock.spi.kept import ChatIds, KeptFormat
from penstock.spi.surface import LIST_MODELS, SurfaceRoute, path_of_operation

_VERSION: Final = b"anthropic-version"
_ROUTES: Final = (
    SurfaceRoute("POST", "/v1/messages", Operation.CHAT.value),
    SurfaceRoute("POST", "/v1/messages/count_tokens", Operation.COUNT_TOKENS.value),
    SurfaceRoute("GET", "/v1/models", LIST_MODELS, _VERSION),
    SurfaceRoute("GET", "/v1/models/{model}", LIST_MODELS, _VERSION),
)
_PASSED: Final = (_VERSION, b"anthropic-beta")
MAX_PASSED_BYTES: Final = 1024  # of one header of the caller; a longer one is left out


class AnthropicIds:
    """`spi.kept.ChatIds`. It serves none."""

    of_answer = None

    def may_be_named(self, head: RequestHead, body: bytes) -> bool:  # noqa: ARG002 - files are in the body
        return may_name_file(body)

    def named(self, body: bytes) -> Sequence[FoundString]:
        require_no_file(body)
        return ()


class AnthropicSurface:
    """`spi.surface.Surface`."""

    dialect = DIALECT
    prefix = "/v1/messages"
    routes = _ROUTES
    credential_hint = "x-api-key: <key>"
    keep_alive = b'event: ping\ndata: {"type":"ping"}\n\n'
    kept: KeptFormat | None = None
    chat_ids: ChatIds | None = AnthropicIds()

    def credential(self, headers: Mapping[bytes, bytes], query: bytes) -> bytes | None:  # noqa: ARG002 - never in the query
        """The key, or the token of a `Bearer` header."""
        key = headers.get(b"x-api-key")
        if key is not None:
            return key.strip(b" \t")
        header = headers.get(b"authorization")
        if header is None:
            return None
        return header[7:].strip(b" \t") if header[:7].lower() == b"bearer " else b""

    def read_head(self, path: str, query: bytes, body: bytes, content_type: bytes) -> RequestHead:  # noqa: ARG002 - all is in the body
        return read_head(body)

    def must_translate(self, body: bytes) -> bool:
        return is_sealed(body)

    def passed_headers(self, headers: Mapping[bytes, bytes]) -> tuple[tuple[bytes, bytes], ...]:
        found = [(name, headers[name]) for name in _PASSED if name in headers]
        return tuple((name, value) for name, value in found if len(value) <= MAX_PASSED_BYTES)

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
        return write_request(conversation, model, stream=head.stream)

    def answer_writer(self, head: RequestHead, dialect: str) -> MessageEventWriter:  # noqa: ARG002 - usage always comes
        return MessageEventWriter(dialect)

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
