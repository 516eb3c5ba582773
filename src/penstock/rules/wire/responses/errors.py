"""Writes an error as the last event of a stream; whole errors are those of OpenAI's other APIs."""

import msgspec

from penstock.kernel.errors import PenstockError
from penstock.rules.wire.openai.errors import render_error


def render_error_event(error: PenstockError) -> bytes:
    """The event `error`. Official clients raise because of its member `error`; the others are those
    of the API's description. The number of the event is not known here."""
    document = {
        "type": "error",
        "sequence_number": 0,
        "code": error.code,
        "message": error.sentence(),
        "param": error.param,
        **msgspec.json.decode(render_error(error)),
    }
    return b"event: error\ndata: " + msgspec.json.encode(document) + b"\n\n"
