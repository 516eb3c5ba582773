"""Values of batches: who made one, how far it is, and what was recorded of it."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple, Protocol

import msgspec

from penstock.features.catalog.model import CalledProvider
from penstock.rules.batches import BatchState
from penstock.rules.call import CallEnd, Caller, CallStatus, Operation, Usage
from penstock.rules.prices.charge import Charge
from penstock.rules.redaction import Redaction
from penstock.spi.kept import BatchReader

BATCH: Final = "batch_id"  # the call attribute: the batch that a call was a request of
MAX_BATCHES: Final = 10_000  # of one project in the table; the oldest go, those that ended first
KEPT_DAYS: Final = 90  # for which the table has a batch that has ended; its calls stay
FOLLOWED_DAYS: Final = 8  # for which a batch is followed that does not end, or cannot be read
FIRST_LOOK_MS: Final = 5_000
LONGEST_LOOK_MS: Final = 10 * 60_000  # between two looks at a batch
LONGEST_FAILING_MS: Final = 60 * 60_000  # the same, while it cannot be read
MAX_PROBLEM_CHARS: Final = 500  # of the reason why a batch cannot be read; the rest is cut
_DAY_MS: Final = 86_400_000


class FollowState(StrEnum):
    """The state of the server's work on a batch."""

    OPEN = "open"  # it is followed
    RECORDED = "recorded"  # it is at its end, and its requests are recorded as calls
    GIVEN_UP = "given_up"  # it did not end, or could not be read; `problem` says why


class BatchOrigin(msgspec.Struct, frozen=True, kw_only=True):
    """The call that made a batch. `plain_id` is the id at the provider, `snapshot` the
    configuration whose prices apply."""

    caller: Caller
    provider: str
    credential: str
    model: str
    plain_id: str
    dialect: str
    trace_id: str
    snapshot: str
    server_address: str = ""
    server_port: int = 0


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """The recorded calls of a batch. `file` and `line` are where the next line is read; `calls`
    counts requests, `errors` those that failed, `unreadable` lines that are no answer, or the
    second one to a request. `unpriced` calls have no cost."""

    file: int = 0
    line: int = 0
    calls: int = 0
    errors: int = 0
    unreadable: int = 0
    unpriced: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: Decimal = Decimal(0)

    def plus(self, end: CallEnd) -> "Recorded":
        """Returns the sums with one more call."""
        usage = end.usage
        return msgspec.structs.replace(
            self,
            calls=self.calls + 1,
            errors=self.errors + (end.status is not CallStatus.OK),
            unpriced=self.unpriced + (end.status is CallStatus.OK and not end.cost),
            input_tokens=self.input_tokens + usage.input_tokens,
            output_tokens=self.output_tokens + usage.output_tokens,
            cost=self.cost + Decimal(end.cost or 0),
        )


NOT_SEEN: Final = BatchState()
NOTHING: Final = Recorded()


@dataclass(frozen=True, slots=True)
class FollowedBatch:
    """A batch in the table. `seen` is what the provider said last, `tries` how often it was looked
    at without a change, `next_ms` when it is looked at next. Times are Unix milliseconds;
    `ended_ms` is 0 until it is at its end at the provider."""

    id: str
    project_id: str
    created_ms: int
    origin: BatchOrigin
    state: FollowState = FollowState.OPEN
    next_ms: int = 0
    tries: int = 0
    problem: str = ""
    seen: BatchState = NOT_SEEN
    ended_ms: int = 0
    recorded: Recorded = NOTHING
    updated_ms: int = 0


class BatchSource(NamedTuple):
    """A provider with batches, and what reads them."""

    called: CalledProvider
    reader: BatchReader

    @property
    def redaction(self) -> Redaction:
        """Finds its secret in what it sends."""
        return Redaction(self.called.config.secret)


class FindProvider(Protocol):
    """Returns a provider with one of its credentials. Raises `PenstockError`."""

    def __call__(self, project_id: str, provider: str, credential: str, /) -> CalledProvider: ...


class AnsweredRequest(NamedTuple):
    """A request of a batch that was answered, to be priced."""

    project_id: str
    snapshot: str
    provider: str
    model: str
    response_model: str
    usage: Usage
    start_ns: int


PriceRequest = Callable[[AnsweredRequest], Charge | None]
"""Prices a request of a batch; `None`: unpriced."""

MayCapture = Callable[[str], bool]
"""Returns whether the calls of a project are recorded with their content."""

Ingest = Callable[[str, bytes], object]
"""Stores the frames of calls once under a name. Raises `PenstockError`."""


def batch_of(end: CallEnd, now_ms: int) -> FollowedBatch | None:
    """Returns the batch that a recorded call has made; `None` for any other call."""
    begin = end.begin
    made = begin.operation == Operation.BATCH_CREATE and end.status is CallStatus.OK
    if not (made and begin.project_id and end.response_id and end.attempts):
        return None
    last = end.attempts[-1]
    origin = BatchOrigin(
        caller=begin.caller,
        provider=last.provider,
        credential=last.credential,
        model=last.model,
        plain_id=end.response_id,
        dialect=last.dialect,
        trace_id=begin.trace_id,
        snapshot=begin.snapshot,
        server_address=last.server_address,
        server_port=last.server_port,
    )
    named = (begin.project_id, origin.provider, origin.credential, origin.plain_id)
    created_ms = min(begin.start_ns // 1_000_000, now_ms)
    return FollowedBatch(
        *(f"bat_{digest_of(*named).hex()[:32]}", begin.project_id, created_ms, origin),
        next_ms=now_ms + FIRST_LOOK_MS,
        updated_ms=now_ms,
    )


def digest_of(*texts: str) -> bytes:
    """Returns a digest of texts, from which ids are made: the same texts, the same id."""
    sizes = ",".join(str(len(each)) for each in texts)
    return hashlib.sha256("\0".join((sizes, *texts)).encode("utf-8", "surrogatepass")).digest()


def next_look_ms(batch: FollowedBatch, now_ms: int, *, failed: bool) -> int:
    """Returns when to look at a batch again: each time after half as long again, or twice."""
    longest = LONGEST_FAILING_MS if failed else LONGEST_LOOK_MS
    factor = 2.0 if failed else 1.5
    return now_ms + min(longest, int(FIRST_LOOK_MS * factor ** min(batch.tries, 20)))


def is_too_old(batch: FollowedBatch, now_ms: int) -> bool:
    """Returns whether a batch is not followed any longer."""
    return now_ms - batch.created_ms > FOLLOWED_DAYS * _DAY_MS


def oldest_kept_ms(now_ms: int) -> int:
    """Returns the time before which batches that have ended leave the table."""
    return now_ms - KEPT_DAYS * _DAY_MS
