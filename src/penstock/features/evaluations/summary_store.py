"""The table of what runs that have ended say in short: a summary, and their values by metric. So
comparisons read no ledger. Functions take a connection and return values, never rows."""

from dataclasses import dataclass
from typing import Final

import msgspec
from sqlalchemy import Column, Connection, LargeBinary, Table, Text, delete, insert, select

from penstock.features.evaluations.model import RunState
from penstock.features.evaluations.store import METADATA, RUNS
from penstock.rules.eval_reports.summary import RunSummary

SUMMARIES: Final = Table(
    "evaluation_summaries",
    METADATA,
    Column("run_id", Text, primary_key=True),
    Column("summary", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
)
_summaries: Final = msgspec.json.Decoder(RunSummary)


@dataclass(frozen=True, slots=True)
class SummarizedRun:
    """A run that is done, in short."""

    run_id: str
    ended_ms: int
    summary: RunSummary


def save_summary(connection: Connection, run_id: str, summary: RunSummary, values: bytes) -> None:
    """Stores what a run says that has ended, in place of what it said before."""
    encoded = msgspec.json.encode(summary).decode()
    row = {"run_id": run_id, "summary": encoded, "content": values}
    connection.execute(delete(SUMMARIES).where(SUMMARIES.c.run_id == run_id))
    connection.execute(insert(SUMMARIES).values(row))


def remove_summary(connection: Connection, run_id: str) -> None:
    """Deletes what a run says."""
    connection.execute(delete(SUMMARIES).where(SUMMARIES.c.run_id == run_id))


def find_values(connection: Connection, run_id: str) -> bytes | None:
    """Returns the values of a run that has ended."""
    query = select(SUMMARIES.c.content).where(SUMMARIES.c.run_id == run_id)
    return connection.execute(query).scalar_one_or_none()


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
