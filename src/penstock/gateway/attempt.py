"""One request of a call to one provider, with its answer, usage and cost."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from penstock.gateway.target import Target
from penstock.kernel.errors import PenstockError
from penstock.rules.call import AttemptRecord, CallStatus, Usage
from penstock.rules.neutral.answer import AnswerFacts
from penstock.rules.neutral.translation import Change
from penstock.rules.prices.charge import Charge
from penstock.rules.sent_request import CODEC
from penstock.spi.kept import AnswerIds

MAX_MESSAGE_CHARS: Final = 2000  # of an error's message in a record
MAX_COST_CHARS: Final = 64  # of the cost; a longer fraction is rounded like in the store
_NO_FACTS: Final = AnswerFacts()
_NO_USAGE: Final = Usage()


class Settled(Protocol):
    """Usage and cost of an attempt or of a call. `cost` is a decimal string, empty = unpriced."""

    @property
    def usage(self) -> Usage: ...
    @property
    def cost(self) -> str: ...
    @property
    def price_id(self) -> str: ...


class Total(NamedTuple):
    """The sums over several attempts, or over none."""

    usage: Usage = _NO_USAGE
    cost: str = ""
    price_id: str = ""


@dataclass(slots=True, eq=False, repr=False)
class OpenAttempt:
    """`end_ns` is set once the answer is complete or the attempt has failed. `translated`: the
    answer has another dialect than the caller, or `rewrite` writes it again; `ids` writes those
    for the caller into an answer that passes; `changes` is what its request left out or changed.
    """

    target: Target
    address: str
    port: int
    span_id: str
    start_ns: int
    dialect: str = ""
    translated: bool = False
    rewrite: Callable[[bytes], bytes] | None = None
    ids: AnswerIds | None = None
    changes: tuple[Change, ...] = ()
    request_digest: bytes = b""  # if the project records content
    request_headers: tuple[str, ...] = ()
    waited_ns: int = 0  # for its turn
    first_byte_ns: int = 0
    end_ns: int = 0
    http_status: int = 0
    facts: AnswerFacts = _NO_FACTS
    delta_count: int = 0
    response: bytes = b""
    response_size: int = 0
    counted: Usage | None = None  # while it streamed, if a limit has cut it
    usage: Usage = _NO_USAGE
    charge: Charge | None = None
    cost: str = ""  # of the charge, as records have it
    price_id: str = ""
    closed: bool = False
    status: CallStatus = CallStatus.OK
    error: PenstockError | None = None

    def record(self) -> AttemptRecord:
        """The record of a closed attempt."""
        error, retirement = self.error, self.target.retirement
        return AttemptRecord(  # by position: names take four times as long
            self.span_id,
            self.target.entry.name,
            self.target.model,
            self.address,
            self.port,
            self.start_ns,
            self.end_ns,
            self.status,
            self.first_byte_ns,
            self.http_status,
            error.code if error else "",
            error.message[:MAX_MESSAGE_CHARS] if error else "",
            self.dialect,
            self.usage,
            self.cost,
            self.price_id,
            tuple([change.text for change in self.changes]) if self.changes else (),
            retirement.at(self.start_ns) if retirement is not None else "",
            self.target.credential,
            self.request_digest,
            CODEC if self.request_digest else 0,
            self.request_headers,
            self.waited_ns,
        )


def cost_text(charge: Charge) -> str:
    """The cost for a record: a decimal string."""
    text = str(charge.cost)  # takes a third of the time of `format`
    if "E" in text:
        text = format(charge.cost, "f")
    return text if len(text) <= MAX_COST_CHARS else format(charge.cost, ".12f")
