"""The table of what runs that have ended say in short: a summary, and their values by metric. So
comparisons read no ledger. Functions take a connection and return values, never rows."""

import zlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import msgspec
from sqlalchemy import Column, Connection, LargeBinary, Table, Text, delete, insert, select

from penstock.features.evaluations.model import RunState
from penstock.features.evaluations.store import METADATA, RUNS
from penstock.rules.document import Document
from penstock.rules.eval_reports.summary import RunSummary
from penstock.rules.gates.values import MetricValues
from penstock.rules.scores.vocabulary import ScoreState

SUMMARIES: Final = Table(
    "evaluation_summaries",
    METADATA,
    Column("run_id", Text, primary_key=True),
    Column("summary", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
)
_summaries: Final = msgspec.json.Decoder(RunSummary)
_FAST: Final = 1  # the level of compression: numbers gain little by more


@dataclass(frozen=True, slots=True)
class SummarizedRun:
    """A run that is done, in short."""

    run_id: str
    ended_ms: int
    summary: RunSummary


class StoredMetric(Document, frozen=True):
    """The values of a metric: those of each item's repeats, in the order of the items."""

    states: dict[str, int]
    values: list[tuple[float, ...]]


class StoredValues(Document, frozen=True):
    """The values of a run that has ended. `groups`: of the items that have one."""

    items: list[str]
    groups: dict[str, str]
    metrics: dict[str, StoredMetric]

    @classmethod
    def of(
        cls, items: Collection[str], groups: dict[str, str], metrics: dict[str, MetricValues]
    ) -> "StoredValues":
        """Returns values as they are stored."""
        stored = {
            name: StoredMetric(
                {state.value: count for state, count in found.states.items()},
                [tuple(found.values.get(item, ())) for item in items],
            )
            for name, found in metrics.items()
        }
        return cls(list(items), groups, stored)

    def metric_values(self) -> dict[str, MetricValues]:
        """Returns the values by metric."""
        return {
            name: MetricValues(
                {item: found for item, found in zip(self.items, each.values, strict=True) if found},
                {ScoreState(state): count for state, count in each.states.items()},
            )
            for name, each in self.metrics.items()
        }


def save_summary(
    connection: Connection, run_id: str, summary: RunSummary, values: StoredValues
) -> None:
    """Stores what a run says that has ended, in place of what it said before."""
    content = zlib.compress(msgspec.msgpack.encode(values), _FAST)
    row = {"run_id": run_id, "summary": msgspec.json.encode(summary).decode(), "content": content}
    connection.execute(delete(SUMMARIES).where(SUMMARIES.c.run_id == run_id))
    connection.execute(insert(SUMMARIES).values(row))


def find_values(connection: Connection, run_id: str) -> StoredValues | None:
    """Returns the values of a run that has ended."""
    query = select(SUMMARIES.c.content).where(SUMMARIES.c.run_id == run_id)
    content = connection.execute(query).scalar_one_or_none()
    if content is None:
        return None
    return msgspec.msgpack.decode(zlib.decompress(content), type=StoredValues)


def list_summaries(
    connection: Connection, project_id: str, dataset: str, limit: int
) -> list[SummarizedRun]:
    """Returns the newest runs of a dataset that are done, newest first."""
    query = (
        select(RUNS.c.id, RUNS.c.ended_ms, SUMMARIES.c.summary)
        .join(SUMMARIES, RUNS.c.id == SUMMARIES.c.run_id)
        .where(
            RUNS.c.project_id == project_id,
            RUNS.c.dataset == dataset,
            RUNS.c.state == RunState.DONE.value,
        )
        .order_by(RUNS.c.created_ms.desc(), RUNS.c.id.desc())
        .limit(limit)
    )
    return [
        SummarizedRun(row.id, row.ended_ms, _summaries.decode(row.summary))
        for row in connection.execute(query)
    ]
