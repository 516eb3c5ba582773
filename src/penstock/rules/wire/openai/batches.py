"""Batches of OpenAI's API: what is read of a batch, of its requests and of its answers."""

import re
from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import Raw

from penstock.kernel.errors import UpstreamFailed
from penstock.rules.batches import BatchAnswer, BatchState, RequestCounts
from penstock.rules.call import Operation
from penstock.rules.formats.json_text import decode_whole_json
from penstock.rules.neutral.answer import AnswerFacts, ProviderError
from penstock.rules.redaction import Redaction
from penstock.rules.wire.openai.paths import TEXT_PATHS
from penstock.rules.wire.provider_errors import read_error

MAX_CUSTOM_ID_CHARS: Final = 512  # of a request in a batch
RESPONSES: Final = "responses"  # the dialect of the Responses API
_RESPONSES: Final = "/v1/responses"
_CHAT: Final = "openai"  # the same of all others
_OPERATIONS: Final = {
    _RESPONSES: Operation.CHAT,
    **{"/v1" + each.path: each.operation for each in TEXT_PATHS},
}
_OVER: Final = frozenset(("completed", "failed", "expired", "cancelled"))
_STATUS: Final = re.compile(r"[a-z_]{1,32}")
_MOST: Final = 10**9  # of a count
_LATEST_S: Final = 2**33


class _Counts(msgspec.Struct):
    total: int = 0
    completed: int = 0
    failed: int = 0


class _Batch(msgspec.Struct):
    status: str
    endpoint: str = ""
    input_file_id: str | None = None
    output_file_id: str | None = None
    error_file_id: str | None = None
    request_counts: _Counts | None = None
    completed_at: int | None = None
    failed_at: int | None = None
    expired_at: int | None = None
    cancelled_at: int | None = None
    errors: Raw = Raw()


class _Response(msgspec.Struct):
    status_code: int = 0
    body: Raw = Raw()


class _Line(msgspec.Struct):
    custom_id: str
    response: _Response | None = None
    error: Raw = Raw()


class _Request(msgspec.Struct):
    custom_id: str
    body: Raw


class _Errors(msgspec.Struct):
    data: list[Raw] = []


_batch: Final = msgspec.json.Decoder(_Batch)
_line: Final = msgspec.json.Decoder(_Line)
_request: Final = msgspec.json.Decoder(_Request)
_errors: Final = msgspec.json.Decoder(_Errors)


def read_batch(body: bytes, redaction: Redaction) -> BatchState:
    """Reads a batch. Raises `UpstreamFailed` for anything else."""
    try:
        found = decode_whole_json(_batch, body)
    except msgspec.DecodeError as error:
        raise _malformed(f"The provider's batch is not in OpenAI's format: {error}.") from None
    counts = found.request_counts or _Counts()
    ends = (found.completed_at, found.failed_at, found.expired_at, found.cancelled_at)
    files = (found.output_file_id, found.error_file_id)
    return BatchState(
        status=found.status if _STATUS.fullmatch(found.status) else "unknown",
        over=found.status in _OVER,
        operation=_OPERATIONS.get(found.endpoint, Operation.CHAT),
        dialect=RESPONSES if found.endpoint == _RESPONSES else _CHAT,
        counts=RequestCounts(*map(_count, (counts.total, counts.completed, counts.failed))),
        ended_s=min(next((at for at in ends if at and at > 0), 0), _LATEST_S),
        input_id=found.input_file_id or "",
        answer_ids=tuple(each for each in files if each),
        reason=_reason(bytes(found.errors), redaction),
    )


ReadAnswer = Callable[[bytes], AnswerFacts]


def read_line(line: bytes, read_answer: ReadAnswer, redaction: Redaction) -> BatchAnswer:
    """Reads the answer to one request of a batch, whose body `read_answer` reads. Raises
    `UpstreamFailed` for a line that is none, or that contains the provider's credential."""
    try:
        found = decode_whole_json(_line, line)
        if not 0 < len(found.custom_id) <= MAX_CUSTOM_ID_CHARS:
            raise msgspec.ValidationError("the custom_id is empty or too long")
    except msgspec.DecodeError as error:
        raise _malformed(f"A line of the batch is no answer: {error}.") from None
    if redaction.found_in(line):
        raise _malformed("A line of the batch contains our credential.")
    response = found.response or _Response()
    status = response.status_code if 100 <= response.status_code <= 599 else 0
    body = bytes(response.body)
    if status == 200:
        return BatchAnswer(found.custom_id, status, body, read_answer(body))
    error = read_error(body or bytes(found.error), redaction)
    return BatchAnswer(found.custom_id, status, body, AnswerFacts(), error)


def read_request(line: bytes) -> tuple[str, bytes] | None:
    """Returns the `custom_id` and the body of one request of a batch; `None` for another line."""
    try:
        found = decode_whole_json(_request, line)
    except msgspec.DecodeError:
        return None
    return found.custom_id, bytes(found.body)


def _reason(errors: bytes, redaction: Redaction) -> str:
    """Returns why a batch has failed, as its provider says."""
    try:
        found = decode_whole_json(_errors, errors).data[:1] if errors else []
    except msgspec.DecodeError:
        return ""
    error = read_error(bytes(found[0]), redaction) if found else ProviderError()
    return error.message or error.code


def _count(value: int) -> int:
    return min(max(value, 0), _MOST)


def _malformed(message: str) -> UpstreamFailed:
    return UpstreamFailed(message, code="upstream_malformed")
