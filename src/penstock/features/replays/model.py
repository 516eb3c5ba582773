"""Values of replays: what is missing for one, and how two answers differ. No SQL, no HTTP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Protocol

from penstock.features.traces.model import RecordedRequest, SpanRecord
from penstock.kernel.digests import canonical_json
from penstock.kernel.errors import PenstockError
from penstock.rules.neutral.translation import ChangeKind
from penstock.rules.replay import RebuiltRequest
from penstock.rules.sent_request import CUT
from penstock.rules.word_diff import Piece, diff_words

_FETCHED: Final = f"{ChangeKind.FETCHED}:"
_FORM: Final = "content-type: multipart/"
_MAX_DIFF_CHARS: Final = 400_000  # of each of two texts that are compared; the rest is left out
_MS: Final = 1e6


class NotReplayable(PenstockError):
    """The request of a span cannot be built again; `code` says what is missing."""

    status = 422
    default_code = "not_replayable"


class FindRecorded(Protocol):
    """Finds what is stored of a request."""

    def __call__(self, project_id: str, wanted: str, /) -> RecordedRequest:
        """Raises `NotFound`, `InvalidRequest`, `Conflict`."""
        ...


def require_replayable(found: RecordedRequest) -> tuple[SpanRecord, bytes]:
    """Returns the attempt and the body of its caller. Raises `NotReplayable` with what is
    missing."""
    attempt, body = found.attempt, found.body
    if attempt is None:
        raise _nothing_sent(found)
    if not attempt.request_digest:
        raise _no_digest(found)
    if CUT in attempt.request_headers:
        raise NotReplayable(
            "The headers of this request were too long to be recorded.", code="headers_not_recorded"
        )
    if any(change.startswith(_FETCHED) for change in attempt.changes):
        raise NotReplayable(
            "The gateway fetched media that this request names by URL, and kept no copy.",
            code="media_not_recorded",
        )
    if any(line.lower().startswith(_FORM) for line in attempt.request_headers):
        raise NotReplayable(
            "This request is a form: its files are not recorded.", code="file_not_recorded"
        )
    if body is None or (len(body) < found.call.request_size and not found.redacted):
        kept = 0 if body is None else len(body)
        raise NotReplayable(
            f"Only {kept} of the {found.call.request_size} bytes of this request are recorded.",
            hint="Raise gateway.capture_request_bytes to record longer requests.",
            code="content_cut",
        )
    return attempt, body


def _nothing_sent(found: RecordedRequest) -> NotReplayable:
    if found.cached:
        return NotReplayable(
            "The call whose answer the cache gave is not stored.",
            hint="It was made before its records had this, or it is deleted.",
            code="origin_not_recorded",
        )
    reason = found.call.error_type or found.call.status
    return NotReplayable(f"This call sent nothing to a provider ({reason}).", code="nothing_sent")


def _no_digest(found: RecordedRequest) -> NotReplayable:
    if found.body:
        return NotReplayable(
            "This attempt has no digest of what it sent: an older gateway recorded it.",
            code="digest_not_recorded",
        )
    return NotReplayable(
        "The content of this call is not recorded.",
        hint="The project's setting capture_content decides that, for calls from now on.",
        code="content_not_recorded",
    )


def require_same(found: RecordedRequest, attempt: SpanRecord, built: RebuiltRequest) -> None:
    """Raises `NotReplayable` if what was built is not what was sent, with the likeliest reason."""
    if built.digest == attempt.request_digest:
        return
    raise unlike(found, attempt, built.codec, built.snapshot)


def unlike(
    found: RecordedRequest, attempt: SpanRecord, codec: int, snapshot: str, why: str = ""
) -> NotReplayable:
    """Returns why a request can no longer be built as it was sent."""
    if attempt.codec != codec:
        return NotReplayable(
            f"Version {attempt.codec} of the codec wrote this request; the gateway has {codec}."
            f"{why}",
            code="other_codec",
        )
    if found.redacted:
        return NotReplayable(
            f"Guardrail checks changed this request, and its record is not what was sent.{why}",
            code="content_redacted",
        )
    if attempt.snapshot != snapshot:
        return NotReplayable(
            f"The request comes out differently: the provider {attempt.provider!r} or its model has"
            f" other settings than in the snapshot {attempt.snapshot[:12]} of the call.{why}",
            hint="Look at its changes in the audit log.",
            code="provider_changed",
        )
    return NotReplayable(
        f"The request comes out differently than it was sent.{why}", code="request_differs"
    )


@dataclass(frozen=True, slots=True)
class AnswerSummary:
    """The answer of a call. `tool_calls` are name and arguments."""

    trace_id: str
    span_id: str
    status: str
    error: str
    provider: str
    model: str
    text: str
    tool_calls: tuple[tuple[str, Any], ...]
    finish_reasons: tuple[str, ...]
    input_tokens: int
    output_tokens: int
    cost: Decimal | None
    duration_ms: float
    ttft_ms: float | None
    request_digest: str


def summary_of(
    call: SpanRecord, attempt: SpanRecord | None, messages: Sequence[Mapping[str, Any]]
) -> AnswerSummary:
    """Returns the answer of a call, whose `messages` are read already."""
    parts = [part for message in messages for part in message["parts"]]
    texts = [part["content"] for part in parts if part["type"] in ("text", "refusal", "unparsed")]
    calls = [(part["name"], part["arguments"]) for part in parts if part["type"] == "tool_call"]
    return AnswerSummary(
        trace_id=call.trace_id,
        span_id=call.span_id,
        status=call.status,
        error=call.error_message,
        provider=call.provider,
        model=call.response_model or call.model,
        text="\n".join(text for text in texts if isinstance(text, str)),
        tool_calls=tuple(calls),
        finish_reasons=tuple(call.finish_reasons),
        input_tokens=call.input_tokens,
        output_tokens=call.output_tokens,
        cost=call.cost,
        duration_ms=call.duration_ns / _MS,
        ttft_ms=None if call.ttft_ns is None else call.ttft_ns / _MS,
        request_digest=attempt.request_digest if attempt is not None else "",
    )


@dataclass(frozen=True, slots=True)
class AnswerDiff:
    """The difference of an answer from an earlier one. `text`: pieces by words; `other` names what
    differs beside it."""

    text: list[Piece]
    other: tuple[str, ...]


def diff_answers(before: AnswerSummary, after: AnswerSummary) -> AnswerDiff:
    """Compares two answers."""
    compared = {
        "tool_calls": (canonical_json(before.tool_calls), canonical_json(after.tool_calls)),
        "finish_reasons": (before.finish_reasons, after.finish_reasons),
        "status": (before.status, after.status),
        "model": (before.model, after.model),
        "input_tokens": (before.input_tokens, after.input_tokens),
        "output_tokens": (before.output_tokens, after.output_tokens),
        "cost": (before.cost, after.cost),
    }
    text = diff_words(before.text[:_MAX_DIFF_CHARS], after.text[:_MAX_DIFF_CHARS])
    return AnswerDiff(text, tuple(name for name, (old, new) in compared.items() if old != new))
