"""`/passthrough/<provider>/<path>`: any path of a provider's API, with its own bytes both ways."""

from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import parse_qs

from penstock.kernel.errors import InvalidRequest, PenstockError
from penstock.rules.call import Operation
from penstock.rules.models.facts import ListedModel
from penstock.rules.neutral.answer import AnswerEvent, ProviderError
from penstock.rules.neutral.conversation import Conversation, RequestHead
from penstock.rules.neutral.translation import Written
from penstock.rules.passed_call import PREFIX, model_of, passed_headers
from penstock.rules.wire.openai.answer_writer import ChunkWriter
from penstock.rules.wire.openai.errors import (
    render_error,
    render_error_event,
    render_provider_error,
)
from penstock.rules.wire.openai.models import render_model, render_models
from penstock.spi.kept import ChatIds, KeptFormat
from penstock.spi.surface import ANY_METHOD, SurfaceRoute

_ROUTES: Final = (SurfaceRoute(ANY_METHOD, PREFIX + "{model}", Operation.PASS_THROUGH.value),)
_KEY_HEADERS: Final = (b"x-api-key", b"x-goog-api-key", b"api-key")


class PassThroughSurface:
    """`spi.surface.Surface`. Its own errors are in OpenAI's format; nothing is translated."""

    dialect = "pass_through"
    prefix = PREFIX
    routes = _ROUTES
    credential_hint = "Authorization: Bearer <key>"
    keep_alive = b""
    kept: KeptFormat | None = None
    chat_ids: ChatIds | None = None

    def credential(self, headers: Mapping[bytes, bytes], query: bytes) -> bytes | None:
        """The key, in the header or the query member that the SDK of any vendor uses."""
        header = headers.get(b"authorization")
        if header is not None:
            return header[7:].strip(b" \t") if header[:7].lower() == b"bearer " else b""
        for name in _KEY_HEADERS:
            if name in headers:
                return headers[name].strip(b" \t")
        keys = parse_qs(query.decode("latin-1")).get("key")
        return keys[0].encode("latin-1", "replace") if keys else None

    def read_head(self, path: str, query: bytes, body: bytes, content_type: bytes) -> RequestHead:  # noqa: ARG002 - the query has no model
        return RequestHead(model_of(path, body))

    def must_translate(self, body: bytes) -> bool:  # noqa: ARG002 - nothing is
        return False

    def passed_headers(self, headers: Mapping[bytes, bytes]) -> tuple[tuple[bytes, bytes], ...]:
        return passed_headers(headers)

    def read_conversation(self, body: bytes) -> Conversation:  # noqa: ARG002 - any format
        raise InvalidRequest("This request is not translated.", code="not_translatable")

    def request_to(
        self,
        operation: Operation,  # noqa: ARG002 - it has one
        model: str,  # noqa: ARG002 - its requests name the provider's models
        body: bytes,  # noqa: ARG002 - the same
        *,
        stream: bool,  # noqa: ARG002 - the same
    ) -> tuple[str, bytes]:
        raise InvalidRequest(
            "A call that passes to a provider's own path is not sent again.",
            hint="It may change something at the provider: send it with its client.",
            code="not_sent_again",
        )

    def write_conversation(
        self,
        conversation: Conversation,  # noqa: ARG002 - nothing is translated
        model: str,  # noqa: ARG002 - the same
        head: RequestHead,  # noqa: ARG002 - the same
    ) -> Written:
        raise InvalidRequest("This request is not translated.", code="not_translatable")

    def answer_writer(self, head: RequestHead, dialect: str) -> ChunkWriter:
        return ChunkWriter(wants_usage=head.wants_usage, dialect=dialect)

    def render_answer(
        self,
        events: Iterable[AnswerEvent],  # noqa: ARG002 - nothing is translated
        dialect: str,  # noqa: ARG002 - the same
        echo: bytes = b"",  # noqa: ARG002 - the same
    ) -> bytes:
        return b""

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
