"""Makes items of recorded calls: input from the request, expected from a correction in feedback."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from msgspec.structs import replace

from penstock.features.datasets.rules import CallSelection
from penstock.features.feedback.model import ScoreFilter, ScorePosition, StoredScore
from penstock.features.traces.model import (
    CallPage,
    Cursor,
    Filter,
    RecordedRequest,
    SpanRecord,
    TimeRange,
)
from penstock.kernel.errors import PenstockError
from penstock.kernel.time import LATEST_NS
from penstock.rules.evaluation.items import DatasetItem, ItemSource, checked_item, id_of_example
from penstock.rules.evaluation.recorded import Message, input_of, text_of
from penstock.rules.scores.vocabulary import FeedbackName, ScoreKind

MAX_SPANS: Final = 200  # calls of one request
MAX_EXAMPLE_BYTES: Final = 64 * 1024 * 1024  # of the calls of one request; later ones are skipped
_MAX_CORRECTIONS: Final = 1000  # scores that are read for the calls of one request
_FACTS: Final = ("use_case", "environment", "release", "arm", "prompt_version")


class RecordedCalls(Protocol):
    """The stored calls of projects."""

    def list_calls(
        self,
        project_id: str,
        time_range: TimeRange,
        wanted: Filter,
        *,
        after: Cursor | None,
        limit: int,
    ) -> CallPage: ...
    def recorded_request(self, project_id: str, wanted: str) -> RecordedRequest: ...
    def request_of(self, call: SpanRecord) -> list[Message]: ...
    def answer_of(self, call: SpanRecord) -> list[Message]: ...


class ListScores(Protocol):
    """Lists scores, newest first."""

    def __call__(
        self,
        project_id: str,
        time_range: TimeRange,
        wanted: ScoreFilter,
        *,
        after: ScorePosition | None,
        limit: int,
    ) -> Sequence[StoredScore]: ...


@dataclass(frozen=True, slots=True)
class SkippedSpan:
    """A call that is no example, and why."""

    span_id: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class CallExamples:
    """The items of calls: those with a `corrected` answer replace what is there, others do not."""

    corrected: tuple[DatasetItem, ...]
    others: tuple[DatasetItem, ...]
    skipped: tuple[SkippedSpan, ...]


class ExampleReader:
    """Reads calls as items."""

    def __init__(self, calls: RecordedCalls, scores: ListScores) -> None:
        self._calls = calls
        self._scores = scores

    def find(
        self, project_id: str, within: TimeRange, wanted: CallSelection, limit: int
    ) -> list[str]:
        """Returns the spans of the newest calls that a filter selects, or the spans or traces of
        the newest feedback."""
        if wanted.feedback is None:
            found = self._calls.list_calls(
                project_id, within, wanted.calls(), after=None, limit=limit
            )
            return [each.span_id for each in found.items]
        scores = self._scores(project_id, within, wanted.scores(), after=None, limit=limit)
        return [each.span_id or each.trace_id for each in scores[:limit] if each.trace_id]

    def read(
        self, project_id: str, span_ids: Iterable[str], *, keep_output: bool = True
    ) -> CallExamples:
        """Returns the items of calls. With `keep_output` the recorded answer is in their metadata.
        A call whose content is not there is skipped, with the reason."""
        read, skipped, size = list[DatasetItem](), list[SkippedSpan](), 0
        for span_id in dict.fromkeys(span_ids):
            try:
                if size > MAX_EXAMPLE_BYTES:
                    raise _NotAnExample(
                        "The calls before it are too large together: send it alone.",
                        code="calls_too_large",
                    )
                found = self._calls.recorded_request(project_id, span_id)
                read.append(self._item(found, keep_output=keep_output))
                size += found.call.request_size + found.call.response_size
            except PenstockError as error:
                skipped.append(SkippedSpan(span_id, error.code, error.sentence()))
        corrected, others = self._with_corrections(project_id, read)
        return CallExamples(tuple(corrected), tuple(others), tuple(skipped))

    def _item(self, found: RecordedRequest, *, keep_output: bool) -> DatasetItem:
        call = found.call
        if not found.body or (len(found.body) < call.request_size and not found.redacted):
            raise _NotAnExample(
                "The content of this call is not recorded completely.", code="content_not_recorded"
            )
        metadata: dict[str, Any] = {name: call.caller.get(name, "") for name in _FACTS}
        metadata = {name: value for name, value in metadata.items() if value}
        metadata["model"] = call.model or call.request_model
        if keep_output:
            metadata["output"] = text_of(self._calls.answer_of(call))
        item = DatasetItem(
            id="",
            input=input_of(found.body, self._calls.request_of(call)),
            metadata=metadata,
            source=ItemSource("span", call.trace_id, call.span_id),
        )
        return checked_item(replace(item, id=id_of_example(item)), call.span_id)

    def _with_corrections(
        self, project_id: str, items: Sequence[DatasetItem]
    ) -> tuple[list[DatasetItem], list[DatasetItem]]:
        corrections = self._corrections(project_id, items)
        corrected, others = list[DatasetItem](), list[DatasetItem]()
        for item in items:
            source = item.source
            text = corrections.get((source.trace_id, source.span_id)) or corrections.get(
                (source.trace_id, "")
            )
            if text is None:
                others.append(item)
            else:
                origin = replace(source, kind="feedback")
                corrected.append(replace(item, expected=text, source=origin))
        return corrected, others

    def _corrections(
        self, project_id: str, items: Sequence[DatasetItem]
    ) -> Mapping[tuple[str, str], str]:
        """Returns the newest corrections, by trace and span."""
        if not items:
            return {}
        wanted = ScoreFilter(
            only={
                "kind": (ScoreKind.FEEDBACK.value,),
                "name": (FeedbackName.CORRECTION.value,),
                "trace_id": tuple({item.source.trace_id for item in items}),
            }
        )
        found = self._scores(
            project_id, TimeRange(0, LATEST_NS), wanted, after=None, limit=_MAX_CORRECTIONS
        )
        return {(each.trace_id, each.span_id): each.comment for each in reversed(found)}


class _NotAnExample(PenstockError):
    """A call of which no item can be made."""
