"""A stream of the Responses API that passes. Its record is the answer in the terminal event, or
for a stream without one the answer so far."""

from penstock.rules.redaction import Redaction
from penstock.rules.wire.responses.answer_reader import ResponseReader
from penstock.rules.wire.responses.answer_writer import write_answer
from penstock.rules.wire.responses.request_reader import DIALECT
from penstock.rules.wire.sse_stream import NeutralStream


class ResponseStream(NeutralStream):
    """Reads one stream; see `NeutralStream`."""

    def __init__(self, *, capture_limit: int, redaction: Redaction, translated: bool) -> None:
        self._responses = ResponseReader(keep=capture_limit)
        super().__init__(
            self._responses,
            dialect=DIALECT,
            capture_limit=capture_limit,
            redaction=redaction,
            translated=translated,
            write_answer=write_answer,
        )

    def document(self) -> bytes:
        """The answer in the shape of a whole one; empty if nothing arrived."""
        return self._responses.response or super().document()
