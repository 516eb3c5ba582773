"""One request of a call to one provider, with its answer, usage and cost."""

from typing import Final

from penstock.gateway.target import Target
from penstock.kernel.errors import PenstockError
from penstock.rules.answer import AnswerFacts
from penstock.rules.call import AttemptRecord, CallStatus, Usage
from penstock.rules.price_charge import Charge

MAX_MESSAGE_CHARS: Final = 2000  # of an error's message in a record
MAX_COST_CHARS: Final = 64  # of the cost; a longer fraction is rounded like in the store

_NO_FACTS: Final = AnswerFacts()
_NO_USAGE: Final = Usage()


class OpenAttempt:
    """`end_ns` is set once the answer is complete or the attempt has failed. `translated`: the
    provider has another dialect than the surface."""

    __slots__ = (
        "address",
        "charge",
        "closed",
        "delta_count",
        "end_ns",
        "error",
        "facts",
        "first_byte_ns",
        "http_status",
        "port",
        "response",
        "response_size",
        "span_id",
        "start_ns",
        "status",
        "target",
        "translated",
        "usage",
    )

    def __init__(self, target: Target, address: str, port: int, span: str, start_ns: int) -> None:
        self.target = target
        self.address = address
        self.port = port
        self.span_id = span
        self.start_ns = start_ns
        self.translated = False
        self.first_byte_ns = 0
        self.end_ns = 0
        self.http_status = 0
        self.facts = _NO_FACTS
        self.delta_count = 0
        self.response = b""
        self.response_size = 0
        self.usage = _NO_USAGE
        self.charge: Charge | None = None
        self.closed = False
        self.status = CallStatus.OK
        self.error: PenstockError | None = None

    def close(self, now_ns: int, status: CallStatus, error: PenstockError | None) -> None:
        """Notes the outcome. Usage and charge are set before."""
        self.closed = True
        self.end_ns = self.end_ns or now_ns
        self.status = status
        self.error = error

    def record(self) -> AttemptRecord:
        """The record of a closed attempt."""
        error = self.error
        return AttemptRecord(
            span_id=self.span_id,
            provider=self.target.entry.name,
            model=self.target.model,
            server_address=self.address,
            server_port=self.port,
            start_ns=self.start_ns,
            end_ns=self.end_ns,
            status=self.status,
            first_byte_ns=self.first_byte_ns,
            http_status=self.http_status,
            error_type=error.code if error else "",
            error_message=error.message[:MAX_MESSAGE_CHARS] if error else "",
            dialect=self.target.plugin.dialect,
            usage=self.usage,
            cost=cost_text(self.charge),
            price_id=self.charge.price_id if self.charge else "",
        )


def cost_text(charge: Charge | None) -> str:
    """The cost for a record: a decimal string, empty if there is none."""
    if charge is None:
        return ""
    text = format(charge.cost, "f")
    return text if len(text) <= MAX_COST_CHARS else format(charge.cost, ".12f")
