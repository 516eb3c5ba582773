"""What labels become: examples of a dataset, an evaluator, a draft of a prompt."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, cast

from penstock.features.access import Principal
from penstock.features.annotation.model.items import LabelledItem
from penstock.features.annotation.model.ports import AddExamples, PromptDraft, PromptDrafts
from penstock.features.annotation.model.queues import AnnotationQueue
from penstock.features.annotation.service.deciding import Deciding
from penstock.features.annotation.store.items import QueueItemFilter
from penstock.features.evaluations.model import EvaluatorChoice
from penstock.kernel.digests import canonical_json
from penstock.kernel.errors import InvalidRequest
from penstock.rules.annotation.labels import LabelKind
from penstock.rules.evaluation.items import DatasetItem

MAX_CRITERIA_CHARS: Final = 15_000  # of the criteria of an evaluator; the rest is cut
_PAGE: Final = 100  # items read at once


class Expected(StrEnum):
    """The part of an item that becomes the expected value of its example."""

    ANSWER = "answer"  # the corrected answer; without one, what was expected before
    LABEL = "label"


@dataclass(frozen=True, slots=True)
class MadeExamples:
    """A version of a dataset with the examples. `undecided` items have no final label."""

    dataset: str
    version: int
    changed: int
    undecided: int


class LabelUses:
    """Turns labels into what other parts use. Methods raise `NotFound`, `InvalidRequest`."""

    def __init__(self, deciding: Deciding, add: AddExamples, drafts: PromptDrafts) -> None:
        self._deciding = deciding
        self._add = add
        self._drafts = drafts

    def to_dataset(
        self,
        actor: Principal,
        project_id: str,
        name: str,
        dataset: str,
        *,
        expected: Expected = Expected.ANSWER,
        ids: Sequence[str] = (),
    ) -> MadeExamples:
        """Adds the items with a final label, or those of `ids`, to a dataset."""
        items: list[DatasetItem] = []
        after, undecided, version, changed = 0, 0, 0, 0
        while True:
            wanted = QueueItemFilter(ids=ids, state="" if ids else "labelled")
            queue, found = self._deciding.items(project_id, name, wanted, after, _PAGE)
            for each in found:
                if each.final is None and not each.correction:
                    undecided += 1
                else:
                    items.append(_example(queue, each, expected))
            if items:
                version, some = self._add(actor, project_id, dataset, items)
                changed, items = changed + some, []
            if len(found) < _PAGE:
                break
            after = found[-1].item.position
        if not version:
            raise _nothing_labelled()
        return MadeExamples(dataset, version, changed, undecided)

    def example(
        self, project_id: str, name: str, item_id: str, expected: Expected = Expected.ANSWER
    ) -> DatasetItem:
        """Returns an item as the example that `to_dataset` adds. Raises `InvalidRequest` for one
        without a final label and a corrected answer."""
        queue, found = self._deciding.item(project_id, name, item_id)
        if found.final is None and not found.correction:
            raise _nothing_labelled()
        return _example(queue, found, expected)

    def draft_of(self, project_id: str, name: str, item_id: str, prompt: str) -> PromptDraft:
        """Returns what `to_prompt` saves."""
        return self._drafts.preview(
            project_id, prompt, *self._correction(project_id, name, item_id)
        )

    def to_prompt(
        self, actor: Principal, project_id: str, name: str, item_id: str, prompt: str
    ) -> PromptDraft:
        """Saves a version of a prompt, without a label, with the correction of an item as an
        example."""
        correction = self._correction(project_id, name, item_id)
        return self._drafts.save(actor, project_id, prompt, *correction)

    def _correction(self, project_id: str, name: str, item_id: str) -> tuple[str, str]:
        """Returns what was asked, and the corrected answer."""
        _, found = self._deciding.item(project_id, name, item_id)
        if not found.correction:
            raise InvalidRequest(
                "The item has no corrected answer.",
                hint="Write one when you label the item.",
                code="annotation_no_correction",
            )
        return _asked(found.item.content.input), found.correction

    def evaluator(
        self, project_id: str, name: str, model: str, item_id: str = ""
    ) -> EvaluatorChoice:
        """Returns a judge that asks the question of a queue, by its guidelines, and by what
        annotators have remarked of an item. Its metric has the name of the score, so that the
        labels of the queue calibrate it. Answers of models are not
        in it: they could speak to the judge."""
        queue = self._deciding.queue(project_id, name)
        remarks = self._remarks(project_id, name, item_id) if item_id else ()
        question = queue.schema.question or queue.description or queue.name
        parts = (question, queue.guidelines, *(f"An annotator remarks: {each}" for each in remarks))
        criteria = "\n\n".join(filter(None, parts))[:MAX_CRITERIA_CHARS]
        options: dict[str, Any] = {"model": model, "criteria": criteria}
        match queue.schema.kind:
            case LabelKind.BINARY:
                return EvaluatorChoice(queue.score, "rubric", options)
            case LabelKind.PAIRWISE:
                return EvaluatorChoice(queue.score, "pairwise", options)
            case LabelKind.ORDINAL if scale := _scale(queue.schema.values):
                return EvaluatorChoice(queue.score, "rubric", options | {"scale": scale})
            case _:
                raise InvalidRequest(
                    "No judge gives the labels of this queue.",
                    hint="Judges say yes or no, grade in whole numbers, or compare two answers.",
                    code="annotation_invalid",
                )

    def _remarks(self, project_id: str, name: str, item_id: str) -> Sequence[str]:
        _, found = self._deciding.item(project_id, name, item_id)
        decision = found.item.decision
        said = [decision.comment if decision else "", *(each.comment for each in found.labels)]
        return [each for each in said if each]


def _example(queue: AnnotationQueue, found: LabelledItem, expected: Expected) -> DatasetItem:
    content, final = found.item.content, found.final
    as_label = expected is Expected.LABEL or queue.schema.kind is LabelKind.TEXT
    value = final if as_label else found.correction or content.expected
    about: dict[str, Any] = {f"label_{queue.score}": final, "annotators": len(found.given)}
    return content.example(value, **about)


def _nothing_labelled() -> InvalidRequest:
    return InvalidRequest(
        "No item has a final label or a corrected answer yet.",
        hint="Label some first; where annotators differ, decide.",
        code="annotation_nothing_labelled",
    )


def _asked(value: Any) -> str:
    """The text of an input: of the last message of the user, or the input as it is."""
    if not isinstance(value, list):
        return value if isinstance(value, str) else canonical_json(value).decode()
    messages = cast("list[dict[str, Any]]", value)
    said = [each.get("content", "") for each in messages if each.get("role") == "user"]
    return _asked(said[-1]) if said else ""


def _scale(values: Sequence[str]) -> list[int]:
    """The least and the greatest of choices that are all whole numbers in a row; else nothing."""
    if not all(each.isdecimal() and len(each) <= 3 for each in values):
        return []
    numbers = [int(each) for each in values]
    return [numbers[0], numbers[-1]] if numbers == list(range(numbers[0], numbers[-1] + 1)) else []
