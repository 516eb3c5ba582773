"""Sends labels as scores: what annotators say of an answer is one score of its call."""

from typing import Any, Final

from penstock.features.annotation.model.items import LabelledItem
from penstock.features.annotation.model.ports import StoreScores
from penstock.features.annotation.model.queues import AnnotationQueue
from penstock.features.annotation.store import items as store
from penstock.features.annotation.store import labels as labels_store
from penstock.features.annotation.store.tables import QUEUES
from penstock.features.context import Context
from penstock.rules.annotation.labels import LabelKind, LabelSchema, label_text
from penstock.rules.scores.score import Score
from penstock.rules.scores.vocabulary import (
    ANNOTATION_ID,
    MAX_COMMENT_CHARS,
    ScoreSource,
    ScoreState,
)

_AT_ONCE: Final = 200  # items whose score is sent together
_WRITTEN_BY: Final = "annotation"


class AnnotationScores:
    """One score for each item that has the labels it needs, or a decision. What changes later is
    sent again under the same id, so that the later one replaces the earlier."""

    def __init__(self, context: Context, submit: StoreScores) -> None:
        self._context = context
        self._submit = submit

    def send_due(self) -> int:
        """Sends the scores that wait. Returns their number. A crash sends some of them again,
        which changes nothing."""
        with self._context.database.read() as connection:
            due = store.scores_due(connection, _AT_ONCE)
            scores: dict[str, list[Score]] = {}
            for project_id, _, item in due:
                queue = QUEUES.find(connection, project_id, item.queue_id)
                labels = labels_store.labels_of(connection, item.queue_id, [item.id])[item.id]
                score = score_of(queue.entry, LabelledItem(item, labels)) if queue else None
                if score is not None:
                    scores.setdefault(project_id, []).append(score)
        for project_id, some in scores.items():
            self._submit(project_id, some, _WRITTEN_BY)
        if due:
            with self._context.database.write() as tx:
                for _, revision, item in due:
                    store.mark_sent(tx.connection, item, revision)
        return len(due)


def score_of(queue: AnnotationQueue, found: LabelledItem) -> Score | None:
    """Returns the score of an item; none if no call is known for it. Annotators who differ give an
    `abstained` score, an item that needs labels an `unmeasured` one."""
    origin, value = found.item.content.origin, found.final
    if not origin.trace_id:
        return None
    state, comment = ScoreState.SCORED, _comment(found)
    if found.item.open:
        state, comment = ScoreState.UNMEASURED, "Labels were taken back."
    elif value is None:
        state, comment = ScoreState.ABSTAINED, f"Annotators differ. {comment}"
    return Score(
        name=queue.score,
        value=_score_value(queue.schema, value) if state is ScoreState.SCORED else None,
        state=state,
        comment=comment[:MAX_COMMENT_CHARS] or "labelled",
        source=ScoreSource.ANNOTATOR,
        author=found.item.decision.by if found.item.decision else f"queue {queue.name}",
        trace_id=origin.trace_id,
        span_id=origin.span_id,
        id=f"{ANNOTATION_ID}{queue.id}/{found.item.id}",
    )


def _score_value(schema: LabelSchema, value: Any) -> bool | float | str | None:
    """The value of a score: of ordinal labels the number of the choice, from 1; of spans how many
    there are. A free text is in the comment."""
    match schema.kind:
        case LabelKind.BINARY:
            return bool(value)
        case LabelKind.ORDINAL:
            return schema.values.index(value) + 1
        case LabelKind.CATEGORICAL | LabelKind.PAIRWISE:
            return str(value)
        case LabelKind.TEXT:
            return None
        case LabelKind.SPANS:
            return len(value)


def _comment(found: LabelledItem) -> str:
    """All labels with their annotators and comments."""
    decision = found.item.decision
    lines = [f"{name}: {label_text(value)}" for name, value in found.given.items()]
    lines += [f"{each.annotator}: {each.comment}" for each in found.labels if each.comment]
    if decision:
        lines.insert(0, f"{decision.by} decided: {label_text(decision.value)} {decision.comment}")
    return "\n".join(lines)
