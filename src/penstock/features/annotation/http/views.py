"""The documents that the routes of queues and items answer with."""

from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel

from penstock.features.annotation.model.items import (
    AnnotatorProgress,
    ItemContent,
    ItemLabel,
    LabelledItem,
    LabelState,
    QueueProgress,
)
from penstock.features.annotation.model.queues import AnnotationQueue, ResultChoice
from penstock.features.annotation.service.filling import FilledQueue
from penstock.features.annotation.service.reviewing import ShownItem
from penstock.features.annotation.store.rules import StoredQueueRule
from penstock.infra.web.moments import moment_of
from penstock.rules.annotation.labels import LabelKind, LabelSchema


class LabelChoiceView(BaseModel):
    """A choice with the name that annotators see."""

    value: str
    name: str


class LabelSchemaView(BaseModel):
    """A schema. Labels name its `digest`."""

    kind: LabelKind
    question: str
    choices: list[LabelChoiceView]
    equal_steps: bool
    digest: str

    @classmethod
    def of(cls, schema: LabelSchema) -> "LabelSchemaView":
        return cls(
            kind=schema.kind,
            question=schema.question,
            choices=[
                LabelChoiceView(value=each.value, name=each.name or each.value)
                for each in schema.choices
            ],
            equal_steps=schema.equal_steps,
            digest=schema.digest(),
        )


class AnnotatorView(BaseModel):
    """The work of one annotator."""

    annotator: str
    labelled: int
    skipped: int
    last_at: datetime

    @classmethod
    def of(cls, found: AnnotatorProgress) -> "AnnotatorView":
        return cls(
            annotator=found.annotator,
            labelled=found.labelled,
            skipped=found.skipped,
            last_at=moment_of(found.last_ms),
        )


class QueueProgressView(BaseModel):
    """The counts of a queue: `open` items need labels; `waiting` ones differ and are not
    decided."""

    items: int
    open: int
    labelled: int
    differing: int
    decided: int
    waiting: int
    suggested: int
    annotators: list[AnnotatorView]

    @classmethod
    def of(cls, found: QueueProgress) -> "QueueProgressView":
        counts = {name: getattr(found, name) for name in cls.model_fields if name != "annotators"}
        return cls(**counts, annotators=[AnnotatorView.of(each) for each in found.annotators])


class AnnotationQueueView(BaseModel):
    """A queue with its counts."""

    name: str
    label_schema: LabelSchemaView
    score: str
    description: str
    guidelines: str
    overlap: int
    annotators: list[str]
    adjudicator: str
    shows_suggestions: bool
    progress: QueueProgressView
    author: str
    created_at: datetime

    @classmethod
    def of(cls, queue: AnnotationQueue, progress: QueueProgress) -> "AnnotationQueueView":
        return cls(
            name=queue.name,
            label_schema=LabelSchemaView.of(queue.schema),
            score=queue.score,
            description=queue.description,
            guidelines=queue.guidelines,
            overlap=queue.overlap,
            annotators=list(queue.annotators),
            adjudicator=queue.adjudicator,
            shows_suggestions=queue.shows_suggestions,
            progress=QueueProgressView.of(progress),
            author=queue.author,
            created_at=moment_of(queue.created_ms),
        )


class FilledQueueView(BaseModel):
    """The items that a request has added; `known` items were there already. `reasons`: of the
    first skipped ones."""

    added: int
    known: int
    skipped: int
    reasons: list[str]

    @classmethod
    def of(cls, found: FilledQueue) -> "FilledQueueView":
        return cls(
            added=found.added, known=found.known, skipped=found.skipped, reasons=found.reasons
        )


class QueueRuleView(BaseModel):
    """A rule with what it has done. `error`: of the last time."""

    dataset: str
    queue: str
    online: str
    runs: bool
    split: str
    share: float
    choose: ResultChoice
    metrics: list[str]
    at_most: float
    suggest: str
    daily_cap: int
    paused: bool
    added_today: int
    added: int
    error: str
    last_run_at: datetime | None
    next_run_at: datetime | None

    @classmethod
    def of(cls, stored: StoredQueueRule, **fields: str) -> Self:
        rule, chosen, work = stored.rule, stored.rule.selection, stored.work
        return cls(
            **fields,
            dataset=chosen.dataset,
            queue=chosen.queue,
            online=chosen.online,
            runs=rule.runs,
            split=chosen.split,
            share=chosen.share,
            choose=chosen.choose,
            metrics=list(chosen.metrics),
            at_most=chosen.at_most,
            suggest=chosen.suggest,
            daily_cap=rule.daily_cap,
            paused=rule.paused,
            added_today=work.added_today,
            added=work.added,
            error=work.error,
            last_run_at=moment_of(work.ran_ms) if work.ran_ms else None,
            next_run_at=None if rule.paused else moment_of(work.next_ms),
        )


