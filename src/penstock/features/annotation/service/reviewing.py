"""Annotators at work: the next items, labels, skips, and taking them back."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from penstock.features.access import Principal
from penstock.features.annotation.model.items import (
    LEASE_MS,
    MAX_COMMENT_CHARS,
    MAX_CORRECTION_CHARS,
    ItemLabel,
    LabelState,
    QueueItem,
)
from penstock.features.annotation.model.queues import AnnotationQueue
from penstock.features.annotation.service.queues import get_queue
from penstock.features.annotation.store import items as items_store
from penstock.features.annotation.store import labels as store
from penstock.features.context import Context
from penstock.infra.sql import Transaction
from penstock.kernel.digests import content_hash
from penstock.kernel.errors import Conflict, Forbidden, InvalidRequest, NotFound
from penstock.rules.annotation.agreement import differs
from penstock.rules.annotation.labels import checked_label


@dataclass(frozen=True, slots=True)
class SubmittedLabel:
    """A label as an annotator sends it. A skip has a reason instead of a value. `schema`: the
    digest of the schema that they saw."""

    schema: str
    value: Any = None
    skipped: bool = False
    comment: str = ""
    correction: str = ""


@dataclass(frozen=True, slots=True)
class ShownItem:
    """An item for one annotator. `swapped`: its second output is shown first, so that a habit of
    choosing one place favours neither. `label`: what they said of it."""

    item: QueueItem
    swapped: bool
    label: ItemLabel | None = None


class Reviewing:
    """The work of annotators. Methods raise `NotFound`, and `Forbidden` for keys, and for
    annotators whom the queue does not name."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def reserve(
        self, actor: Principal, project_id: str, name: str, count: int
    ) -> tuple[AnnotationQueue, list[ShownItem]]:
        """Reserves the next `count` items for some minutes, so that nobody else labels them
        needlessly. Those that the person has reserved come again."""
        now = self._context.now_ms()
        with self._context.database.write() as tx:
            queue = _queue_for(tx.connection, actor, project_id, name, lock=True)
            found = items_store.free_items(
                tx.connection,
                queue.id,
                actor.id,
                overlap=queue.overlap,
                now_ms=now,
                limit=count,
            )
            ids = [each.id for each in found]
            items_store.reserve(tx.connection, queue.id, ids, actor.id, now + LEASE_MS)
        return queue, [_shown(actor, each, None) for each in found]

    def own(
        self,
        actor: Principal,
        project_id: str,
        name: str,
        before: tuple[int, str] | None,
        limit: int,
    ) -> list[ShownItem]:
        """Returns the items of which the person said something, newest first."""
        with self._context.database.read() as connection:
            queue = _queue_for(connection, actor, project_id, name)
            labels = store.own_labels(connection, queue.id, actor.id, before, limit)
            items = {
                each.id: each
                for label in labels
                if (each := items_store.find_item(connection, queue.id, label.item_id))
            }
        return [
            _shown(actor, items[each.item_id], each) for each in labels if each.item_id in items
        ]

    def label(
        self, actor: Principal, project_id: str, name: str, item_id: str, sent: SubmittedLabel
    ) -> ShownItem:
        """Stores what a person says of an item, in place of what they said before. A reservation
        that has ended does not matter: one label more harms nothing, a lost one would. Raises
        `InvalidRequest` for a label outside the schema, `Conflict` if the schema has changed, or if
        the item was decided."""
        _check_texts(sent)
        with self._context.database.write() as tx:
            queue = _queue_for(tx.connection, actor, project_id, name, lock=True)
            item = get_item(tx.connection, queue, item_id)
            check_schema_seen(queue, sent.schema)
            if item.decision is not None:
                raise Conflict(
                    f"{item.decision.by} has decided this item: your label was not stored.",
                    hint="Ask them to take the decision back, or label the next item.",
                    code="annotation_decided",
                )
            value = None
            if not sent.skipped:
                value = checked_label(queue.schema, sent.value, item.content.output)
            before = store.find_label(tx.connection, queue.id, item_id, actor.id)
            now = self._context.now_ms()
            label = ItemLabel(
                item_id=item_id,
                annotator_id=actor.id,
                annotator=actor.label,
                state=LabelState.SKIPPED if sent.skipped else LabelState.LABELLED,
                value=value,
                comment=sent.comment,
                correction=sent.correction,
                schema=queue.schema.digest(),
                revision=before.revision + 1 if before else 1,
                created_ms=before.created_ms if before else now,
                updated_ms=now,
            )
            store.save_label(tx.connection, queue.id, label)
            items_store.release(tx.connection, queue.id, item_id, actor.id)
            item = count_again(tx, queue, item, now)
        return _shown(actor, item, label)

    def withdraw(self, actor: Principal, project_id: str, name: str, item_id: str) -> ShownItem:
        """Takes back what a person said of an item, and reserves it for them. Raises `Conflict` if
        the item was decided."""
        now = self._context.now_ms()
        with self._context.database.write() as tx:
            queue = _queue_for(tx.connection, actor, project_id, name, lock=True)
            item = get_item(tx.connection, queue, item_id)
            before = store.find_label(tx.connection, queue.id, item_id, actor.id)
            if before is None or before.state is LabelState.WITHDRAWN:
                raise NotFound(
                    "You have not labelled this item.", code="annotation_label_not_found"
                )
            if item.decision is not None:
                raise Conflict(
                    f"{item.decision.by} has decided this item: your label stays.",
                    hint="Ask them to take the decision back.",
                    code="annotation_decided",
                )
            label = replace(
                before,
                state=LabelState.WITHDRAWN,
                value=None,
                revision=before.revision + 1,
                updated_ms=now,
            )
            store.save_label(tx.connection, queue.id, label)
            items_store.release(tx.connection, queue.id, item_id, actor.id)
            items_store.hold(tx.connection, queue.id, item_id, actor.id, now + LEASE_MS)
            item = count_again(tx, queue, item, now)
        return _shown(actor, item, label)


