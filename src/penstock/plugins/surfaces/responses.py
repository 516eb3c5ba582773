"""OpenAI's Responses API. Credentials, errors and the request head are those of its other APIs."""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from penstock.kernel.errors import PenstockError
from penstock.plugins.surfaces.openai import OpenAISurface
from penstock.rules.call import Operation
from penstock.rules.formats.json_places import FoundString
from penstock.rules.neutral.answer import AnswerEvent
from penstock.rules.neutral.conversation import Conversation, RequestHead
from penstock.rules.neutral.translation import Written
from penstock.rules.provider_ids import IdSigner, may_name_file
from penstock.rules.wire.responses.answer_writer import ResponseEventWriter, render_answer
from penstock.rules.wire.responses.errors import render_error_event
from penstock.rules.wire.responses.head import read_response_head
from penstock.rules.wire.responses.ids import ResponseIds, named_ids
from penstock.rules.wire.responses.request_reader import DIALECT, read_request
from penstock.rules.wire.responses.request_writer import write_request
from penstock.spi.kept import AnswerIds, ChatIds
from penstock.spi.surface import AnswerWriter, SurfaceRoute


class ResponsesIds:
    """`spi.kept.ChatIds`."""

    def may_be_named(self, head: RequestHead, body: bytes) -> bool:
        return head.continues or may_name_file(body)

    def named(self, body: bytes) -> Sequence[FoundString]:
        return named_ids(body)

    def of_answer(self, head: RequestHead, signer: IdSigner) -> AnswerIds:
        return ResponseIds(signer, previous=head.continues)


class ResponsesSurface(OpenAISurface):
    """`spi.surface.Surface`."""

    dialect = DIALECT
    chat_ids: ChatIds | None = ResponsesIds()
    prefix = "/v1/responses"
    routes = (SurfaceRoute("POST", "/v1/responses", Operation.CHAT.value),)

    def read_conversation(self, body: bytes) -> Conversation:
        return read_request(body)

    def read_head(self, path: str, query: bytes, body: bytes, content_type: bytes) -> RequestHead:
        head, own = super().read_head(path, query, body, content_type), read_response_head(body)
        return replace(head, echo=own.echo, continues=own.continues, background=own.background)

    def write_conversation(
        self, conversation: Conversation, model: str, head: RequestHead
    ) -> Written:
        return write_request(conversation, model, stream=head.stream)

    def answer_writer(self, head: RequestHead, dialect: str) -> AnswerWriter:
        return ResponseEventWriter(dialect, head.echo)

    def render_answer(
        self, events: Iterable[AnswerEvent], dialect: str, echo: bytes = b""
    ) -> bytes:
        return render_answer(events, dialect, echo)

    def render_error_event(self, error: PenstockError) -> bytes:
        return render_error_event(error)
