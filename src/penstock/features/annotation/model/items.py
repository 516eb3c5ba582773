"""Values of the items of a queue, and of their labels. No SQL, no HTTP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from penstock.kernel.digests import content_hash
from penstock.rules.annotation.agreement import majority
from penstock.rules.document import Document
from penstock.rules.evaluation.items import DatasetItem, ItemSource, id_of_example

MAX_ITEMS: Final = 100_000  # of a queue; more is refused
MAX_ITEM_BYTES: Final = 1024 * 1024  # of an item of a queue as JSON; larger ones are skipped
MAX_QUEUE_BYTES: Final = 1024**3  # of the items of a queue together; more is refused
MAX_COMMENT_CHARS: Final = 10_000  # of a label, of the reason of a skip; more is refused
MAX_CORRECTION_CHARS: Final = 100_000  # of the answer that should have been given; more is refused
MAX_RESERVED: Final = 10  # items that one annotator has at once; more is refused
LEASE_MS: Final = 10 * 60 * 1000  # of an item to an annotator
OUTPUT: Final = "output"  # the member of an example's metadata with the recorded answer


class ItemOrigin(Document, frozen=True):
    """The origin of an item: a call, an item of a dataset, a result of a run (with `other_run` of a
    pair). `example` is the id that the item has, or would have, in a dataset."""

    trace_id: str = ""
    span_id: str = ""
    dataset: str = ""
    version: int = 0
    example: str = ""
    run: str = ""
    repeat: int = 0
    other_run: str = ""


class ItemContent(Document, frozen=True):
    """The content that annotators see. It is a copy, which stays when its call or dataset is
    deleted."""

    input: Any
    output: str
    other_output: str = ""
    expected: Any = None
    context: tuple[str, ...] = ()
    metadata: dict[str, Any] = {}  # noqa: RUF012 - msgspec copies it for each item
    origin: ItemOrigin = ItemOrigin()

    @property
    def id(self) -> str:
        """The id in a queue: the same for the same outputs of the same example."""
        shown = [self.origin.example, self.origin.span_id, self.output, self.other_output]
        return "i" + content_hash(shown)[:23]

    def example(self, expected: Any, **metadata: Any) -> DatasetItem:
        """Returns the example for a dataset."""
        origin = self.origin
        return DatasetItem(
            id=origin.example,
            input=self.input,
            expected=expected,
            context=self.context,
            metadata=self.metadata | {OUTPUT: self.output} | metadata,
            source=ItemSource("label", origin.trace_id, origin.span_id),
        )


class Suggestion(Document, frozen=True):
    """The label that a model suggests. It is no label of a person, and never counted as one."""

    value: Any
    source: str
    reason: str = ""


class Decision(Document, frozen=True):
    """The label of the person who decided where annotators differ."""

    value: Any
    by: str
    by_id: str
    comment: str = ""
    correction: str = ""
    time_ms: int = 0


class LabelState(StrEnum):
    """The states of what one annotator said of an item."""

    LABELLED = "labelled"
    SKIPPED = "skipped"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class ItemLabel:
    """A label of one annotator, or a skip. `annotator` is their e-mail address. `revision` counts
    changes. `schema`: the digest of the schema that they saw."""

    item_id: str
    annotator_id: str
    annotator: str
    state: LabelState
    value: Any
    comment: str
    correction: str
    schema: str
    revision: int
    created_ms: int
    updated_ms: int


@dataclass(frozen=True, slots=True)
class QueueItem:
    """An item of a queue. `labels` and `skips` count annotators; `open`: it needs more labels.
    `differs`: its labels are not all the same."""

    id: str
    queue_id: str
    position: int
    content: ItemContent
    labels: int = 0
    skips: int = 0
    open: bool = True
    differs: bool = False
    suggestion: Suggestion | None = None
    decision: Decision | None = None


@dataclass(frozen=True, slots=True)
class LabelledItem:
    """An item with its labels."""

    item: QueueItem
    labels: Sequence[ItemLabel]

    @property
    def given(self) -> Mapping[str, Any]:
        """The human labels, by annotator."""
        found = [each for each in self.labels if each.state is LabelState.LABELLED]
        return {each.annotator: each.value for each in found}

    @property
    def final(self) -> Any:
        """The decision, or the label that more than half of the annotators give; else none."""
        decision = self.item.decision
        return decision.value if decision else majority(list(self.given.values()))

    @property
    def correction(self) -> str:
        """The corrected answer: of the decision, or the newest one of an annotator."""
        decision = self.item.decision
        if decision and decision.correction:
            return decision.correction
        newest = sorted(self.labels, key=lambda each: each.updated_ms, reverse=True)
        kept = [each for each in newest if each.state is not LabelState.WITHDRAWN]
        return next((each.correction for each in kept if each.correction), "")


@dataclass(frozen=True, slots=True)
class AnnotatorProgress:
    """The work of one annotator."""

    annotator: str
    labelled: int
    skipped: int
    last_ms: int


@dataclass(frozen=True, slots=True)
class QueueProgress:
    """The counts of a queue. `waiting`: items that differ and are not decided."""

    items: int
    open: int
    labelled: int
    differing: int
    decided: int
    waiting: int
    suggested: int
    annotators: Sequence[AnnotatorProgress] = ()


def content_of(item: DatasetItem, origin: ItemOrigin) -> ItemContent:
    """Returns what annotators see of an example with a recorded answer."""
    metadata = dict(item.metadata)
    output = metadata.pop(OUTPUT, "")
    return ItemContent(
        input=item.input,
        output=output if isinstance(output, str) else "",
        expected=item.expected,
        context=item.context,
        metadata=metadata,
        origin=origin,
    )


def content_of_call(item: DatasetItem) -> ItemContent:
    """Returns what annotators see of the example of a recorded call."""
    source = item.source
    return content_of(
        item, ItemOrigin(source.trace_id, source.span_id, example=id_of_example(item))
    )
