"""The documents that the routes of evaluation runs take."""

from typing import Annotated, Any

from msgspec.structs import replace
from pydantic import Field

from penstock.features.evaluations.http.endpoints import EndpointBody
from penstock.features.evaluations.model import (
    DEFAULT_CONCURRENCY,
    MAX_CONCURRENCY,
    MAX_EVALUATORS,
    MAX_ITEM_IDS,
    MAX_OPTION_BYTES,
    MAX_OUTPUT_CHARS,
    MAX_OUTPUTS,
    MAX_REPEATS,
    MAX_SCORES,
    MAX_TURNS,
    MAX_USER_CHARS,
    STOP_TEXT,
    EvaluationPlan,
    EvaluatorChoice,
    SimulatedUser,
    TargetAnswer,
)
from penstock.features.evaluations.service.runs import UploadedOutput
from penstock.infra.web.schemas import Label, RequestBody
from penstock.kernel.digests import canonical_json
from penstock.kernel.errors import InvalidRequest
from penstock.rules.evaluation.items import MAX_ID_CHARS
from penstock.rules.evaluation.measurements import MAX_REASON_CHARS, Measurement, scored
from penstock.rules.releases.documents import Release
from penstock.rules.scores.vocabulary import MAX_LABEL_CHARS, NAME_PATTERN, ScoreState

_Id = Annotated[str, Field(min_length=1, max_length=MAX_ID_CHARS)]
_Word = Annotated[str, Field(max_length=256)]
_Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{8,64}$")]
_Reason = Annotated[str, Field(max_length=MAX_REASON_CHARS)]
_ScoreName = Annotated[str, Field(pattern=NAME_PATTERN, max_length=64)]
Usd = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]


class EvaluatorBody(RequestBody):
    """An evaluator. `kind` is one of `…/evaluators`; `name` is that of its metric, by default its
    kind."""

    kind: Annotated[str, Field(min_length=1, max_length=64)]
    name: Annotated[str, Field(max_length=64)] = ""
    options: Annotated[dict[str, Any], Field(default_factory=dict[str, Any])]

    def choice(self) -> EvaluatorChoice:
        """Returns the choice. Raises `InvalidRequest` for options that are too large."""
        if len(canonical_json(self.options)) > MAX_OPTION_BYTES:
            raise InvalidRequest(f"Options have at most {MAX_OPTION_BYTES} bytes of JSON.")
        return EvaluatorChoice(self.name or self.kind, self.kind, self.options)


class EvaluationTargetBody(RequestBody):
    """The target of a run: a `release`, by its hash or the beginning of it; or a `model` with or
    without a `prompt` (the hash of a version), which becomes a release; or an `endpoint`; or none
    of them, for recorded
    outputs: in the member `output_field` of each item's metadata, or uploaded."""

    release: _Hash | None = None
    model: _Word = ""
    prompt: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    parameters: dict[str, Any] = Field(max_length=50, default_factory=dict[str, Any])
    output_field: _Word = ""
    endpoint: EndpointBody | None = None

    def made(self) -> Release | None:
        """Returns what becomes a release."""
        if not self.model:
            return None
        return Release(self.model, self.prompt or "", self.parameters)

    def check(self) -> None:
        """Raises `InvalidRequest` if it names several targets."""
        named = (self.release, self.model, self.output_field, self.endpoint)
        if sum(map(bool, named)) > 1 or (self.prompt and not self.model):
            raise InvalidRequest(
                "The target is a release, a model with a prompt, an endpoint, or recorded outputs.",
                code="evaluation_invalid",
                param="target",
            )


class SimulatedUserBody(RequestBody):
    """A model that plays the user of a conversation. `instructions`: who the user is and wants;
    `field`: the member of an item's metadata with more of them. The user ends the conversation by
    the text `stop`; the target answers `max_turns` times at most."""

    model: Annotated[str, Field(min_length=1, max_length=256)]
    instructions: Annotated[str, Field(min_length=1, max_length=MAX_USER_CHARS)]
    field: _Word = ""
    max_turns: Annotated[int, Field(ge=1, le=MAX_TURNS)] = 5
    stop: Annotated[str, Field(min_length=1, max_length=100)] = STOP_TEXT

    def user(self) -> SimulatedUser:
        """Returns the user."""
        return SimulatedUser(**self.model_dump())


