"""Batches of requests that a provider answers later: their state, and the answers."""

from typing import Final, NamedTuple

import msgspec

from penstock.rules.call import Operation
from penstock.rules.neutral.answer import AnswerFacts, ProviderError

MAX_LINES: Final = 50_000  # requests of a batch, as at OpenAI
_NO_ERROR: Final = ProviderError()


class RequestCounts(msgspec.Struct, frozen=True):
    """The number of requests of a batch, and of those that are done, as its provider says."""

    total: int = 0
    completed: int = 0
    failed: int = 0


class BatchState(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a batch, as its provider says. `over`: nothing changes any more; then
    `answer_ids` are the files with answers, one line for each request, and `ended_s` the Unix time,
    0 if unknown. `operation` and `dialect` are those of its requests. `reason`: why it failed."""

    status: str = ""
    over: bool = False
    operation: Operation = Operation.CHAT
    dialect: str = ""
    counts: RequestCounts = RequestCounts()
    ended_s: int = 0
    input_id: str = ""
    answer_ids: tuple[str, ...] = ()
    reason: str = ""


class BatchAnswer(NamedTuple):
    """The answer to one request of a batch. `status` is that of HTTP, 0 if there was none; only 200
    is a success."""

    custom_id: str
    status: int
    body: bytes
    facts: AnswerFacts
    error: ProviderError = _NO_ERROR
