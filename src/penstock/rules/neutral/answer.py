"""The neutral form of an answer: events for translation, facts for the record, errors.

A whole answer is the same sequence of events as a stream, read at once.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

from penstock.rules.call import Usage, UsageSource
from penstock.rules.neutral.conversation import Citation, Media, Other, Part

# Limits of the facts that a record keeps of an answer. Longer values are cut.
MAX_NAME_CHARS: Final = 256  # of the answer's id, model, fingerprint
MAX_REASON_CHARS: Final = 64  # of a finish reason, a role, a service tier
BYTES_PER_TOKEN: Final = 4  # an estimate, only for calls that were cut off


class FinishReason(StrEnum):
    """The reason why the model stopped. `OTHER`: a reason that is not in this list."""

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


class TextEnded(NamedTuple):
    """The end of one text part: more text of the choice is another part."""

    choice: int


class CitationAdded(NamedTuple):
    """A source of the text before it. Its `start` and `end` count from the begin of that text."""

    choice: int
    citation: Citation


class RefusalDelta(NamedTuple):
    """More of the text that declines to answer."""

    choice: int
    text: str


class ReasoningDelta(NamedTuple):
    """More of the model's reasoning, or of a summary of it."""

    choice: int
    text: str


class ReasoningEnded(NamedTuple):
    """The end of one reasoning part, with what only its provider can read: see `Reasoning`."""

    choice: int
    signature: str = ""
    encrypted: str = ""
    id: str = ""
    summary: bool = False


class ToolCallStarted(NamedTuple):
    """A new tool call of one choice; `call` numbers the calls of the choice."""

    choice: int
    call: int
    id: str
    name: str
    signature: str = ""


class ToolArgumentsDelta(NamedTuple):
    """More of the JSON text of a tool call's arguments."""

    choice: int
    call: int
    arguments: str


class MediaAdded(NamedTuple):
    """A medium that the model made."""

    choice: int
    media: Media


class OtherAdded(NamedTuple):
    """A part that only the provider's dialect can express."""

    choice: int
    other: Other


class ChoiceFinished(NamedTuple):
    """The end of one choice. `stop_sequence` is the one that stopped it; `raw` is the provider's
    own word for the reason."""

    choice: int
    reason: FinishReason
    stop_sequence: str = ""
    raw: str = ""


class UsageReported(NamedTuple):
    """The provider's count of tokens."""

    usage: Usage
    service_tier: str = ""


ContentEvent = (
    TextDelta
    | TextEnded
    | CitationAdded
    | RefusalDelta
    | ReasoningDelta
    | ReasoningEnded
    | ToolCallStarted
    | ToolArgumentsDelta
    | MediaAdded
    | OtherAdded
)
AnswerEvent = AnswerStarted | ContentEvent | ChoiceFinished | UsageReported


class AnswerChoice(msgspec.Struct, frozen=True):
    """One choice of a whole answer. `raw` is the provider's own word for a reason `OTHER`."""

    parts: tuple[Part, ...] = ()
    reason: FinishReason | None = None
    stop_sequence: str = ""
    raw: str = ""


class WholeAnswer(msgspec.Struct, frozen=True):
    """A whole answer: the events of a stream, collected (`answer_collector.py`)."""

    id: str = ""
    model: str = ""
    created_s: int = 0
    choices: tuple[AnswerChoice, ...] = ()
    usage: Usage | None = None


class AnswerFacts(msgspec.Struct, frozen=True):
    """The facts of an answer that a record keeps. `usage` is `None` without the provider's count.
    `reports_error`: it has an error member although its status is good. `fingerprint` names the
    provider's configuration."""

    id: str = ""
    model: str = ""
    finish_reasons: tuple[str, ...] = ()
    usage: Usage | None = None
    service_tier: str = ""
    reports_error: bool = False
    fingerprint: str = ""


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
    fingerprint: str | None = None,
) -> AnswerFacts:
    """Builds facts of a limited size, whatever the provider sent."""
    return AnswerFacts(
        (id_ or "")[:MAX_NAME_CHARS],
        (model or "")[:MAX_NAME_CHARS],
        tuple([reason[:MAX_REASON_CHARS] for reason in reasons if reason]),
        usage,
        (tier or "")[:MAX_REASON_CHARS],
        reports_error,
        (fingerprint or "")[:MAX_NAME_CHARS],
    )


def estimate_usage(request_size: int, delta_count: int) -> Usage:
    """Estimates the usage of a call that was cut off: a delta is about one token."""
    return Usage(
        input_tokens=-(-request_size // BYTES_PER_TOKEN),
        output_tokens=delta_count,
        source=UsageSource.ESTIMATED,
    )
