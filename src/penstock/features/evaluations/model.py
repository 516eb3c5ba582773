"""Values of evaluation runs. No SQL, no HTTP."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from penstock.features.access import Principal
from penstock.features.datasets.model import DatasetVersion, ItemFilter, ItemPage
from penstock.kernel.digests import content_hash
from penstock.kernel.errors import InvalidRequest
from penstock.rules.annotation.calibration import JudgeFigures
from penstock.rules.document import Document
from penstock.rules.evaluation.endpoints import Endpoint
from penstock.rules.evaluation.measurements import Measurement
from penstock.rules.evaluation.metrics import MetricFacts
from penstock.rules.evaluation.samples import PeerRelation, SampleToolCall, relations_in
from penstock.rules.gates.values import MetricValues
from penstock.rules.releases.documents import Release
from penstock.rules.releases.served import ReleaseSection
from penstock.rules.scores.vocabulary import NAME_PATTERN
from penstock.spi.evaluator import Evaluator

JOB_KIND: Final = "evaluation"
MAX_RUNS: Final = 10_000  # of a project
MAX_EVALUATORS: Final = 32  # of a run
MAX_REPEATS: Final = 100  # of an item
MAX_ITEM_IDS: Final = 10_000  # that a run names
MAX_CONCURRENCY: Final = 64  # calls of a run at once
MAX_OUTPUT_CHARS: Final = 1_000_000  # of a recorded output
MAX_OUTPUTS: Final = 500  # recorded outputs of one request
MAX_SCORES: Final = MAX_EVALUATORS  # that come with a recorded output
MAX_OPTION_BYTES: Final = 16 * 1024  # of an evaluator's options as JSON
MAX_TURNS: Final = 20  # answers of a release in a conversation with a simulated user
MAX_USER_CHARS: Final = 20_000  # of the instructions of a simulated user
MAX_PEERS: Final = 20  # answers of one relation that a sample is compared with
MAX_FACETS: Final = 16  # members of an item's metadata by which results are sliced
MAX_FACET_CHARS: Final = 100  # of such a value; items with longer ones are in no slice
DEFAULT_CONCURRENCY: Final = 8
STOP_TEXT: Final = "END OF CONVERSATION"  # by which a simulated user ends one


class RunState(StrEnum):
    """The states of a run. The first two are open."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    CAP_REACHED = "cap_reached"  # the cost cap; what was measured is kept
    CANCELLED = "cancelled"
    FAILED = "failed"


OPEN_STATES: Final = (RunState.QUEUED, RunState.RUNNING)


class ResultState(StrEnum):
    """The states of one item and repeat."""

    ANSWERED = "answered"  # a recorded output that waits for its measurements
    MEASURED = "measured"  # by all evaluators, but by those that compare answers once all are there
    REJECTED = "rejected"  # the request was refused; the same request would be again
    FAILED = "failed"  # no answer came; a resume tries it again


class EvaluatorChoice(Document, frozen=True):
    """An evaluator of a run. `name` is that of its metric in this run, `kind` its entry point."""

    name: str
    kind: str
    options: dict[str, Any] = {}  # noqa: RUF012 - msgspec copies it for each choice


class EvaluatorPrograms(Document, frozen=True):
    """The programs of the operator that some evaluators run; empty: those evaluators have none."""

    sandbox_command: str = ""
    sandbox_timeout_s: float = 20.0
    libraries_python: str = ""


class SimulatedUser(Document, frozen=True):
    """A model that plays the user of a conversation. `instructions`: who the user is and wants;
    `field` names the member of an item's metadata with more of them. The user ends it by the text
    `stop`; the release answers `max_turns` times at most."""

    model: str
    instructions: str
    field: str = ""
    max_turns: int = 5
    stop: str = STOP_TEXT


