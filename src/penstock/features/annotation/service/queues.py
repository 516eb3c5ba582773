"""Queues: added, changed and removed."""

from dataclasses import replace

import msgspec
from sqlalchemy import Connection

from penstock.features.access import Principal
from penstock.features.annotation.model.items import QueueProgress
from penstock.features.annotation.model.queues import (
    MAX_QUEUES,
    AnnotationQueue,
    check_queue,
)
from penstock.features.annotation.store import items as items_store
from penstock.features.annotation.store import labels as labels_store
from penstock.features.annotation.store import rules as rules_store
from penstock.features.annotation.store.tables import QUEUES
from penstock.features.context import Context
from penstock.infra.sql import Transaction
from penstock.infra.stored_documents import StoredDocument
from penstock.kernel.digests import content_hash
from penstock.kernel.errors import Conflict, InvalidRequest, NotFound


class AnnotationQueues:
    """The queues of projects. Methods raise `NotFound`."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def list(self, project_id: str) -> list[tuple[AnnotationQueue, QueueProgress]]:
        """Returns queues by name, with their counts."""
        with self._context.database.read() as connection:
            found = [each.entry for each in QUEUES.list(connection, project_id)]
            return [(each, items_store.counts(connection, each.id)) for each in found]

    def get(self, project_id: str, name: str) -> tuple[AnnotationQueue, QueueProgress]:
        """Returns a queue with its counts, also of each annotator."""
        with self._context.database.read() as connection:
            queue = get_queue(connection, project_id, name)
            counts = items_store.counts(connection, queue.id)
            annotators = tuple(labels_store.progress_of(connection, queue.id))
            return queue, replace(counts, annotators=annotators)

    def add(self, actor: Principal, project_id: str, queue: AnnotationQueue) -> AnnotationQueue:
        """Adds a queue. Raises `InvalidRequest`, `Conflict` for a name that is taken."""
        check_queue(queue)
        now = self._context.now_ms()
        fields = {"id": self._context.new_id("aq"), "author": actor.label, "created_ms": now}
        added = msgspec.structs.replace(queue, **fields)
        with self._context.database.write() as tx:
            if QUEUES.find(tx.connection, project_id, queue.name, "name") is not None:
                raise Conflict(
                    f"This project has a queue {queue.name!r} already.",
                    hint="Choose another name.",
                    code="annotation_queue_exists",
                    param="name",
                )
            if QUEUES.count(tx.connection, project_id) >= MAX_QUEUES:
                raise InvalidRequest(f"A project has at most {MAX_QUEUES:,} annotation queues.")
            QUEUES.add(tx.connection, StoredDocument(project_id, added, now))
            self._audit(tx, actor, project_id, "annotation.queue.add", after=added)
        return added

    def change(
        self, actor: Principal, project_id: str, name: str, **fields: object
    ) -> AnnotationQueue:
        """Changes fields of a queue. Raises `InvalidRequest`, and `Conflict` for the schema and the
        score of a queue with labels: they would mean something else."""
        with self._context.database.write() as tx:
            before = get_queue(tx.connection, project_id, name, lock=True)
            after = msgspec.structs.replace(before, **fields)
            check_queue(after)
            frozen = after.schema != before.schema or after.score != before.score
            if frozen and labels_store.has_labels(tx.connection, before.id):
                raise Conflict(
                    f"The queue {name!r} has labels: its schema and its score stay as they are.",
                    hint="Make another queue for another question.",
                    code="annotation_schema_frozen",
                    param="schema",
                )
            QUEUES.save(tx.connection, StoredDocument(project_id, after, self._context.now_ms()))
            if after.overlap != before.overlap:
                items_store.open_again(tx.connection, after.id, after.overlap)
            self._audit(
                tx, actor, project_id, "annotation.queue.change", before=before, after=after
            )
        return after

    def remove(self, actor: Principal, project_id: str, name: str) -> None:
        """Removes a queue with its items and labels. Scores and examples made of them stay."""
        with self._context.database.write() as tx:
            before = get_queue(tx.connection, project_id, name, lock=True)
            items_store.remove_queue_rows(tx.connection, before.id)
            rules_store.remove_rule(tx.connection, before.id)
            QUEUES.remove(tx.connection, project_id, before.id)
            self._audit(tx, actor, project_id, "annotation.queue.remove", before=before)

    def _audit(
        self,
        tx: Transaction,
        actor: Principal,
        project_id: str,
        action: str,
        *,
        before: AnnotationQueue | None = None,
        after: AnnotationQueue | None = None,
    ) -> None:
        named = after or before
        self._context.audit_log.append(
            tx,
            actor,
            project_id,
            action,
            named.name if named else "",
            before=_facts(before) if before else None,
            after=_facts(after) if after else None,
        )


def get_queue(
    connection: Connection, project_id: str, name: str, *, lock: bool = False
) -> AnnotationQueue:
    """Returns a queue. Raises `NotFound`."""
    if found := QUEUES.find(connection, project_id, name, "name", lock=lock):
        return found.entry
    raise NotFound(
        f"This project has no annotation queue {name[:63]!r}.",
        hint="List them: penstock annotation list",
        code="annotation_queue_not_found",
    )


def _facts(queue: AnnotationQueue) -> dict[str, object]:
    """The fields for the audit log; guidelines by their hash, because they are long."""
    return {
        "id": queue.id,
        "schema": queue.schema.digest(),
        "kind": queue.schema.kind.value,
        "score": queue.score,
        "overlap": queue.overlap,
        "annotators": list(queue.annotators),
        "adjudicator": queue.adjudicator,
        "guidelines": content_hash(queue.guidelines)[:16],
    }
