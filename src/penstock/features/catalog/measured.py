"""Measures the models of a project by its calls and scores in the column store."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Final

import msgspec

from penstock.infra.columns import ColumnStore, Conditions
from penstock.rules.models.candidates import Measured, MeasuredScore

MOST_MEASURED: Final = 5_000  # models, those with the most calls
_MOST_MEANS: Final = 20_000  # of scores: by model and name

# Attempts, not calls: the failure of a model counts although another one answered the call.
# Those that the client has cancelled say nothing; batches have other prices and no durations.
_ENDED: Final = "a.status IN ('ok', 'error', 'interrupted') AND c.batch_id = ''"
_OF_CALLS: Final = """a.provider AS provider, a.model AS model, count() AS calls,
    countIf(a.status != 'ok') AS errors,
    quantilesIf(0.5, 0.95)(a.duration_ns, a.status = 'ok') AS duration_ns,
    sumIf(a.cost, a.status = 'ok') AS cost,
    countIf(a.status = 'ok' AND isNotNull(a.cost)) AS priced"""


class _OfCalls(msgspec.Struct, frozen=True, kw_only=True):
    provider: str
    model: str
    calls: int
    errors: int
    duration_ns: list[float | None]
    cost: Decimal | None
    priced: int


class _Mean(msgspec.Struct, frozen=True, kw_only=True):
    provider: str
    model: str
    name: str
    mean: float
    scores: int


class MeasuredModels:
    """Reads calls and scores. `columns` returns the open store or raises `PenstockError`."""

    def __init__(self, columns: Callable[[], ColumnStore]) -> None:
        self._columns = columns

    def measured(
        self, project_id: str, start_ns: int, end_ns: int, scores: Sequence[str]
    ) -> Mapping[tuple[str, str], Measured]:
        """Returns the figures by provider and model (see `ModelMeasures`)."""
        where = _calls(project_id, start_ns, end_ns)
        means = self._means(where, scores) if scores else {}
        found = self._columns().query(
            f"SELECT {_OF_CALLS} FROM calls AS c ARRAY JOIN c.attempts AS a"  # noqa: S608 - constants
            f" WHERE {where.clause()} AND {_ENDED} GROUP BY provider, model"
            f" ORDER BY calls DESC, provider, model LIMIT {MOST_MEASURED:d}",
            where.params,
            _OfCalls,
        )
        return {
            (one.provider, one.model): _measured(one, means.get((one.provider, one.model), {}))
            for one in found
        }

    def _means(
        self, where: Conditions, names: Sequence[str]
    ) -> dict[tuple[str, str], dict[str, MeasuredScore]]:
        """Returns the means of scores on the calls that a model answered. A score on a whole trace
        counts once for each model that answered a call of it."""
        statement = (
            "SELECT provider, model, name, avg(number) AS mean, count() AS scores FROM ("  # noqa: S608 - constants
            "SELECT DISTINCT c.provider AS provider, c.model AS model, s.id AS id, s.name AS name,"
            " assumeNotNull(s.number) AS number FROM (SELECT * FROM scores FINAL"
            " WHERE project_id = {project:String} AND name IN {names:Array(String)}"
            " AND state = 'scored' AND number IS NOT NULL AND trace_id != '') AS s"
            f" INNER JOIN (SELECT c.trace_id AS trace_id, c.span_id AS span_id,"
            f" c.provider AS provider, c.model AS model FROM calls AS c WHERE {where.clause()}"
            " AND c.provider != '') AS c ON c.trace_id = s.trace_id"
            " WHERE s.span_id = '' OR s.span_id = c.span_id)"
            f" GROUP BY provider, model, name ORDER BY scores DESC LIMIT {_MOST_MEANS:d}"
        )
        params = {**where.params, "names": tuple(names)}
        means: defaultdict[tuple[str, str], dict[str, MeasuredScore]] = defaultdict(dict)
        for one in self._columns().query(statement, params, _Mean):
            means[one.provider, one.model][one.name] = MeasuredScore(one.mean, one.scores)
        return means


def _calls(project_id: str, start_ns: int, end_ns: int) -> Conditions:
    where = Conditions()
    where.require("c.project_id = {project:String}", project=project_id)
    where.require(
        "c.start_time >= fromUnixTimestamp64Nano({from:Int64})"
        " AND c.start_time < fromUnixTimestamp64Nano({to:Int64})",
        **{"from": start_ns, "to": end_ns},
    )
    return where


def _measured(one: _OfCalls, scores: Mapping[str, MeasuredScore]) -> Measured:
    median, p95 = (None if ns is None else ns / 1e6 for ns in one.duration_ns)
    cost = one.cost / one.priced if one.cost is not None and one.priced else None
    answered = one.calls > one.errors
    return Measured(
        calls=one.calls,
        errors=one.errors,
        latency_ms=median if answered else None,
        latency_p95_ms=p95 if answered else None,
        cost=cost,
        priced=one.priced,
        scores=scores,
    )