class EvaluationPlan(Document, frozen=True):
    """The plan of a run. `release` is the hash of what is called; empty for recorded outputs, which
    `output_field` of an item's metadata has, or else are uploaded. `key_id`: the key as which
    calls are made. `cost_cap_usd`: 0 for none. `baseline_run`: the run whose answers are the
    baseline of those evaluators that compare with one. `user`: who talks with the release; without
    one it answers once. `endpoint`: what is called instead of a release."""

    dataset: str
    version: int
    evaluators: tuple[EvaluatorChoice, ...]
    release: str = ""
    output_field: str = ""
    key_id: str = ""
    item_ids: tuple[str, ...] = ()
    split: str = ""
    repeats: int = 1
    concurrency: int = DEFAULT_CONCURRENCY
    cost_cap_usd: float = 0.0
    label: str = ""
    baseline_run: str = ""
    user: SimulatedUser | None = None
    endpoint: Endpoint | None = None

    @property
    def calls(self) -> bool:
        """Returns whether it calls its target, instead of reading recorded outputs."""
        return bool(self.release or self.endpoint)

    @property
    def waits(self) -> bool:
        """Returns whether it measures outputs that are uploaded."""
        return not (self.calls or self.output_field)

    @property
    def chosen(self) -> ItemFilter:
        """The items of the version that the run has."""
        return ItemFilter(ids=self.item_ids, split=self.split or None)


class EvaluationRun(Document, frozen=True):
    """A run. `round` counts its starts: rows that failed in an earlier one are tried again.
    `dataset_digest` is the content of the version. `total`: rows to do, 0 if unknown."""

    id: str
    project_id: str
    plan: EvaluationPlan
    state: RunState = RunState.QUEUED
    round: int = 0
    dataset_digest: str = ""
    total: int = 0
    job_id: str = ""
    error: str = ""
    author: str = ""
    created_ms: int = 0
    started_ms: int = 0
    ended_ms: int = 0
    report: dict[str, Any] = {}  # noqa: RUF012 - msgspec copies it for each run

    @property
    def is_open(self) -> bool:
        """Returns whether the run has not ended."""
        return self.state in OPEN_STATES

    def idempotency_key(self, item_id: str, repeat: int, further: int = 0) -> str:
        """Returns the key of a call, `further` messages into a conversation: the same after a kill,
        another one after a resume."""
        turn = [further] if further else []
        return content_hash([self.id, item_id, repeat, self.round, *turn])[:48]


class TargetAnswer(Document, frozen=True):
    """The answer of a target to an item. `None` is unknown. `error`: why there is none. `scores`:
    the judgements that came with a recorded output. Of a conversation: its `messages`, all figures
    as sums over the turns, what the simulated user has cost, and whether the user has ended it."""

    output: str = ""
    tool_calls: tuple[SampleToolCall, ...] = ()
    finish_reason: str = ""
    latency_ms: float | None = None
    cost_usd: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    trace_id: str = ""
    span_id: str = ""
    error: str = ""
    scores: dict[str, Measurement] = {}  # noqa: RUF012 - msgspec copies it for each answer
    messages: tuple[dict[str, Any], ...] = ()
    user_cost_usd: float = 0.0
    stopped: bool = False


class AnswerFigures(msgspec.Struct, frozen=True):
    """The figures of an answer, without its text."""

    latency_ms: float | None = None
    cost_usd: float | None = None


class MeasuredRow(NamedTuple):
    """The measurements of one item and repeat, for statistics over many."""

    item_id: str
    repeat: int
    group: str
    facets: Mapping[str, str]
    answer: AnswerFigures
    measurements: Mapping[str, Measurement]


class Result(Document, frozen=True):
    """A row of the ledger: one item and repeat. `facets` are short values of the item's metadata,
    `cost_usd` what answer and judges have cost."""

    item_id: str
    repeat: int
    position: int
    state: ResultState
    round: int = 0
    answer: TargetAnswer = TargetAnswer()
    measurements: dict[str, Measurement] = {}  # noqa: RUF012 - msgspec copies it for each row
    group: str = ""
    facets: dict[str, str] = {}  # noqa: RUF012 - msgspec copies it for each row
    cost_usd: float = 0.0


@dataclass(frozen=True, slots=True)
class MeasuredCall:
    """A call of live traffic with measurements of an online evaluation. `stored_ns`: when they were
    stored."""

    stored_ns: int
    trace_id: str
    span_id: str
    measurements: Mapping[str, Measurement]

    @property
    def key(self) -> str:
        """Orders calls whose measurements were stored at the same time."""
        return self.trace_id + self.span_id


