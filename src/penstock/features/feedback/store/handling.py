"""Who works on which feedback, as rows of the column store."""

import msgspec

from penstock.infra.columns import ColumnStore


class HandlingRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table `feedback_handling`; the row with the highest version counts."""

    project_id: str
    score_id: str
    version: int
    status: str
    assignee: str
    changed_by: str


class HandlingStore:
    """Writes the status of feedback. `ScoreStore` reads it with the feedback."""

    def __init__(self, columns: ColumnStore) -> None:
        self._columns = columns

    def add(self, row: HandlingRow) -> None:
        """Stores a status; it is on disk when this returns."""
        self._columns.insert("feedback_handling", [row])
