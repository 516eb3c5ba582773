"""The chat dialects that have both sides, as pairs of surface and provider plugin."""

from typing import NamedTuple

import msgspec

from penstock.plugins.providers.anthropic import AnthropicProvider
from penstock.plugins.providers.gemini import GeminiProvider
from penstock.plugins.providers.openai_compatible import OpenAICompatible
from penstock.plugins.providers.openai_responses import OpenAIResponses
from penstock.plugins.surfaces.anthropic import AnthropicSurface
from penstock.plugins.surfaces.gemini import GeminiSurface
from penstock.plugins.surfaces.openai import OpenAISurface
from penstock.plugins.surfaces.responses import ResponsesSurface
from penstock.rules.neutral.answer import AnswerEvent
from penstock.rules.neutral.conversation import Conversation, RequestHead
from penstock.rules.neutral.translation import Written
from penstock.rules.redaction import Redaction
from penstock.spi.chat import ChatProvider, OutgoingCall, ProviderConfig
from penstock.spi.surface import Surface

PROVIDER = ProviderConfig("p", "http://provider.test/v1", "sk-secret-for-tests")
HEAD = RequestHead("m", stream=True, wants_usage=True)


class Dialect(NamedTuple):
    """One dialect, on the side of clients and on the side of providers. `lacks` names the fields of
    a conversation that it has no place for, and rejects."""

    surface: Surface
    plugin: ChatProvider
    lacks: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.surface.dialect

    def write(self, conversation: Conversation, *, stream: bool = False) -> Written:
        """The request that the provider gets."""
        outgoing = OutgoingCall("chat", "m", stream, b"", conversation=conversation)
        built = self.plugin.build(PROVIDER, outgoing)
        return Written(built.http.body, built.changes)

    def expressible(self, conversation: Conversation) -> Conversation:
        """The conversation without what this dialect rejects."""
        empty = Conversation()
        without = {name: getattr(empty, name) for name in self.lacks}
        return msgspec.structs.replace(conversation, **without)

    def read(self, body: bytes) -> Conversation:
        """The request as a client sent it."""
        return self.surface.read_conversation(body)

    def write_stream(self, events: list[AnswerEvent], dialect: str) -> list[bytes]:
        """The stream that a client gets from a provider of `dialect`, event by event."""
        writer = self.surface.answer_writer(HEAD, dialect)
        return [*(writer.write(event) for event in events), writer.end()]

    def read_stream(self, pieces: list[bytes]) -> list[AnswerEvent]:
        """The events of a provider's stream. Asserts that it is complete."""
        stream = self.plugin.open_stream(
            PROVIDER, HEAD, capture_limit=1 << 20, redaction=Redaction(), translated=True
        )
        events: list[AnswerEvent] = []
        for piece in pieces:
            stream.feed(piece)
            events += stream.take_events()
        if not stream.done:
            stream.close()
            events += stream.take_events()
        assert stream.done, stream.failure
        return events


OPENAI = Dialect(OpenAISurface(), OpenAICompatible())
ANTHROPIC = Dialect(AnthropicSurface(), AnthropicProvider())
GEMINI = Dialect(GeminiSurface(), GeminiProvider())
RESPONSES = Dialect(ResponsesSurface(), OpenAIResponses(), lacks=("stop",))
DIALECTS = (OPENAI, ANTHROPIC, GEMINI, RESPONSES)
