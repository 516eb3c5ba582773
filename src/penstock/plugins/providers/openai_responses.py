"""The Responses API of a provider with OpenAI's API; `openai_compatible` chooses it."""

from typing import Final

from penstock.plugins.providers.openai_api import OpenAIApi, post
from penstock.rules.neutral.answer import AnswerEvent, AnswerFacts
from penstock.rules.neutral.conversation import RequestHead
from penstock.rules.redaction import Redaction
from penstock.rules.wire.head import edit_request
from penstock.rules.wire.responses.answer_reader import facts_in_tail, read_answer, read_events
from penstock.rules.wire.responses.request_reader import DIALECT
from penstock.rules.wire.responses.request_writer import write_request
from penstock.rules.wire.responses.stream import ResponseStream
from penstock.spi.chat import BuiltRequest, ChatProvider, OutgoingCall, ProviderConfig

_PATH: Final = "/responses"


class OpenAIResponses(OpenAIApi):
    """`spi.chat.ChatProvider`."""

    dialect = DIALECT

    def for_dialect(
        self,
        dialect: str,  # noqa: ARG002 - it serves one format
        provider: ProviderConfig,  # noqa: ARG002 - the same
        model: str,  # noqa: ARG002 - the same
    ) -> ChatProvider:
        return self

    def build(self, provider: ProviderConfig, call: OutgoingCall) -> BuiltRequest:
        if call.conversation is None:
            body = edit_request(call.body, call.model, model_at=call.model_at)
            return BuiltRequest(post(provider, call.model, _PATH, body))
        body, changes = write_request(call.conversation, call.model, stream=call.stream)
        return BuiltRequest(post(provider, call.model, _PATH, body), changes)

    def read_answer(self, body: bytes) -> AnswerFacts:
        return read_answer(body)

    def read_tail(self, tail: bytes) -> AnswerFacts:
        return facts_in_tail(tail)

    def read_events(self, body: bytes) -> list[AnswerEvent]:
        return read_events(body)

    def open_stream(
        self,
        provider: ProviderConfig,  # noqa: ARG002 - it has no quirks
        head: RequestHead,  # noqa: ARG002 - the same for each request
        *,
        capture_limit: int,
        redaction: Redaction,
        translated: bool,
    ) -> ResponseStream:
        return ResponseStream(
            capture_limit=capture_limit, redaction=redaction, translated=translated
        )
