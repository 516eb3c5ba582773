"""Adds items to queues, by hand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from penstock.features.access import Principal
from penstock.features.annotation.model.items import (
    MAX_ITEM_BYTES,
    MAX_ITEMS,
    MAX_QUEUE_BYTES,
    ItemContent,
    QueueItem,
    content_of_call,
)
from penstock.features.annotation.model.ports import ReadCalls
from penstock.features.annotation.model.queues import (
    MAX_FILLED,
    AnnotationQueue,
    ItemSelection,
    check_choice,
)
from penstock.features.annotation.service.queues import get_queue
from penstock.features.annotation.service.selecting import (
    Chosen,
    SelectedPage,
    SelectionReader,
)
from penstock.features.annotation.store import items as store
from penstock.features.annotation.store.rules import RulePlace
from penstock.features.context import Context
from penstock.infra.sql import Transaction
from penstock.kernel.errors import Conflict, InvalidRequest
from penstock.rules.annotation.labels import LabelKind

MAX_SHOWN_SKIPS: Final = 100  # reasons of one request; the others are counted


@dataclass(slots=True)
class FilledQueue:
    """The items that were added, those that the queue had already, and why others were skipped."""

    added: int = 0
    known: int = 0
    skipped: int = 0
    reasons: list[str] = field(default_factory=list[str])

    def skip(self, reason: str) -> None:
        """Counts an item that was not added."""
        self.skipped += 1
        if len(self.reasons) < MAX_SHOWN_SKIPS:
            self.reasons.append(reason)


class QueueFilling:
    """Adds items. Methods raise `NotFound`, and `Conflict` for a queue that is full: what was added
    before stays, and the same request again adds the rest."""

    def __init__(self, context: Context, reader: SelectionReader, calls: ReadCalls) -> None:
        self._context = context
        self._reader = reader
        self._calls = calls

    def add_calls(
        self, actor: Principal, project_id: str, name: str, span_ids: Sequence[str]
    ) -> FilledQueue:
        """Adds recorded calls."""
        found = self._calls(project_id, span_ids)
        filled = FilledQueue()
        for each in found.skipped:
            filled.skip(f"{each.span_id}: {each.detail}")
        items = (*found.corrected, *found.others)
        contents: list[Chosen] = [(content_of_call(each), None) for each in items]
        with self._context.database.write() as tx:
            queue = get_queue(tx.connection, project_id, name, lock=True)
            add_chosen(tx, queue, project_id, contents, filled, limit=len(contents))
            self._audit(tx, actor, project_id, queue, filled)
        return filled

    def add_selected(
        self, actor: Principal, project_id: str, name: str, wanted: ItemSelection
    ) -> FilledQueue:
        """Adds the items of a selection. Raises `InvalidRequest` for one that says nothing."""
        _check_selection(wanted)
        with self._context.database.read() as connection:
            queue = get_queue(connection, project_id, name)
        read = self.pages_of(queue, project_id, wanted)
        filled, place = FilledQueue(), RulePlace()
        while True:
            page = read(place)
            with self._context.database.write() as tx:
                queue = get_queue(tx.connection, project_id, name, lock=True)
                left = wanted.limit - filled.added
                add_chosen(tx, queue, project_id, page.chosen, filled, limit=left)
            place = page.place
            if page.last or filled.added >= wanted.limit:
                break
        with self._context.database.write() as tx:
            self._audit(tx, actor, project_id, queue, filled)
        return filled

    def pages_of(
        self, queue: AnnotationQueue, project_id: str, wanted: ItemSelection
    ) -> Callable[[RulePlace], SelectedPage]:
        """Returns what reads a selection from a place on."""
        if wanted.run:
            return lambda place: self._reader.of_run(queue, project_id, wanted, place)
        if wanted.queue:
            return lambda place: self._reader.of_queue(project_id, wanted, place)
        if wanted.online:
            return lambda place: self._reader.of_traffic(queue, project_id, wanted, place)
        return lambda place: self._reader.of_dataset(project_id, wanted, place)

    def _audit(
        self,
        tx: Transaction,
        actor: Principal,
        project_id: str,
        queue: AnnotationQueue,
        filled: FilledQueue,
    ) -> None:
        after = {"added": filled.added, "skipped": filled.skipped}
        self._context.audit_log.append(
            tx, actor, project_id, "annotation.queue.fill", queue.name, after=after
        )


def add_chosen(
    tx: Transaction,
    queue: AnnotationQueue,
    project_id: str,
    chosen: Sequence[Chosen],
    filled: FilledQueue,
    *,
    limit: int,
) -> None:
    """Adds at most `limit` items that the queue does not have. A suggestion for a known one is
    kept with it. Raises `Conflict` if the queue is full."""
    connection = tx.connection
    ids = [content.id for content, _ in chosen]
    known = store.known_ids(connection, queue.id, ids)
    count, size, last = store.size_of(connection, queue.id)
    new: list[QueueItem] = []
    for content, suggestion in chosen:
        if content.id in known:
            filled.known += 1
            if suggestion is not None:
                store.suggest(connection, queue.id, content.id, suggestion)
            continue
        if len(new) >= limit:
            break
        bytes_ = len(msgspec.json.encode(content))
        if problem := _problem_of(queue, content, bytes_):
            filled.skip(f"{content.origin.example or content.origin.span_id}: {problem}")
            continue
        known.add(content.id)
        count, size, last = count + 1, size + bytes_, last + 1
        if count > MAX_ITEMS or size > MAX_QUEUE_BYTES:
            raise Conflict(
                f"The queue {queue.name!r} is full: {MAX_ITEMS:,} items, "
                f"{MAX_QUEUE_BYTES:,} bytes.",
                hint="Make another queue.",
                code="annotation_queue_full",
            )
        new.append(QueueItem(content.id, queue.id, last, content, suggestion=suggestion))
    store.add_items(connection, queue.id, project_id, new)
    filled.added += len(new)


def _problem_of(queue: AnnotationQueue, content: ItemContent, size: int) -> str:
    """Returns why an item cannot be labelled in this queue."""
    if size > MAX_ITEM_BYTES:
        return f"it is larger than {MAX_ITEM_BYTES:,} bytes"
    if queue.schema.kind is LabelKind.PAIRWISE and not content.other_output:
        return "it has no second output to compare: choose two runs"
    if queue.schema.kind is LabelKind.SPANS and not content.output:
        return "it has no output to mark"
    return ""


def _check_selection(wanted: ItemSelection) -> None:
    if sum(map(bool, (wanted.dataset, wanted.run, wanted.queue))) != 1:
        raise _invalid("Name one of: a dataset, a run, another queue.", "dataset")
    if not wanted.run and (wanted.other_run or wanted.metrics or wanted.suggest):
        raise _invalid("Only results of a run are chosen by metrics or paired.", "run")
    if not 1 <= wanted.limit <= MAX_FILLED:
        raise _invalid(f"One request adds 1 to {MAX_FILLED:,} items.", "limit")
    check_choice(wanted)


def _invalid(message: str, param: str) -> InvalidRequest:
    return InvalidRequest(message, code="annotation_invalid", param=param)
