"""What became of items: their labels, and decisions where labels differ."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from penstock.features.access import Permission, Principal
from penstock.features.annotation.model.items import (
    MAX_COMMENT_CHARS,
    MAX_CORRECTION_CHARS,
    Decision,
    LabelledItem,
    QueueItem,
)
from penstock.features.annotation.model.queues import AnnotationQueue
from penstock.features.annotation.service.queues import get_queue
from penstock.features.annotation.service.reviewing import (
    check_schema_seen,
    count_again,
    get_item,
)
from penstock.features.annotation.store import items as items_store
from penstock.features.annotation.store import labels as labels_store
from penstock.features.context import Context
from penstock.infra.sql import Transaction
from penstock.kernel.errors import Conflict, Forbidden, InvalidRequest
from penstock.rules.annotation.labels import checked_label


@dataclass(frozen=True, slots=True)
class SentDecision:
    """A decision as an adjudicator sends it. `schema`: the digest of the schema that they saw."""

    schema: str
    value: Any
    comment: str = ""
    correction: str = ""


class Deciding:
    """Reads labels, and decides. Methods raise `NotFound`."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def queue(self, project_id: str, name: str) -> AnnotationQueue:
        """Returns a queue."""
        with self._context.database.read() as connection:
            return get_queue(connection, project_id, name)

    def items(
        self,
        project_id: str,
        name: str,
        wanted: items_store.QueueItemFilter,
        after: int,
        limit: int,
    ) -> tuple[AnnotationQueue, list[LabelledItem]]:
        """Returns items with their labels, in order."""
        with self._context.database.read() as connection:
            queue = get_queue(connection, project_id, name)
            found = items_store.list_items(connection, queue.id, wanted, after, limit)
            labels = labels_store.labels_of(connection, queue.id, [each.id for each in found])
        return queue, [LabelledItem(each, labels[each.id]) for each in found]

    def item(
        self, project_id: str, name: str, item_id: str
    ) -> tuple[AnnotationQueue, LabelledItem]:
        """Returns an item with its labels."""
        with self._context.database.read() as connection:
            queue = get_queue(connection, project_id, name)
            found = get_item(connection, queue, item_id)
            labels = labels_store.labels_of(connection, queue.id, [item_id])
        return queue, LabelledItem(found, labels[item_id])

    def decide(
        self, actor: Principal, project_id: str, name: str, item_id: str, sent: SentDecision
    ) -> LabelledItem:
        """Decides an item. A person may change their own decision. Raises `Forbidden` unless the
        actor may decide, `Conflict` if somebody else has decided, `InvalidRequest` for a label
        outside the schema."""
        _check_texts(sent)
        now = self._context.now_ms()
        with self._context.database.write() as tx:
            queue = get_queue(tx.connection, project_id, name, lock=True)
            _check_adjudicator(actor, project_id, queue)
            item = get_item(tx.connection, queue, item_id)
            check_schema_seen(queue, sent.schema)
            _check_undecided(actor, item)
            value = checked_label(queue.schema, sent.value, item.content.output)
            decision = Decision(value, actor.label, actor.id, sent.comment, sent.correction, now)
            self._save(tx, actor, project_id, queue, replace(item, decision=decision))
        return self.item(project_id, name, item_id)[1]

    def take_back(self, actor: Principal, project_id: str, name: str, item_id: str) -> LabelledItem:
        """Takes a decision back. Raises `Forbidden`, `Conflict` as `decide`."""
        with self._context.database.write() as tx:
            queue = get_queue(tx.connection, project_id, name, lock=True)
            _check_adjudicator(actor, project_id, queue)
            item = get_item(tx.connection, queue, item_id)
            _check_undecided(actor, item)
            self._save(tx, actor, project_id, queue, replace(item, decision=None))
        return self.item(project_id, name, item_id)[1]

    def _save(
        self,
        tx: Transaction,
        actor: Principal,
        project_id: str,
        queue: AnnotationQueue,
        item: QueueItem,
    ) -> None:
        count_again(tx, queue, item, self._context.now_ms())
        action = "annotation.decide" if item.decision else "annotation.undecide"
        subject = f"{queue.name}/{item.id}"
        self._context.audit_log.append(tx, actor, project_id, action, subject)


def _check_adjudicator(actor: Principal, project_id: str, queue: AnnotationQueue) -> None:
    if actor.kind != "user":
        raise Forbidden("Annotators decide: a key cannot.", hint="Sign in to the console.")
    if queue.adjudicator and actor.label != queue.adjudicator:
        raise Forbidden(
            f"Only {queue.adjudicator} decides in the queue {queue.name!r}.",
            hint="Ask them, or change the adjudicator of the queue.",
        )
    if not queue.adjudicator and not actor.may(Permission.ANNOTATIONS_MANAGE, project_id):
        raise Forbidden("Whoever may manage queues decides.", hint="Ask an editor of the project.")


def _check_undecided(actor: Principal, item: QueueItem) -> None:
    if item.decision is not None and item.decision.by_id != actor.id:
        raise Conflict(
            f"{item.decision.by} has decided this item already.",
            hint="Load it again. Whoever decided may change the decision.",
            code="annotation_decided",
        )


def _check_texts(sent: SentDecision) -> None:
    limits: Sequence[tuple[str, int]] = (
        ("comment", MAX_COMMENT_CHARS),
        ("correction", MAX_CORRECTION_CHARS),
    )
    for name, limit in limits:
        if len(getattr(sent, name)) > limit:
            raise InvalidRequest(f"The {name} has more than {limit:,} characters.", param=name)
