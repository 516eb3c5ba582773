"""Streams of OpenAI's events that have a `type`."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from penstock.sim.openai.errors import SERVER_ERROR
from penstock.sim.script import EVENT_STREAM, Script, ScriptStep, StreamErrors

_encode: Final = msgspec.json.Encoder().encode

TYPED_ERRORS: Final = StreamErrors(
    malformed=b'data: {"type":"image_generation.par\n\n',
    error=b'event: error\ndata: {"type":"error","error":{"message":"%s","type":"server_error"}}\n\n'
    % SERVER_ERROR.encode(),
)


def typed_event(document: Mapping[str, Any], tokens: int = 0) -> ScriptStep:
    """One event, named by its `type`."""
    return ScriptStep(
        b"event: %b\ndata: %b\n\n" % (document["type"].encode(), _encode(document)), tokens
    )


def typed_stream(steps: tuple[ScriptStep, ...]) -> Script:
    """The script of a stream of such events."""
    return Script(EVENT_STREAM, steps, head_first=True, errors=TYPED_ERRORS)
