"""Images and audio of a provider with OpenAI's API; `openai_compatible` chooses it."""

from collections.abc import Mapping
from typing import Final

from penstock.kernel.errors import InvalidRequest
from penstock.plugins.providers.openai_api import OpenAIApi, post
from penstock.rules.neutral.answer import AnswerEvent, AnswerFacts
from penstock.rules.neutral.conversation import RequestHead
from penstock.rules.redaction import Redaction
from penstock.rules.wire.openai.facts import facts_in_tail, read_answer
from penstock.rules.wire.openai.media_head import edit_media_request
from penstock.rules.wire.openai.media_stream import MediaStream
from penstock.rules.wire.openai.paths import MEDIA_DIALECT, MEDIA_PATHS
from penstock.spi.chat import BuiltRequest, ChatProvider, OutgoingCall, ProviderConfig

_PATHS: Final[Mapping[str, str]] = {each.operation: each.path for each in MEDIA_PATHS}
_ANY_TYPE: Final = (b"accept", b"*/*")


class OpenAIMedia(OpenAIApi):
    """`spi.chat.ChatProvider`."""

    dialect = MEDIA_DIALECT

    def for_dialect(
        self,
        dialect: str,  # noqa: ARG002 - it serves one format
        provider: ProviderConfig,  # noqa: ARG002 - the same
        model: str,  # noqa: ARG002 - the same
    ) -> ChatProvider:
        return self

    def build(self, provider: ProviderConfig, call: OutgoingCall) -> BuiltRequest:
        form = bool(call.headers)
        body = edit_media_request(call.body, call.model, call.model_at, form=form)
        headers = (_ANY_TYPE, *call.headers)
        return BuiltRequest(post(provider, call.model, _PATHS[call.operation], body, headers))

    def read_answer(self, body: bytes) -> AnswerFacts:
        return read_answer(body)

    def read_tail(self, tail: bytes) -> AnswerFacts:
        return facts_in_tail(tail)

    def read_events(self, body: bytes) -> list[AnswerEvent]:  # noqa: ARG002 - nothing is translated
        raise InvalidRequest("This answer is not translated.", code="not_translatable")

    def open_stream(
        self,
        provider: ProviderConfig,  # noqa: ARG002 - it has no quirks
        head: RequestHead,  # noqa: ARG002 - the same for each request
        *,
        capture_limit: int,
        redaction: Redaction,
        translated: bool,  # noqa: ARG002 - nothing is translated
    ) -> MediaStream:
        return MediaStream(capture_limit=capture_limit, redaction=redaction)