def get_item(connection: Connection, queue: AnnotationQueue, item_id: str) -> QueueItem:
    """Returns an item. Raises `NotFound`."""
    if found := items_store.find_item(connection, queue.id, item_id):
        return found
    raise NotFound(
        f"The queue {queue.name!r} has no item {item_id[:64]!r}.",
        hint="Load the queue again.",
        code="annotation_item_not_found",
    )


def count_again(tx: Transaction, queue: AnnotationQueue, item: QueueItem, now_ms: int) -> QueueItem:
    """Stores and returns an item with the counts of its labels as they are now."""
    labels = store.labels_of(tx.connection, queue.id, [item.id])[item.id]
    given = [each.value for each in labels if each.state is LabelState.LABELLED]
    item = replace(
        item,
        labels=len(given),
        skips=sum(each.state is LabelState.SKIPPED for each in labels),
        open=item.decision is None and len(given) < queue.overlap,
        differs=differs(queue.schema, given),
    )
    items_store.save_counts(tx.connection, item, now_ms)
    return item


def check_schema_seen(queue: AnnotationQueue, digest: str) -> None:
    """Raises `Conflict` if a label was given under another schema."""
    if digest != queue.schema.digest():
        raise Conflict(
            "The schema of the queue has changed since the item was shown.",
            hint="Load the queue again, then label the item.",
            code="annotation_schema_changed",
            param="schema",
        )


def _queue_for(
    connection: Connection, actor: Principal, project_id: str, name: str, *, lock: bool = False
) -> AnnotationQueue:
    queue = get_queue(connection, project_id, name, lock=lock)
    if actor.kind != "user":
        raise Forbidden(
            "Labels are given by annotators: a key cannot give one.",
            hint="Sign in to the console. Models suggest labels: fill the queue with `suggest`.",
        )
    if queue.annotators and actor.label not in queue.annotators:
        raise Forbidden(
            f"The queue {name!r} names its annotators, and {actor.label} is none of them.",
            hint="Ask whoever manages the queue.",
        )
    return queue


def _shown(actor: Principal, item: QueueItem, label: ItemLabel | None) -> ShownItem:
    swapped = bool(item.content.other_output) and int(content_hash([actor.id, item.id])[0], 16) < 8
    return ShownItem(item, swapped, label)


def _check_texts(sent: SubmittedLabel) -> None:
    limits = {"comment": MAX_COMMENT_CHARS, "correction": MAX_CORRECTION_CHARS}
    for name, limit in limits.items():
        if len(getattr(sent, name)) > limit:
            raise InvalidRequest(f"The {name} has more than {limit:,} characters.", param=name)
    if sent.skipped and not sent.comment.strip():
        raise InvalidRequest("A skip has a reason.", hint="Say it in `comment`.", param="comment")
