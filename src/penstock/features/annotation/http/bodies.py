"""The documents that the routes of annotation take."""

from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue

from penstock.features.annotation.model.items import (
    MAX_COMMENT_CHARS,
    MAX_CORRECTION_CHARS,
    MAX_RESERVED,
)
from penstock.features.annotation.model.queues import (
    MAX_ANNOTATORS,
    MAX_CHOSEN_IDS,
    MAX_DAILY_CAP,
    MAX_DESCRIPTION_CHARS,
    MAX_FILLED,
    MAX_GUIDELINES_CHARS,
    MAX_METRICS,
    MAX_OVERLAP,
    AnnotationQueue,
    ItemSelection,
    QueueRule,
    ResultChoice,
)
from penstock.features.annotation.service.deciding import SentDecision
from penstock.features.annotation.service.reviewing import SubmittedLabel
from penstock.features.annotation.service.uses import Expected
from penstock.infra.web.schemas import RequestBody
from penstock.rules.annotation.labels import (
    MAX_CHOICE_CHARS,
    MAX_CHOICES,
    MAX_QUESTION_CHARS,
    LabelChoice,
    LabelKind,
    LabelSchema,
)
from penstock.rules.scores.vocabulary import MAX_ID_CHARS

_Name = Annotated[str, Field(max_length=64)]
_Person = Annotated[str, Field(max_length=MAX_ID_CHARS)]
_Choice = Annotated[str, Field(max_length=MAX_CHOICE_CHARS)]
_Comment = Annotated[str, Field(max_length=MAX_COMMENT_CHARS)]
_Correction = Annotated[str, Field(max_length=MAX_CORRECTION_CHARS)]
_Ids = Annotated[list[_Person], Field(max_length=MAX_CHOSEN_IDS, default_factory=list[str])]
_Metrics = Annotated[list[_Name], Field(max_length=MAX_METRICS, default_factory=list[str])]


class LabelChoiceBody(RequestBody):
    """A choice; annotators see its `name`, or its value if it has none."""

    value: _Choice
    name: _Choice = ""


class LabelSchemaBody(RequestBody):
    """The question and the possible answers. `equal_steps`: ordinal choices are as far apart as
    numbers."""

    kind: LabelKind
    question: Annotated[str, Field(max_length=MAX_QUESTION_CHARS)] = ""
    choices: Annotated[
        list[LabelChoiceBody],
        Field(max_length=MAX_CHOICES, default_factory=list[LabelChoiceBody]),
    ]
    equal_steps: bool = False

    def schema_of(self) -> LabelSchema:
        """Returns the schema."""
        choices = tuple(LabelChoice(each.value, each.name) for each in self.choices)
        return LabelSchema(self.kind, self.question, choices, self.equal_steps)


class QueueBody(RequestBody):
    """A queue to add. `score`: the name of the score that labels become, and of the metric of the
    judges that they calibrate. `annotators`: e-mail addresses; none for all who may annotate."""

    name: _Name
    label_schema: LabelSchemaBody
    score: _Name
    description: Annotated[str, Field(max_length=MAX_DESCRIPTION_CHARS)] = ""
    guidelines: Annotated[str, Field(max_length=MAX_GUIDELINES_CHARS)] = ""
    overlap: Annotated[int, Field(ge=1, le=MAX_OVERLAP)] = 1
    annotators: Annotated[
        list[_Person], Field(max_length=MAX_ANNOTATORS, default_factory=list[str])
    ]
    adjudicator: _Person = ""
    shows_suggestions: bool = True

    def queue(self) -> AnnotationQueue:
        """Returns the queue."""
        return AnnotationQueue(
            id="",
            name=self.name,
            schema=self.label_schema.schema_of(),
            score=self.score,
            description=self.description,
            guidelines=self.guidelines,
            overlap=self.overlap,
            annotators=tuple(self.annotators),
            adjudicator=self.adjudicator,
            shows_suggestions=self.shows_suggestions,
        )


