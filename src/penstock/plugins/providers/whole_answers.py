"""The part of a provider plugin for formats without streams that are not chat."""

from penstock.kernel.errors import InvalidRequest, UpstreamFailed
from penstock.rules.neutral.answer import AnswerEvent
from penstock.rules.neutral.conversation import RequestHead
from penstock.rules.redaction import Redaction
from penstock.spi.chat import AnswerStream, ChatProvider, ProviderConfig


class WholeAnswers:
    """The methods of `spi.chat.ChatProvider` that such a format does not need."""

    stream_type = b"none/"  # every answer is read whole

    def for_dialect(
        self,
        dialect: str,  # noqa: ARG002 - it serves one format
        provider: ProviderConfig,  # noqa: ARG002 - the same
        model: str,  # noqa: ARG002 - the same
    ) -> ChatProvider:
        return self  # pyright: ignore[reportReturnType] - the other methods are those of a subclass

    def read_events(self, body: bytes) -> list[AnswerEvent]:  # noqa: ARG002 - no chat
        raise InvalidRequest("This answer is not translated.", code="not_translatable")

    def open_stream(
        self,
        provider: ProviderConfig,  # noqa: ARG002 - it has no streams
        head: RequestHead,  # noqa: ARG002 - the same
        *,
        capture_limit: int,  # noqa: ARG002 - the same
        redaction: Redaction,  # noqa: ARG002 - the same
        translated: bool,  # noqa: ARG002 - the same
    ) -> AnswerStream:
        raise UpstreamFailed("The provider answered with a stream.", code="upstream_malformed")
