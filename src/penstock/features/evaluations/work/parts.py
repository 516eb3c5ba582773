"""What the passes of a run work with."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from penstock.features.datasets.model import VersionItem
from penstock.features.evaluations.model import DatasetItems, EvaluationRun
from penstock.features.evaluations.work.measuring import EvaluatorSet
from penstock.features.evaluations.work.rows import RowExecutor
from penstock.features.evaluations.work.spending import RunSpending
from penstock.infra.sql import Database


@dataclass(frozen=True, slots=True)
class RunParts:
    """A run with what executes it."""

    run: EvaluationRun
    database: Database
    items: DatasetItems
    rows: RowExecutor
    evaluators: EvaluatorSet
    spending: RunSpending

    async def pages(self, rows: int) -> AsyncIterator[Sequence[VersionItem]]:
        """Yields the items of the run, so many at once that they have about `rows` results."""
        run, plan, after = self.run, self.run.plan, 0
        size = max(1, rows // plan.repeats)
        while True:
            page = await asyncio.to_thread(
                self.items.items,
                *(run.project_id, plan.dataset, plan.version),
                after=after,
                limit=size,
                chosen=plan.chosen,
            )
            yield page.items
            if page.after is None:
                return
            after = page.after