class QueueChangeBody(RequestBody):
    """A change of a queue. Schema and score stay once there are labels."""

    label_schema: LabelSchemaBody | None = None
    score: _Name | None = None
    description: Annotated[str, Field(max_length=MAX_DESCRIPTION_CHARS)] | None = None
    guidelines: Annotated[str, Field(max_length=MAX_GUIDELINES_CHARS)] | None = None
    overlap: Annotated[int, Field(ge=1, le=MAX_OVERLAP)] | None = None
    annotators: Annotated[list[_Person], Field(max_length=MAX_ANNOTATORS)] | None = None
    adjudicator: _Person | None = None
    shows_suggestions: bool | None = None

    def fields(self) -> dict[str, Any]:
        """Returns the fields that change."""
        given = {
            name: value
            for name in type(self).model_fields
            if (value := getattr(self, name)) is not None
        }
        if self.label_schema is not None:
            del given["label_schema"]
            given["schema"] = self.label_schema.schema_of()
        if self.annotators is not None:
            given["annotators"] = tuple(self.annotators)
        return given


class SelectionBody(RequestBody):
    """Items to add: of a dataset, results of a run, or items of another queue on which its
    annotators differ. `other_run`: its outputs are the second ones of pairs. `choose` results by
    `metrics`: `low` ones (false, or at most `at_most`; true, or at least `at_most`, of a metric of
    which less is better), or those on which metrics disagree. `suggest`: the metric
    whose values are shown as suggestions."""

    dataset: _Name = ""
    run: _Name = ""
    other_run: _Name = ""
    queue: _Name = ""
    item_ids: _Ids
    split: _Person = ""
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    choose: ResultChoice = ResultChoice.ALL
    metrics: _Metrics
    at_most: Annotated[float, Field(allow_inf_nan=False)] = 0.5
    suggest: _Name = ""
    limit: Annotated[int, Field(ge=1, le=MAX_FILLED)] = 1_000

    def selection(self) -> ItemSelection:
        """Returns the selection."""
        fields: dict[str, Any] = self.model_dump()
        fields |= {"item_ids": tuple(self.item_ids), "metrics": tuple(self.metrics)}
        return ItemSelection(**fields)


class CallsBody(RequestBody):
    """Recorded calls to add."""

    span_ids: Annotated[list[_Name], Field(min_length=1, max_length=200)]


class QueueRuleBody(RequestBody):
    """A rule that fills a queue again and again: with new items of a dataset, with results of each
    new run of it (`runs`), with what annotators of another queue differ on, or with calls of live
    traffic that the evaluation `online` measures. `choose` is by `metrics` of the runs, or of
    `online`."""

    dataset: _Name = ""
    queue: _Name = ""
    online: _Name = ""
    runs: bool = False
    split: _Person = ""
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    choose: ResultChoice = ResultChoice.ALL
    metrics: _Metrics
    at_most: Annotated[float, Field(allow_inf_nan=False)] = 0.5
    suggest: _Name = ""
    daily_cap: Annotated[int, Field(ge=1, le=MAX_DAILY_CAP)] = 100

    def rule(self) -> QueueRule:
        """Returns the rule."""
        fields: dict[str, Any] = self.model_dump() | {"metrics": tuple(self.metrics)}
        runs, daily_cap = fields.pop("runs"), fields.pop("daily_cap")
        return QueueRule(ItemSelection(**fields), runs, daily_cap)


class QueueRulePauseBody(RequestBody):
    """The state of a rule."""

    paused: bool


class ReserveBody(RequestBody):
    """The number of items to reserve."""

    count: Annotated[int, Field(ge=1, le=MAX_RESERVED)] = 2


class LabelBody(RequestBody):
    """A label: a `value` that the schema allows, or a skip with its reason in
    `comment`. `correction`: the answer that should have been given. `schema_digest`: of the schema
    that was shown."""

    schema_digest: _Name
    value: JsonValue = None
    skipped: bool = False
    comment: _Comment = ""
    correction: _Correction = ""

    def submitted(self) -> SubmittedLabel:
        """Returns the label."""
        return SubmittedLabel(
            self.schema_digest, self.value, self.skipped, self.comment, self.correction
        )


class DecisionBody(RequestBody):
    """The decision of an adjudicator."""

    schema_digest: _Name
    value: JsonValue
    comment: _Comment = ""
    correction: _Correction = ""

    def sent(self) -> SentDecision:
        """Returns the decision."""
        return SentDecision(self.schema_digest, self.value, self.comment, self.correction)


class ExamplesBody(RequestBody):
    """The dataset that labels go to, made if there is none. `item_ids`: none for all with a final
    label. `expected`: what becomes the expected value."""

    dataset: _Name
    expected: Expected = Expected.ANSWER
    item_ids: _Ids


class PromptDraftBody(RequestBody):
    """The prompt that gets a version with the correction as an example."""

    prompt: Annotated[str, Field(max_length=200)]


ItemState = Literal["", "open", "labelled", "differing", "decided"]
