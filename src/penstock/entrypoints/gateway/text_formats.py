"""The wire formats in which guardrail checks find texts. A new one is a table in
`rules/wire/text_places.py`, and a framing here if its streams are no server-sent events."""

from typing import Final

from penstock.gateway.call_guard import TextFormats
from penstock.rules.formats.sse_framing import SseFraming
from penstock.rules.wire.bedrock.framing import BedrockFraming
from penstock.rules.wire.text_places import ALL_PLACES

TEXT_FORMATS: Final = TextFormats(
    ALL_PLACES,
    {
        b"text/event-stream": SseFraming,
        b"application/vnd.amazon.eventstream": BedrockFraming,
    },
)
