"""The neutral form of an answer: events for translation, facts for the record, errors.

A whole answer is the same sequence of events as a stream, read at once.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

from penstock.rules.call import Usage, UsageSource

# Limits of the facts that a record keeps of an answer. Longer values are cut.
MAX_NAME_CHARS: Final = 256  # of the answer's id and model
MAX_REASON_CHARS: Final = 64  # of a finish reason, a role, a service tier
BYTES_PER_TOKEN: Final = 4  # an estimate, only for calls that were cut off


class FinishReason(StrEnum):
    """The reason why the model stopped. `OTHER`: a reason that the neutral form does not have."""

    STOP = "stop"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"
    CONTENT_FILTER = "content_filter"
    OTHER = "other"


class AnswerStarted(NamedTuple):
    """The first event. `created_s` is Unix seconds, 0 if unknown."""

    id: str
    model: str
    created_s: int = 0


class TextDelta(NamedTuple):
    """More text of one choice."""

    choice: int
    text: str


class ToolCallStarted(NamedTuple):
    """A new tool call of one choice; `call` numbers the calls of the choice."""

    choice: int
    call: int
    id: str
    name: str


class ToolArgumentsDelta(NamedTuple):
    """More of the JSON text of a tool call's arguments."""

    choice: int
    call: int
    arguments: str


class ChoiceFinished(NamedTuple):
    """The end of one choice."""

    choice: int
    reason: FinishReason


class UsageReported(NamedTuple):
    """The provider's count of tokens."""

    usage: Usage


AnswerEvent = (
    AnswerStarted
    | TextDelta
    | ToolCallStarted
    | ToolArgumentsDelta
    | ChoiceFinished
    | UsageReported
)


class AnswerFacts(msgspec.Struct, frozen=True):
    """The facts of an answer that a record keeps. `usage` is `None` without the provider's count.
    `reports_error`: it has an error member although its status is good."""

    id: str = ""
    model: str = ""
    finish_reasons: tuple[str, ...] = ()
    usage: Usage | None = None
    service_tier: str = ""
    reports_error: bool = False


class ProviderError(NamedTuple):
    """A provider's error: texts of limited length, empty where it has none."""

    message: str = ""
    type: str = ""
    param: str = ""
    code: str = ""


def bounded_facts(
    id_: str | None,
    model: str | None,
    reasons: Iterable[str | None],
    usage: Usage | None,
    tier: str | None,
    *,
    reports_error: bool = False,
) -> AnswerFacts:
    """Builds facts of a limited size, whatever the provider sent."""
    return AnswerFacts(
        (id_ or "")[:MAX_NAME_CHARS],
        (model or "")[:MAX_NAME_CHARS],
        tuple([reason[:MAX_REASON_CHARS] for reason in reasons if reason]),
        usage,
        (tier or "")[:MAX_REASON_CHARS],
        reports_error,
    )


def estimate_usage(request_size: int, delta_count: int) -> Usage:
    """Estimates the usage of a call that was cut off: a delta is about one token."""
    return Usage(
        input_tokens=-(-request_size // BYTES_PER_TOKEN),
        output_tokens=delta_count,
        source=UsageSource.ESTIMATED,
    )
