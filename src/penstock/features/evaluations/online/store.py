"""Rows of online evaluations. Functions take a connection and return values, never rows."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, cast, delete, func, insert, select, update

from penstock.features.evaluations.online.model import (
    DrawCounts,
    OnlineRule,
    RuleDrawing,
    RuleSpending,
    SampledCall,
    SampleState,
    StoredOnlineRule,
    Strata,
)
from penstock.features.evaluations.online.tables import COUNTS, RULES, SAMPLES
from penstock.features.traces.model import Cursor
from penstock.rules.evaluation.measurements import Measurement
from penstock.rules.evaluation.samples import Sample

_encoder: Final = msgspec.json.Encoder()
_measurements: Final = msgspec.json.Decoder(dict[str, Measurement])
_samples: Final = msgspec.json.Decoder(Sample)
_COUNTED: Final = DrawCounts.__struct_fields__


def add_rule(connection: Connection, stored: StoredOnlineRule) -> None:
    """Stores a new rule."""
    row = {
        "id": stored.id,
        "project_id": stored.project_id,
        "name": stored.name,
        "version": stored.version,
        "enabled": stored.rule.enabled,
        "rule": _text(stored.rule),
        **_drawing_values(stored.drawing),
        "spent_period": stored.spending.period,
        "spent_usd": stored.spending.usd,
        "exhausted": stored.spending.exhausted,
        "created_ms": stored.created_ms,
        "updated_ms": stored.updated_ms,
    }
    connection.execute(insert(RULES).values(row))


def replace_rule(connection: Connection, stored: StoredOnlineRule) -> None:
    """Stores another version of a rule, and where it goes on; what it has drawn and spent stays. It
    may have space in its budget again, and is looked at soon."""
    values = {
        "version": stored.version,
        "enabled": stored.rule.enabled,
        "rule": _text(stored.rule),
        "position": _text(stored.drawing.position),
        "exhausted": False,
        "error": "",
        "next_ms": stored.updated_ms,
        "updated_ms": stored.updated_ms,
    }
    connection.execute(update(RULES).where(RULES.c.id == stored.id).values(values))


def remove_rule(connection: Connection, rule_id: str) -> None:
    """Deletes a rule with what waits and what was counted; its scores stay."""
    for table in (SAMPLES, COUNTS):
        connection.execute(delete(table).where(table.c.rule_id == rule_id))
    connection.execute(delete(RULES).where(RULES.c.id == rule_id))


def find_rule(
    connection: Connection, project_id: str, name: str, *, lock: bool = False
) -> StoredOnlineRule | None:
    """Returns a rule of a project, if it exists."""
    query = select(RULES).where(RULES.c.project_id == project_id, RULES.c.name == name)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else _rule(row)


def find_rule_by_id(connection: Connection, rule_id: str) -> StoredOnlineRule | None:
    """Returns a rule, if it still exists."""
    row = connection.execute(select(RULES).where(RULES.c.id == rule_id)).one_or_none()
    return None if row is None else _rule(row)


def list_rules(
    connection: Connection, project_id: str, after: str, limit: int
) -> list[StoredOnlineRule]:
    """Returns the rules of a project by name, after one."""
    query = select(RULES).where(RULES.c.project_id == project_id, RULES.c.name > after)
    return [_rule(row) for row in connection.execute(query.order_by(RULES.c.name).limit(limit))]


def count_rules(connection: Connection, project_id: str) -> int:
    """Returns how many rules a project has."""
    query = select(func.count()).select_from(RULES).where(RULES.c.project_id == project_id)
    return connection.execute(query).scalar_one()


def due_rules(connection: Connection, now_ms: int, limit: int) -> list[StoredOnlineRule]:
    """Returns the enabled rules of all projects whose time has come, the longest waiting first."""
    query = select(RULES).where(RULES.c.enabled, RULES.c.next_ms <= now_ms)
    return [_rule(row) for row in connection.execute(query.order_by(RULES.c.next_ms).limit(limit))]


def save_drawing(connection: Connection, rule_id: str, drawing: RuleDrawing) -> bool:
    """Stores how far a rule is. Returns false if it was removed meanwhile."""
    changed = update(RULES).where(RULES.c.id == rule_id).values(_drawing_values(drawing))
    return connection.execute(changed).rowcount == 1


def save_spending(connection: Connection, rule_id: str, spending: RuleSpending) -> None:
    """Stores what a rule has spent."""
    changed = update(RULES).where(RULES.c.id == rule_id)
    connection.execute(
        changed.values(
            spent_period=spending.period, spent_usd=spending.usd, exhausted=spending.exhausted
        )
    )


def known_spans(connection: Connection, rule_id: str, span_ids: Collection[str]) -> set[str]:
    """Returns which of some spans wait already."""
    query = select(SAMPLES.c.span_id).where(SAMPLES.c.rule_id == rule_id)
    return set(connection.execute(query.where(SAMPLES.c.span_id.in_(span_ids))).scalars())


def add_samples(connection: Connection, samples: Sequence[SampledCall]) -> None:
    """Stores drawn calls."""
    if samples:
        connection.execute(insert(SAMPLES), [_sample_row(each) for each in samples])


def waiting_size(connection: Connection, rule_id: str) -> tuple[int, int]:
    """Returns how many calls of a rule wait to be measured, and the bytes of their content."""
    query = select(func.count(), func.sum(SAMPLES.c.byte_count)).where(
        SAMPLES.c.rule_id == rule_id, SAMPLES.c.state == SampleState.WAITING.value
    )
    count, size = connection.execute(query).one()
    return count, int(size or 0)


def waiting_samples(connection: Connection, rule_id: str, limit: int) -> list[SampledCall]:
    """Returns calls that wait to be measured, in their order."""
    query = select(SAMPLES).where(
        SAMPLES.c.rule_id == rule_id, SAMPLES.c.state == SampleState.WAITING.value
    )
    ordered = query.order_by(SAMPLES.c.stored_ns, SAMPLES.c.span_id).limit(limit)
    return [_sample(row) for row in connection.execute(ordered)]


def measured_samples(connection: Connection, limit: int) -> list[SampledCall]:
    """Returns measured calls of all rules whose scores are not written, the oldest first."""
    query = select(SAMPLES).where(SAMPLES.c.state == SampleState.MEASURED.value)
    ordered = query.order_by(SAMPLES.c.stored_ns).limit(limit)
    return [_sample(row) for row in connection.execute(ordered)]


def begin_measuring(connection: Connection, rule_id: str, span_ids: Collection[str]) -> None:
    """Counts an attempt of some calls."""
    chosen = (SAMPLES.c.rule_id == rule_id, SAMPLES.c.span_id.in_(span_ids))
    connection.execute(update(SAMPLES).where(*chosen).values(attempts=SAMPLES.c.attempts + 1))


def save_measured(connection: Connection, measured: Iterable[SampledCall]) -> None:
    """Stores the measurements of calls; of those that were removed, nothing."""
    for each in measured:
        chosen = (SAMPLES.c.rule_id == each.rule_id, SAMPLES.c.span_id == each.span_id)
        values = {
            "state": SampleState.MEASURED.value,
            "sample": "",
            "byte_count": 0,
            "measurements": _text(each.measurements),
            "cost_usd": each.cost_usd,
        }
        connection.execute(update(SAMPLES).where(*chosen).values(values))


def remove_samples(connection: Connection, rule_id: str, span_ids: Collection[str]) -> None:
    """Deletes calls."""
    chosen = (SAMPLES.c.rule_id == rule_id, SAMPLES.c.span_id.in_(span_ids))
    connection.execute(delete(SAMPLES).where(*chosen))


def add_counts(connection: Connection, rule_id: str, strata: Mapping[Any, DrawCounts]) -> None:
    """Adds counts by hour and release. A stratum begins with the calls that were drawn."""
    for (hour_ms, release), counts in sorted(strata.items()):
        key = (
            COUNTS.c.rule_id == rule_id,
            COUNTS.c.hour_ms == hour_ms,
            COUNTS.c.release == release,
        )
        given = msgspec.structs.asdict(counts)
        more = {name: COUNTS.c[name] + value for name, value in given.items()}
        if connection.execute(update(COUNTS).where(*key).values(more)).rowcount == 0:
            row = {"rule_id": rule_id, "hour_ms": hour_ms, "release": release, **given}
            connection.execute(insert(COUNTS).values(row))


def counts_between(
    connection: Connection, rule_id: str, from_ms: int, to_ms: int, limit: int
) -> Strata:
    """Returns the counts of hours that begin in a range, by hour and release: the newest."""
    chosen = (
        COUNTS.c.rule_id == rule_id,
        COUNTS.c.hour_ms >= from_ms,
        COUNTS.c.hour_ms < to_ms,
    )
    query = select(COUNTS).where(*chosen).order_by(COUNTS.c.hour_ms.desc()).limit(limit)
    return {
        (row.hour_ms, row.release): DrawCounts(**{name: getattr(row, name) for name in _COUNTED})
        for row in connection.execute(query)
    }


def total_counts(
    connection: Connection, rule_ids: Collection[str], from_ms: int
) -> dict[str, DrawCounts]:
    """Returns the sums of rules since a time."""
    columns = [COUNTS.c[name] for name in _COUNTED]
    sums = [cast(func.sum(each), each.type).label(each.name) for each in columns]
    chosen = (COUNTS.c.rule_id.in_(rule_ids), COUNTS.c.hour_ms >= from_ms)
    rows = connection.execute(
        select(COUNTS.c.rule_id, *sums).where(*chosen).group_by(COUNTS.c.rule_id)
    )
    return {
        row.rule_id: msgspec.convert(
            {name: getattr(row, name) or 0 for name in _COUNTED}, DrawCounts, strict=False
        )
        for row in rows
    }


def remove_old_counts(connection: Connection, before_ms: int) -> None:
    """Deletes the counts of hours before a time."""
    connection.execute(delete(COUNTS).where(COUNTS.c.hour_ms < before_ms))


def waiting_by_rule(connection: Connection, rule_ids: Collection[str]) -> dict[str, int]:
    """Returns how many drawn calls have no scores yet."""
    query = select(SAMPLES.c.rule_id, func.count()).where(SAMPLES.c.rule_id.in_(rule_ids))
    return {row[0]: row[1] for row in connection.execute(query.group_by(SAMPLES.c.rule_id))}


def _rule(row: Row[*tuple[Any, ...]]) -> StoredOnlineRule:
    return StoredOnlineRule(
        id=row.id,
        project_id=row.project_id,
        name=row.name,
        version=row.version,
        rule=msgspec.json.decode(row.rule, type=OnlineRule),
        drawing=RuleDrawing(
            position=msgspec.json.decode(row.position, type=Cursor),
            day=row.day,
            drawn_today=row.drawn_today,
            error=row.error,
            job_id=row.job_id,
            looked_ms=row.looked_ms,
            next_ms=row.next_ms,
        ),
        spending=RuleSpending(row.spent_period, row.spent_usd, row.exhausted),
        created_ms=row.created_ms,
        updated_ms=row.updated_ms,
    )


def _drawing_values(drawing: RuleDrawing) -> dict[str, Any]:
    return {
        "position": _text(drawing.position),
        "day": drawing.day,
        "drawn_today": drawing.drawn_today,
        "error": drawing.error,
        "job_id": drawing.job_id,
        "looked_ms": drawing.looked_ms,
        "next_ms": drawing.next_ms,
    }


def _sample_row(each: SampledCall) -> dict[str, Any]:
    sample = "" if each.sample is None else _text(each.sample)
    return {
        "rule_id": each.rule_id,
        "span_id": each.span_id,
        "trace_id": each.trace_id,
        "release": each.release,
        "start_ns": each.start_ns,
        "stored_ns": each.stored_ns,
        "state": each.state.value,
        "attempts": each.attempts,
        "byte_count": len(sample),
        "sample": sample,
        "measurements": _text(each.measurements),
        "cost_usd": each.cost_usd,
    }


def _sample(row: Row[*tuple[Any, ...]]) -> SampledCall:
    return SampledCall(
        row.rule_id,
        row.span_id,
        row.trace_id,
        row.release,
        row.start_ns,
        row.stored_ns,
        SampleState(row.state),
        row.attempts,
        _samples.decode(row.sample) if row.sample else None,
        _measurements.decode(row.measurements),
        row.cost_usd,
    )


def _text(value: Any) -> str:
    return _encoder.encode(value).decode()
