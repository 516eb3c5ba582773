"""How well the annotators of a queue agree."""

from collections.abc import Hashable
from typing import Final

from sqlalchemy import Connection

from penstock.features.annotation.model.ports import KeptReads
from penstock.features.annotation.model.queues import AnnotationQueue
from penstock.features.annotation.service.queues import get_queue
from penstock.features.annotation.store import items as items_store
from penstock.features.annotation.store import labels as labels_store
from penstock.features.context import Context
from penstock.kernel.digests import content_hash
from penstock.rules.annotation.agreement import CountedLabels, QueueAgreement, agreement_of
from penstock.rules.annotation.labels import LabelKind

MAX_COMPARED_SPANS: Final = 2_000  # items of a queue of spans whose labels are compared, the first


class AnnotatorAgreement:
    """Reads the agreement of queues. Labels of all items count, models and decisions do not."""

    def __init__(self, context: Context, reads: KeptReads) -> None:
        self._context = context
        self._reads = reads

    def of(self, project_id: str, name: str) -> QueueAgreement:
        """Returns the agreement of the annotators of a queue. Raises `NotFound`, `Overloaded`."""
        with self._context.database.read() as connection:
            queue = get_queue(connection, project_id, name)
            key = _key(connection, queue)
        return self._reads.kept(key, lambda: self._read(queue), lambda _: 1)

    def _read(self, queue: AnnotationQueue) -> QueueAgreement:
        with self._context.database.read() as connection:
            counts = items_store.label_counts(connection, queue.id)
            shared = _shared(connection, queue)
        return agreement_of(queue.schema, counts, shared)


def _shared(connection: Connection, queue: AnnotationQueue) -> CountedLabels:
    match queue.schema.kind:
        case LabelKind.TEXT:
            return ()
        case LabelKind.SPANS:
            found = labels_store.first_labels(connection, queue.id, MAX_COMPARED_SPANS)
            return [(each, 1) for each in found]
        case _:
            return labels_store.counted_labels(connection, queue.id)


def _key(connection: Connection, queue: AnnotationQueue) -> Hashable:
    """Changes with each label."""
    revision = items_store.revision_of(connection, queue.id)
    return "agreement", queue.id, content_hash(queue.schema), revision