class NamedQueueRuleView(QueueRuleView):
    """A rule with the queue that it fills."""

    fills: str

    @classmethod
    def named(cls, name: str, stored: StoredQueueRule) -> Self:
        """Returns the view of the rule of a queue."""
        return cls.of(stored, fills=name)


class ItemOriginView(BaseModel):
    """The origin of an item."""

    trace_id: str
    span_id: str
    dataset: str
    version: int
    example: str
    run: str
    repeat: int
    other_run: str


class ItemContentView(BaseModel):
    """The content that annotators see. Texts are shown as texts, never as HTML."""

    input: Any
    output: str
    other_output: str
    expected: Any
    context: list[str]
    metadata: dict[str, Any]
    origin: ItemOriginView

    @classmethod
    def of(cls, content: ItemContent) -> "ItemContentView":
        origin = {name: getattr(content.origin, name) for name in ItemOriginView.model_fields}
        return cls(
            input=content.input,
            output=content.output,
            other_output=content.other_output,
            expected=content.expected,
            context=list(content.context),
            metadata=content.metadata,
            origin=ItemOriginView(**origin),
        )


class SuggestionView(BaseModel):
    """The label that a model suggests. It counts as none."""

    value: Any
    source: str
    reason: str


class GivenLabelView(BaseModel):
    """A label of one annotator, or a skip."""

    annotator: str
    state: LabelState
    value: Any
    comment: str
    correction: str
    revision: int
    updated_at: datetime

    @classmethod
    def of(cls, label: ItemLabel) -> "GivenLabelView":
        return cls(
            annotator=label.annotator,
            state=label.state,
            value=label.value,
            comment=label.comment,
            correction=label.correction,
            revision=label.revision,
            updated_at=moment_of(label.updated_ms),
        )


class ReviewedItemView(BaseModel):
    """An item for one annotator. `swapped`: the second output is shown first. `label`: what they
    said of it; labels of others are not shown."""

    id: str
    content: ItemContentView
    swapped: bool
    suggestion: SuggestionView | None
    decided: bool
    label: GivenLabelView | None

    @classmethod
    def of(cls, shown: ShownItem, *, suggests: bool) -> "ReviewedItemView":
        item, found = shown.item, shown.item.suggestion
        suggestion = SuggestionView(**_fields(found)) if found and suggests else None
        return cls(
            id=item.id,
            content=ItemContentView.of(item.content),
            swapped=shown.swapped,
            suggestion=suggestion,
            decided=item.decision is not None,
            label=GivenLabelView.of(shown.label) if shown.label else None,
        )


class DecisionView(BaseModel):
    """A decision, with its author."""

    value: Any
    by: str
    comment: str
    correction: str
    decided_at: datetime


class LabelledItemView(BaseModel):
    """An item with all labels. `final`: what was decided, or what more than half of the annotators
    say."""

    id: str
    content: ItemContentView
    open: bool
    differs: bool
    final: Any
    correction: str
    suggestion: SuggestionView | None
    decision: DecisionView | None
    labels: list[GivenLabelView]

    @classmethod
    def of(cls, found: LabelledItem) -> "LabelledItemView":
        item, decision = found.item, found.item.decision
        return cls(
            id=item.id,
            content=ItemContentView.of(item.content),
            open=item.open,
            differs=item.differs,
            final=found.final,
            correction=found.correction,
            suggestion=SuggestionView(**_fields(item.suggestion)) if item.suggestion else None,
            decision=decision
            and DecisionView(
                value=decision.value,
                by=decision.by,
                comment=decision.comment,
                correction=decision.correction,
                decided_at=moment_of(decision.time_ms),
            ),
            labels=[GivenLabelView.of(each) for each in found.labels],
        )


def _fields(found: Any) -> dict[str, Any]:
    return {name: getattr(found, name) for name in SuggestionView.model_fields}