@dataclass(frozen=True, slots=True)
class RunValues:
    """The values of a run by metric, the items that have rows, and the groups of items."""

    facts: Mapping[str, MetricFacts]
    metrics: Mapping[str, MetricValues]
    items: frozenset[str]
    groups: Mapping[str, str]

    def plus(self, other: "RunValues") -> "RunValues":
        """Returns the values of both, as those of more repeats."""
        metrics = {
            name: values.plus(other.metrics[name]) if name in other.metrics else values
            for name, values in self.metrics.items()
        }
        return replace(self, metrics=metrics)


class DatasetItems(Protocol):
    """Reads versions of datasets."""

    def version(
        self, project_id: str, name: str, version: int | None = None
    ) -> tuple[Any, DatasetVersion]:
        """Returns a dataset and one of its versions. Raises `NotFound`."""
        ...

    def items(
        self,
        project_id: str,
        name: str,
        version: int | None = None,
        *,
        after: int = 0,
        limit: int = 100,
        chosen: ItemFilter | None = None,
    ) -> ItemPage:
        """Returns items in the order of their positions, after one."""
        ...


class EvaluatedReleases(Protocol):
    """Makes and reads releases."""

    def make(self, actor: Principal, project_id: str, release: Release) -> str:
        """Returns the hash of a release with this content. Raises `InvalidRequest`."""
        ...

    def load(self, project_id: str, wanted: str) -> ReleaseSection:
        """Returns a release by its hash, or enough of it. Raises `NotFound`."""
        ...

    def contents(self, project_id: str, digests: Collection[str]) -> Mapping[str, Release]:
        """Returns the contents of releases by their hashes, of those that exist."""
        ...


FindEvaluator = Callable[[str], Evaluator]
FiguresOfJudges = Callable[[str, EvaluationRun], Mapping[str, JudgeFigures]]
"""Returns how well the judges of a project's run agree with annotators, by metric."""


def check_plan(plan: EvaluationPlan, find: FindEvaluator) -> None:
    """Raises `InvalidRequest` for a plan that cannot be carried out."""
    names = [each.name for each in plan.evaluators]
    if len(set(names)) < len(names):
        raise _invalid("Two evaluators of this run have the same name.", "evaluators")
    for at, each in enumerate(plan.evaluators):
        if not re.fullmatch(NAME_PATTERN, each.name):
            raise _invalid(f"{each.name[:64]!r} is no name of a metric.", f"evaluators.{at}.name")
        if problem := find(each.kind).problem_of(each.options):
            raise _invalid(f"The evaluator {each.name}: {problem}", f"evaluators.{at}.options")
        _check_peers(plan, each.name, relations_in(find(each.kind).facts(each.options).needs))
    if plan.user is not None and not plan.release:
        raise _invalid("A simulated user talks with a release or a model: name one.", "user")
    calls = plan.release or any(
        find(each.kind).facts(each.options).judged for each in plan.evaluators
    )
    if calls and not plan.key_id:
        raise _invalid(
            "This run calls models, so it needs a key of the project.",
            "key_id",
            "Its limits and budgets hold. List keys: penstock key list",
        )


def _check_peers(plan: EvaluationPlan, name: str, relations: frozenset[PeerRelation]) -> None:
    """Raises `InvalidRequest` if a run can have nothing that an evaluator compares answers with."""
    if PeerRelation.REPEAT in relations and plan.repeats < 2:
        raise _invalid(f"{name} compares the repeats of an item: set 2 or more.", "repeats")
    if PeerRelation.BASELINE in relations and not plan.baseline_run:
        message = f"{name} compares with the answers of another run: name it."
        raise _invalid(message, "baseline_run", "List runs: penstock eval list")


def facets_of(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Returns the members of an item's metadata that are short enough for slices."""
    short: Sequence[tuple[str, str]] = [
        (name, str(value))
        for name, value in metadata.items()
        if isinstance(value, str | int | bool)
    ]
    kept = [(name, text) for name, text in short if len(name) + len(text) <= MAX_FACET_CHARS]
    return dict(kept[:MAX_FACETS])


def _invalid(message: str, param: str, hint: str = "") -> InvalidRequest:
    return InvalidRequest(message, hint=hint, code="evaluation_invalid", param=param)
