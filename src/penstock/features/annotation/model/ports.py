"""What annotation needs of other verticals."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from penstock.features.access import Principal
from penstock.features.evaluations.model import EvaluationRun, MeasuredCall, Result
from penstock.features.traces.model import TimeRange
from penstock.rules.evaluation.items import DatasetItem
from penstock.rules.evaluation.metrics import MetricFacts
from penstock.rules.scores.score import Score

T = TypeVar("T")


class KeptReads(Protocol):
    """Admits few reads of whole runs at once, and keeps what they find. Raises `Overloaded`."""

    def kept(self, key: Hashable, find: Callable[[], T], rows: Callable[[T], int]) -> T: ...


class SkippedCall(Protocol):
    """A call that is no example, and why."""

    @property
    def span_id(self) -> str: ...
    @property
    def detail(self) -> str: ...


class CallItems(Protocol):
    """The examples of calls: those with a corrected answer, and others."""

    @property
    def corrected(self) -> Sequence[DatasetItem]: ...
    @property
    def others(self) -> Sequence[DatasetItem]: ...
    @property
    def skipped(self) -> Sequence[SkippedCall]: ...


class ReadCalls(Protocol):
    """Returns the examples of recorded calls."""

    def __call__(self, project_id: str, span_ids: Iterable[str]) -> CallItems: ...


class MeasuredRuns(Protocol):
    """Evaluation runs with their results. Methods raise `NotFound`."""

    def run(self, project_id: str, run_id: str) -> EvaluationRun: ...
    def facts(self, run: EvaluationRun) -> Mapping[str, MetricFacts]: ...
    def results_of(
        self, project_id: str, run_id: str, item_ids: Sequence[str]
    ) -> Sequence[Result]: ...
    def results_after(
        self, project_id: str, run_id: str, after: tuple[int, int] | None, limit: int
    ) -> Sequence[Result]: ...
    def newest(self, project_id: str, dataset: str, limit: int) -> Sequence[EvaluationRun]: ...
    def ended_after(
        self, project_id: str, dataset: str, after: tuple[int, str], until_ms: int
    ) -> EvaluationRun | None: ...


class MeasuredTraffic(Protocol):
    """The calls that online evaluations have measured. Methods raise `NotFound`."""

    def facts(self, project_id: str, name: str) -> Mapping[str, MetricFacts]: ...
    def measured(
        self, project_id: str, name: str, stored: TimeRange, after_key: str, limit: int
    ) -> Sequence[MeasuredCall]: ...


class StoreScores(Protocol):
    """Stores scores. Returns what became of each."""

    def __call__(
        self, project_id: str, scores: Sequence[Score], written_by: str
    ) -> Sequence[object]: ...


class AddExamples(Protocol):
    """Adds examples to a dataset, which it makes if there is none. Returns its newest version, and
    how many items are new or changed."""

    def __call__(
        self, actor: Principal, project_id: str, dataset: str, items: Sequence[DatasetItem]
    ) -> tuple[int, int]: ...


@dataclass(frozen=True, slots=True)
class DraftMessage:
    """A message of a draft of a prompt; `added`: it is of the correction."""

    role: str
    text: str
    added: bool


@dataclass(frozen=True, slots=True)
class PromptDraft:
    """A version of a prompt with a correction as an example. `version`: its number once it is
    saved; before, that of the version on which it builds."""

    prompt_id: str
    version: int
    messages: Sequence[DraftMessage]


class PromptDrafts(Protocol):
    """Drafts of prompts: versions without a label that have a correction as an example. Methods
    raise `NotFound`, and `InvalidRequest` for a prompt without messages."""

    def preview(self, project_id: str, prompt: str, asked: str, answer: str) -> PromptDraft: ...
    def save(
        self, actor: Principal, project_id: str, prompt: str, asked: str, answer: str
    ) -> PromptDraft: ...
