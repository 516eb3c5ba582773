"""Connects the parts of online evaluation in the server."""

import logging
from dataclasses import dataclass
from typing import Final, Protocol

from penstock.features.background import rounds
from penstock.features.conflicts import AuditedEvents
from penstock.features.context import Context
from penstock.features.evaluations.model import FindEvaluator
from penstock.features.evaluations.online import store
from penstock.features.evaluations.online.drawing import CallDrawer
from penstock.features.evaluations.online.figures import AuthorScores, FigureReader
from penstock.features.evaluations.online.measured import MeasuredCallReader, StoredJudgements
from penstock.features.evaluations.online.model import HOUR_MS
from penstock.features.evaluations.online.rules import OnlineRules
from penstock.features.evaluations.online.samples import ArrivedCalls
from penstock.features.evaluations.online.scoring import MeasuredScores, SubmitScores
from penstock.infra.jobs.wanted import WorkWanted

KEPT_DAYS: Final = 400  # of counts by hour and release; figures are of newer calls only
_EVERY_S: Final = 2.0
_CLEAN_EVERY_S: Final = 3600.0
_log: Final = logging.getLogger("penstock.evaluations")


class TrafficScores(AuthorScores, StoredJudgements, Protocol):
    """The scores of calls."""

    @property
    def submit(self) -> SubmitScores: ...


@dataclass(frozen=True, slots=True)
class StoredTraffic:
    """Recorded calls and scores."""

    calls: ArrivedCalls
    scores: TrafficScores


@dataclass(frozen=True, slots=True)
class OpenedOnline:
    """The use cases of online evaluation, and what runs periodically."""

    context: Context
    rules: OnlineRules
    figures: FigureReader
    measured: MeasuredCallReader
    drawer: CallDrawer
    writer: MeasuredScores

    def step(self) -> None:
        """Draws calls, and writes the scores of those that were measured."""
        self.drawer.run_due()
        self.writer.write()

    async def run(self) -> None:
        """Draws and writes every two seconds."""
        await rounds(self.step, _EVERY_S)

    async def clean(self) -> None:
        """Removes old counts every hour."""
        await rounds(self._remove_old, _CLEAN_EVERY_S)

    def _remove_old(self) -> None:
        before = self.context.now_ms() - KEPT_DAYS * 24 * HOUR_MS
        with self.context.database.write() as tx:
            store.remove_old_counts(tx.connection, before)


def open_online(
    context: Context,
    find: FindEvaluator,
    wanted: WorkWanted,
    traffic: StoredTraffic,
    events: AuditedEvents,
) -> OpenedOnline:
    """Returns the parts."""
    return OpenedOnline(
        context,
        OnlineRules(context, find, events),
        FigureReader(context, find, traffic.scores),
        MeasuredCallReader(context, find, traffic.scores),
        CallDrawer(context, traffic.calls, wanted),
        MeasuredScores(context, traffic.scores.submit),
    )
