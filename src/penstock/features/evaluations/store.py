"""The tables of evaluation runs: runs, and the ledger of their results. Functions take a connection
and return values, never rows."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    MetaData,
    Row,
    Table,
    Text,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    update,
)

from penstock.features.evaluations.model import (
    OPEN_STATES,
    AnswerFigures,
    EvaluationPlan,
    EvaluationRun,
    MeasuredRow,
    Result,
    ResultState,
    RunState,
    TargetAnswer,
)
from penstock.kernel.digests import canonical_json
from penstock.rules.evaluation.measurements import Measurement

METADATA: Final = MetaData()
RUNS: Final = Table(
    "evaluation_runs",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("project_id", Text, nullable=False),
    Column("dataset", Text, nullable=False),
    Column("release", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("dataset_digest", Text, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("job_id", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("started_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger, nullable=False),
    Column("plan", Text, nullable=False),
    Column("report", Text, nullable=False),
    Index("evaluation_runs_created", "project_id", "created_ms", "id"),
)
RESULTS: Final = Table(
    "evaluation_results",
    METADATA,
    Column("run_id", Text, primary_key=True),
    Column("item_id", Text, primary_key=True),
    Column("repeat", Integer, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("cost_usd", Float, nullable=False),
    Column("item_group", Text, nullable=False),
    Column("facets", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("measurements", Text, nullable=False),
    Index("evaluation_results_position", "run_id", "position", "repeat"),
    Index(
        "evaluation_results_group",
        *("run_id", "item_group", "repeat", "position"),
        sqlite_where=text("item_group <> ''"),
        postgresql_where=text("item_group <> ''"),
    ),
)
_PAGE: Final = 200  # results read at once: their answers may be long
_KEYS: Final = (RESULTS.c.item_id, RESULTS.c.repeat)
_figures: Final = msgspec.json.Decoder(AnswerFigures)
_answers: Final = msgspec.json.Decoder(TargetAnswer)
_measurements: Final = msgspec.json.Decoder(dict[str, Measurement])
_facets: Final = msgspec.json.Decoder(dict[str, str])
_encoder: Final = msgspec.json.Encoder()


def add_run(connection: Connection, run: EvaluationRun) -> None:
    """Stores a new run."""
    row = {
        **msgspec.structs.asdict(run),
        "dataset": run.plan.dataset,
        "release": run.plan.release,
        "state": run.state.value,
        "plan": encode_plan(run.plan),
        "report": encode_report(run.report),
    }
    connection.execute(insert(RUNS).values(row))


def encode_plan(plan: EvaluationPlan) -> str:
    """Returns a plan as its column has it."""
    return canonical_json(plan).decode()


def encode_report(report: Mapping[str, Any]) -> str:
    """Returns a report as its column has it."""
    return _encoder.encode(report).decode()


def change_run(connection: Connection, run_id: str, **values: object) -> None:
    """Changes columns of a run."""
    connection.execute(update(RUNS).where(RUNS.c.id == run_id).values(values))


def remove_run(connection: Connection, run_id: str) -> None:
    """Deletes a run with its ledger."""
    connection.execute(delete(RESULTS).where(RESULTS.c.run_id == run_id))
    connection.execute(delete(RUNS).where(RUNS.c.id == run_id))


def find_compared_with(connection: Connection, project_id: str, baseline: str) -> str | None:
    """Returns an open run that is compared with this baseline."""
    named = f'"baseline_run":{canonical_json(baseline).decode()}'
    query = select(RUNS.c.id).where(
        RUNS.c.project_id == project_id,
        RUNS.c.state.in_([each.value for each in OPEN_STATES]),
        RUNS.c.plan.contains(named, autoescape=True),
    )
    return connection.execute(query.limit(1)).scalar_one_or_none()


def find_run(
    connection: Connection, project_id: str, run_id: str, *, lock: bool = False
) -> EvaluationRun | None:
    """Returns a run of a project, if it exists."""
    query = select(RUNS).where(RUNS.c.project_id == project_id, RUNS.c.id == run_id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else _run(row)


def states_of(connection: Connection, run_ids: Collection[str]) -> dict[str, RunState]:
    """Returns the states of runs, without those that do not exist any more."""
    query = select(RUNS.c.id, RUNS.c.state).where(RUNS.c.id.in_(run_ids))
    return {row.id: RunState(row.state) for row in connection.execute(query)}


def count_runs(connection: Connection, project_id: str) -> int:
    """Returns how many runs a project has."""
    query = select(func.count()).select_from(RUNS)
    return connection.execute(query.where(RUNS.c.project_id == project_id)).scalar_one()


def list_runs(
    connection: Connection,
    project_id: str,
    *,
    dataset: str = "",
    release: str = "",
    before: tuple[int, str] | None,
    limit: int,
) -> list[EvaluationRun]:
    """Returns runs, newest first, of a dataset and a release if they are given."""
    query = select(RUNS).where(RUNS.c.project_id == project_id)
    if dataset:
        query = query.where(RUNS.c.dataset == dataset)
    if release:
        query = query.where(RUNS.c.release.startswith(release, autoescape=True))
    if before is not None:
        at, run_id = before
        same = and_(RUNS.c.created_ms == at, RUNS.c.id < run_id)
        query = query.where(or_(RUNS.c.created_ms < at, same))
    rows = connection.execute(
        query.order_by(RUNS.c.created_ms.desc(), RUNS.c.id.desc()).limit(limit)
    )
    return [_run(row) for row in rows]


def next_ended(
    connection: Connection, project_id: str, dataset: str, after: tuple[int, str], until_ms: int
) -> EvaluationRun | None:
    """Returns the first run of a dataset that ended after a time and id, until a time."""
    at, run_id = after
    same = and_(RUNS.c.ended_ms == at, RUNS.c.id > run_id)
    query = select(RUNS).where(
        RUNS.c.project_id == project_id,
        RUNS.c.dataset == dataset,
        RUNS.c.ended_ms > 0,
        RUNS.c.ended_ms <= until_ms,
        or_(RUNS.c.ended_ms > at, same),
    )
    row = connection.execute(query.order_by(RUNS.c.ended_ms, RUNS.c.id).limit(1)).one_or_none()
    return None if row is None else _run(row)


def save_results(connection: Connection, run_id: str, results: Sequence[Result]) -> None:
    """Stores rows of the ledger, in place of those that are there."""
    if not results:
        return
    keys = [{"of_item": each.item_id, "of_repeat": each.repeat} for each in results]
    same = (RESULTS.c.item_id == bindparam("of_item"), RESULTS.c.repeat == bindparam("of_repeat"))
    connection.execute(delete(RESULTS).where(RESULTS.c.run_id == run_id, *same), keys)
    connection.execute(insert(RESULTS), [_to_row(run_id, each) for each in results])


def results_of(
    connection: Connection, run_id: str, item_ids: Collection[str]
) -> dict[tuple[str, int], Result]:
    """Returns the rows of some items, by item and repeat."""
    query = select(RESULTS).where(RESULTS.c.run_id == run_id, RESULTS.c.item_id.in_(item_ids))
    found = map(_result, connection.execute(query))
    return {(each.item_id, each.repeat): each for each in found}


def results_of_groups(
    connection: Connection, run_id: str, groups: Collection[str], limit: int
) -> list[Result]:
    """Returns the first rows of some groups in the order of the dataset, `limit` of each group and
    repeat at most."""
    place = func.row_number().over(
        partition_by=(RESULTS.c.item_group, RESULTS.c.repeat), order_by=RESULTS.c.position
    )
    chosen = select(RESULTS.c.item_id, RESULTS.c.repeat, place.label("place")).where(
        RESULTS.c.run_id == run_id,
        RESULTS.c.item_group.in_(groups),
        text("item_group <> ''"),  # not a parameter, so that SQLite uses the partial index
    )
    first = chosen.subquery()
    same = and_(RESULTS.c.item_id == first.c.item_id, RESULTS.c.repeat == first.c.repeat)
    query = select(RESULTS).join(first, same)
    query = query.where(RESULTS.c.run_id == run_id, first.c.place <= limit)
    rows = connection.execute(query.order_by(RESULTS.c.position, RESULTS.c.repeat))
    return [_result(row) for row in rows]


def list_results(
    connection: Connection,
    run_id: str,
    *,
    states: Collection[ResultState] = (),
    after: tuple[int, int] | None = None,
    limit: int = _PAGE,
) -> list[Result]:
    """Returns rows in the order of the dataset, after a position and repeat."""
    query = select(RESULTS).where(RESULTS.c.run_id == run_id)
    if states:
        query = query.where(RESULTS.c.state.in_([each.value for each in states]))
    if after is not None:
        position, repeat = after
        same = and_(RESULTS.c.position == position, RESULTS.c.repeat > repeat)
        query = query.where(or_(RESULTS.c.position > position, same))
    rows = connection.execute(query.order_by(RESULTS.c.position, RESULTS.c.repeat).limit(limit))
    return [_result(row) for row in rows]


def all_results(connection: Connection, run_id: str) -> Iterator[Result]:
    """Yields all rows in the order of the dataset, page by page."""
    after: tuple[int, int] | None = None
    while page := list_results(connection, run_id, after=after):
        yield from page
        after = page[-1].position, page[-1].repeat


def measured_rows(connection: Connection, run_id: str) -> Iterator[MeasuredRow]:
    """Yields what was measured of all answers, in the order of the dataset, without their texts."""
    columns = (*_KEYS, RESULTS.c.item_group, RESULTS.c.facets, RESULTS.c.answer)
    query = select(*columns, RESULTS.c.measurements).where(
        RESULTS.c.run_id == run_id, RESULTS.c.state != ResultState.ANSWERED.value
    )
    ordered = query.order_by(RESULTS.c.position, RESULTS.c.repeat)
    for row in connection.execute(ordered.execution_options(yield_per=_PAGE)):
        item_id, repeat, group, facets, answer, measurements = row
        yield MeasuredRow(
            item_id,
            repeat,
            group,
            _facets.decode(facets),
            _figures.decode(answer),
            _measurements.decode(measurements),
        )


def sums_of(connection: Connection, run_id: str) -> dict[ResultState, tuple[int, float]]:
    """Returns the number of rows and their cost in USD, by state."""
    query = select(RESULTS.c.state, func.count(), func.sum(RESULTS.c.cost_usd))
    rows = connection.execute(query.where(RESULTS.c.run_id == run_id).group_by(RESULTS.c.state))
    return {ResultState(row[0]): (row[1], float(row[2] or 0)) for row in rows}


def _to_row(run_id: str, result: Result) -> dict[str, object]:
    return {
        "run_id": run_id,
        "item_id": result.item_id,
        "repeat": result.repeat,
        "position": result.position,
        "state": result.state.value,
        "round": result.round,
        "cost_usd": result.cost_usd,
        "item_group": result.group,
        "facets": _encoder.encode(result.facets).decode(),
        "answer": _encoder.encode(result.answer).decode(),
        "measurements": _encoder.encode(result.measurements).decode(),
    }


def _result(row: Row[*tuple[Any, ...]]) -> Result:
    return Result(
        row.item_id,
        row.repeat,
        row.position,
        ResultState(row.state),
        row.round,
        _answers.decode(row.answer),
        _measurements.decode(row.measurements),
        row.item_group,
        _facets.decode(row.facets),
        row.cost_usd,
    )


def _run(row: Row[*tuple[Any, ...]]) -> EvaluationRun:
    columns: dict[str, Any] = dict(zip(RUNS.columns.keys(), row, strict=True))
    del columns["dataset"], columns["release"]
    columns |= {
        "plan": msgspec.json.decode(row.plan, type=EvaluationPlan),
        "report": msgspec.json.decode(row.report),
        "state": RunState(row.state),
    }
    return EvaluationRun(**columns)
