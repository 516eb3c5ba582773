"""What a provider with OpenAI's API keeps: files and batches, or responses; `openai_compatible`
chooses it."""

from urllib.parse import quote

from penstock.kernel.errors import InvalidRequest
from penstock.plugins.providers.openai_api import OpenAIApi
from penstock.rules.batches import BatchAnswer, BatchState
from penstock.rules.neutral.answer import MAX_NAME_CHARS, AnswerEvent, AnswerFacts
from penstock.rules.neutral.conversation import RequestHead
from penstock.rules.redaction import Redaction
from penstock.rules.wire.openai import batches, facts, kept
from penstock.rules.wire.responses import answer_reader
from penstock.spi.chat import (
    AnswerStream,
    BuiltRequest,
    ChatProvider,
    OutgoingCall,
    PassedRequest,
    ProviderConfig,
)
from penstock.spi.http import HttpRequest


class OpenAIFiles(OpenAIApi):
    """`spi.chat.ChatProvider` and `spi.kept.BatchReader`. Its requests are those of `pass_through`;
    of answers only the id is read, because a batch reports its usage each time."""

    stream_type = b"-"  # none of its answers is a stream

    def __init__(self, dialect: str) -> None:
        self._dialect = dialect

    @property
    def dialect(self) -> str:
        return self._dialect

    def for_dialect(
        self,
        dialect: str,  # noqa: ARG002 - it serves one format
        provider: ProviderConfig,  # noqa: ARG002 - the same
        model: str,  # noqa: ARG002 - the same
    ) -> ChatProvider:
        return self

    def build(self, provider: ProviderConfig, call: OutgoingCall) -> BuiltRequest:  # noqa: ARG002 - its paths have ids
        raise InvalidRequest("This request is not written again.", code="not_sent_again")

    def read_answer(self, body: bytes) -> AnswerFacts:
        return AnswerFacts(id=kept.read_id(body)[:MAX_NAME_CHARS])

    def read_tail(self, tail: bytes) -> AnswerFacts:  # noqa: ARG002 - only files are so large
        return AnswerFacts()

    def batch_request(self, provider: ProviderConfig, batch_id: str) -> HttpRequest:
        return self._get(provider, f"/v1/batches/{quote(batch_id, safe='')}")

    def content_request(self, provider: ProviderConfig, file_id: str) -> HttpRequest:
        return self._get(provider, f"/v1/files/{quote(file_id, safe='')}/content")

    def read_batch(self, body: bytes, redaction: Redaction) -> BatchState:
        return batches.read_batch(body, redaction)

    def read_batch_line(self, line: bytes, dialect: str, redaction: Redaction) -> BatchAnswer:
        responses = dialect == batches.RESPONSES
        read = answer_reader.read_answer if responses else facts.read_answer
        return batches.read_line(line, read, redaction)

    def read_request_line(self, line: bytes) -> tuple[str, bytes] | None:
        return batches.read_request(line)

    def _get(self, provider: ProviderConfig, path: str) -> HttpRequest:
        return self.pass_through(provider, PassedRequest("GET", path, "", (), b""))

    def read_events(self, body: bytes) -> list[AnswerEvent]:  # noqa: ARG002 - nothing is translated
        raise InvalidRequest("This answer is not translated.", code="not_translatable")

    def open_stream(
        self,
        provider: ProviderConfig,  # noqa: ARG002 - it has none
        head: RequestHead,  # noqa: ARG002 - the same
        *,
        capture_limit: int,  # noqa: ARG002 - the same
        redaction: Redaction,  # noqa: ARG002 - the same
        translated: bool,  # noqa: ARG002 - the same
    ) -> AnswerStream:
        raise InvalidRequest("What a provider keeps has no streams.", code="not_translatable")