class EvaluationPlanBody(RequestBody):
    """The members that runs by hand and by schedule have in common."""

    dataset: Annotated[str, Field(min_length=1, max_length=63)]
    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    evaluators: Annotated[
        list[EvaluatorBody], Field(max_length=MAX_EVALUATORS, default_factory=list[EvaluatorBody])
    ]
    key_id: Annotated[str, Field(max_length=64, pattern=r"^[\w-]*$")] = ""
    split: Annotated[str, Field(max_length=MAX_ID_CHARS)] = ""
    repeats: Annotated[int, Field(ge=1, le=MAX_REPEATS)] = 1
    concurrency: Annotated[int, Field(ge=1, le=MAX_CONCURRENCY)] = DEFAULT_CONCURRENCY
    cost_cap_usd: Usd = 0.0
    label: Label = ""
    baseline_run: Annotated[str, Field(max_length=64, pattern=r"^[\w-]*$")] = ""
    user: SimulatedUserBody | None = None

    def plan_of(self, output_field: str) -> EvaluationPlan:
        """Returns the plan, without what is called. Raises `InvalidRequest`."""
        return EvaluationPlan(
            version=self.version or 0,
            evaluators=tuple(each.choice() for each in self.evaluators),
            output_field=output_field,
            user=self.user and self.user.user(),
            **{name: getattr(self, name) for name in _PLAIN},
        )


_PLAIN = (
    *("dataset", "key_id", "split", "repeats", "concurrency", "cost_cap_usd", "label"),
    "baseline_run",
)


class EvaluationBody(EvaluationPlanBody):
    """A run to start. `version` of the dataset: by default the newest. `item_ids`, `split`: only
    these items. `key_id`: the key of the project as which models are called. `cost_cap_usd`: the
    run stops before it costs more; 0 for no cap. `baseline_run`: the id of a run that has ended, of
    the same version of the dataset; `pairwise` compares with its answers. `user`: who talks with
    the target; without one it answers once. Without evaluators a run only calls."""

    target: EvaluationTargetBody = Field(default_factory=EvaluationTargetBody)
    item_ids: Annotated[list[_Id], Field(max_length=MAX_ITEM_IDS, default_factory=list[str])]

    def plan(self) -> EvaluationPlan:
        """Returns the plan. Raises `InvalidRequest`."""
        self.target.check()
        plan = self.plan_of(self.target.output_field)
        release, chosen = self.target.release or "", tuple(dict.fromkeys(self.item_ids))
        return replace(plan, release=release, item_ids=chosen)

    @property
    def waits(self) -> bool:
        """Returns whether the run waits for outputs."""
        target = self.target
        return not (target.release or target.model or target.output_field or target.endpoint)


class ResumeBody(RequestBody):
    """`cost_cap_usd`: another cap from now on; null for the same."""

    cost_cap_usd: Usd | None = None


class RecordedScoreBody(RequestBody):
    """A score that came with an output: a value, or a state that says why there is none."""

    state: ScoreState = ScoreState.SCORED
    value: (
        bool
        | Annotated[float, Field(allow_inf_nan=False)]
        | Annotated[str, Field(max_length=MAX_LABEL_CHARS)]
        | None
    ) = None
    reason: _Reason = ""

    def measurement(self) -> Measurement:
        """Returns the measurement. Raises `InvalidRequest` for a value without the state `scored`,
        or the state without a value."""
        if (self.value is not None) != (self.state is ScoreState.SCORED):
            raise InvalidRequest("A score has a value if its state is `scored`, else none.")
        if self.value is None:
            return Measurement(self.state, None, self.reason)
        return scored(self.value, self.reason)


class RecordedOutputBody(RequestBody):
    """An output that was recorded elsewhere, or the `error` that came instead. What is null was not
    measured. `scores`: by name; the evaluator `recorded` reads them."""

    item_id: _Id
    repeat: Annotated[int, Field(ge=0, lt=MAX_REPEATS)] = 0
    output: Annotated[str, Field(max_length=MAX_OUTPUT_CHARS)] | None = None
    error: _Reason = ""
    latency_ms: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    cost_usd: Usd | None = None
    scores: Annotated[
        dict[_ScoreName, RecordedScoreBody],
        Field(max_length=MAX_SCORES, default_factory=dict[str, RecordedScoreBody]),
    ]

    def answer(self) -> TargetAnswer:
        """Returns the answer. Raises `InvalidRequest` if there is no output and no error."""
        if (self.output is None) != bool(self.error):
            raise InvalidRequest(f"The output of {self.item_id} is missing: give it, or its error.")
        return TargetAnswer(
            self.output or "",
            latency_ms=self.latency_ms,
            cost_usd=self.cost_usd,
            error=self.error,
            scores={name: each.measurement() for name, each in self.scores.items()},
        )


class RecordedOutputsBody(RequestBody):
    """Outputs of a run that waits for them; those of the same item and repeat are replaced."""

    outputs: Annotated[list[RecordedOutputBody], Field(min_length=1, max_length=MAX_OUTPUTS)]

    def uploaded(self) -> list[UploadedOutput]:
        """Returns the outputs."""
        return [UploadedOutput(each.item_id, each.repeat, each.answer()) for each in self.outputs]
