"""What a provider with OpenAI's API keeps: files and batches, or responses; `openai_compatible`
chooses it."""

from penstock.kernel.errors import InvalidRequest
from penstock.plugins.providers.openai_api import OpenAIApi
from penstock.rules.neutral.answer import AnswerEvent, AnswerFacts
from penstock.rules.neutral.conversation import RequestHead
from penstock.rules.redaction import Redaction
from penstock.spi.chat import AnswerStream, BuiltRequest, ChatProvider, OutgoingCall, ProviderConfig


class OpenAIFiles(OpenAIApi):
    """`spi.chat.ChatProvider`. Its requests are those of `pass_through`; no answer has usage."""

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

    def read_answer(self, body: bytes) -> AnswerFacts:  # noqa: ARG002 - what is kept reports its usage each time
        return AnswerFacts()

    def read_tail(self, tail: bytes) -> AnswerFacts:  # noqa: ARG002 - the same
        return AnswerFacts()

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
