"""Figures of outcomes. All methods block."""

from collections.abc import Callable, Mapping

from penstock.features.feedback.model import OutcomeFigures
from penstock.features.feedback.store.figures import FigureStore
from penstock.features.traces.model import TimeRange
from penstock.infra.columns import ColumnStore


class FigureService:
    """Use cases of figures. `columns` returns the open store or raises."""

    def __init__(self, columns: Callable[[], ColumnStore]) -> None:
        self._columns = columns

    def figures(
        self,
        project_id: str,
        time_range: TimeRange,
        only: Mapping[str, tuple[str, ...]],
        *,
        unit: str = "session",
        by: str = "",
        width_ns: int = 0,
    ) -> list[OutcomeFigures]:
        """Returns the figures of sessions or traces in groups (see `FigureStore.figures`)."""
        store = FigureStore(self._columns())
        return store.figures(project_id, time_range, only, unit=unit, by=by, width_ns=width_ns)
