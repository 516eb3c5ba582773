"""The inbox of feedback: who works on it, and what became of it. All methods block."""

from collections.abc import Callable

import msgspec

from penstock.features.access import Principal
from penstock.features.context import Context
from penstock.features.feedback.model import HandlingStatus, StoredScore
from penstock.features.feedback.store.handling import HandlingRow, HandlingStore
from penstock.features.feedback.store.scores import ScoreStore
from penstock.infra.columns import ColumnStore
from penstock.kernel.errors import NotFound
from penstock.rules.scores.vocabulary import ScoreKind


class InboxService:
    """Use cases of the inbox. `columns` returns the open store or raises."""

    def __init__(self, context: Context, columns: Callable[[], ColumnStore]) -> None:
        self._context = context
        self._columns = columns

    def handle(
        self,
        actor: Principal,
        project_id: str,
        feedback_id: str,
        status: HandlingStatus,
        assignee: str,
    ) -> StoredScore:
        """Sets status and assignee (empty: nobody) of feedback. The last change counts. Raises
        `NotFound`."""
        columns = self._columns()
        found = ScoreStore(columns).find(project_id, feedback_id)
        if found is None or found.kind != ScoreKind.FEEDBACK:
            raise NotFound("There is no such feedback in this project.")
        # The event first: the column store has no transaction with the database.
        with self._context.database.write() as tx:
            self._context.audit_log.append(
                tx,
                actor,
                project_id,
                "feedback.handle",
                feedback_id,
                before={"status": found.status, "assignee": found.assignee},
                after={"status": status.value, "assignee": assignee},
            )
        HandlingStore(columns).add(
            HandlingRow(
                project_id=project_id,
                score_id=feedback_id,
                version=self._context.clock.now_ns(),
                status=status.value,
                assignee=assignee,
                changed_by=actor.id,
            )
        )
        return msgspec.structs.replace(found, status=status.value, assignee=assignee)
