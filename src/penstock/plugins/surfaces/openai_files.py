"""OpenAI's files, batches and stored responses. Credentials and errors are those of its other
APIs."""

from collections.abc import Mapping
from typing import Final

from penstock.kernel.errors import InvalidRequest
from penstock.plugins.surfaces.openai import OpenAISurface
from penstock.rules.call import Operation
from penstock.rules.formats.form import FormBytes
from penstock.rules.neutral.conversation import Conversation, RequestHead
from penstock.rules.provider_ids import IdSigner
from penstock.rules.wire.openai import kept
from penstock.rules.wire.openai.paths import (
    FILES_DIALECT,
    KEPT_PATHS,
    STORED_DIALECT,
    STORED_PATHS,
)
from penstock.rules.wire.responses.ids import ResponseIds
from penstock.spi.kept import AnswerIds, ChatIds, KeptFormat, UploadedForm
from penstock.spi.surface import SurfaceRoute

_CONTENT_TYPE: Final = b"content-type"


class OpenAIKept:
    """`spi.kept.KeptFormat`."""

    def read_upload(self, content_type: bytes, body: FormBytes) -> UploadedForm:
        read = kept.read_form_of_upload(content_type, body)
        is_batch = read.purpose == kept.BATCH_PURPOSE
        return UploadedForm(kept.model_of_lines(body, read.place) if is_batch else "", read.shown)

    def read_input_id(self, body: bytes) -> str:
        return kept.read_input_id(body)

    def with_input_id(self, body: bytes, plain: str) -> bytes:
        return kept.with_input_id(body, plain)

    def seal_file(self, body: bytes, model: str, signer: IdSigner) -> bytes:
        return kept.seal_file(body, model, signer)

    def of_answer(self, signer: IdSigner) -> AnswerIds:
        return ResponseIds(signer, previous=True)

    def seal_items(self, body: bytes, signer: IdSigner) -> bytes:
        return ResponseIds(signer, previous=False).items(body)

    def seal_batch(self, body: bytes, model: str, signer: IdSigner) -> bytes:
        return kept.seal_batch(body, model, signer)


class OpenAIFilesSurface(OpenAISurface):
    """`spi.surface.Surface`. Nothing is translated but ids."""

    dialect = FILES_DIALECT
    prefix = "/v1/files/"
    kept: KeptFormat | None = OpenAIKept()
    chat_ids: ChatIds | None = None
    routes = tuple(
        SurfaceRoute(each.method, "/v1" + each.path, each.operation.value) for each in KEPT_PATHS
    )

    def read_head(self, path: str, query: bytes, body: bytes, content_type: bytes) -> RequestHead:  # noqa: ARG002 - they name ids
        return RequestHead("")

    def must_translate(self, body: bytes) -> bool:  # noqa: ARG002 - nothing is
        return False

    def passed_headers(self, headers: Mapping[bytes, bytes]) -> tuple[tuple[bytes, bytes], ...]:
        content_type = headers.get(_CONTENT_TYPE)
        return () if content_type is None else ((_CONTENT_TYPE, content_type),)

    def read_conversation(self, body: bytes) -> Conversation:  # noqa: ARG002 - no chat
        raise InvalidRequest("This request is not translated.", code="not_translatable")

    def request_to(
        self,
        operation: Operation,  # noqa: ARG002 - the same for all
        model: str,  # noqa: ARG002 - the same
        body: bytes,  # noqa: ARG002 - the same
        *,
        stream: bool,  # noqa: ARG002 - the same
    ) -> tuple[str, bytes]:
        raise InvalidRequest(
            "A call about what a provider keeps is not sent again: it changes something there.",
            code="not_sent_again",
        )


class StoredResponsesSurface(OpenAIFilesSurface):
    """`spi.surface.Surface`. What was answered before, and is kept by the provider."""

    dialect = STORED_DIALECT
    prefix = "/v1/responses/"
    routes = tuple(
        SurfaceRoute(each.method, "/v1" + each.path, each.operation.value) for each in STORED_PATHS
    )
