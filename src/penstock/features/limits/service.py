"""Use cases of limits."""

from collections.abc import Sequence
from dataclasses import replace as replace_use
from decimal import Decimal

from msgspec.structs import asdict, replace
from sqlalchemy import Connection

from penstock.features.access import Principal
from penstock.features.context import Context
from penstock.features.limits.forecast import Forecast, TimeSpan, forecast
from penstock.features.limits.history import UseHistory
from penstock.features.limits.model import (
    ID_KIND,
    CounterUse,
    CounterView,
    LimitChange,
    LimitHistory,
    LimitUse,
    PastUse,
    StoredLimit,
    counted_from_ns,
)
from penstock.features.limits.store import LIMITS
from penstock.kernel.errors import Conflict, InvalidRequest, NotFound
from penstock.rules.claims import CounterKind, space_of
from penstock.rules.document import Document
from penstock.rules.limits.documents import MAX_LIMITS, LimitEntry, LimitsSection, problem_of
from penstock.rules.limits.index import Amounts, Limit
from penstock.rules.snapshot.limits import LIMITS as LIMITS_SECTION
from penstock.spi.counters import CountersUnavailable


class LimitService:
    """Adds, changes and removes limits, and shows what is used of them."""

    def __init__(self, context: Context, counters: CounterView, past_use: PastUse) -> None:
        self._context = context
        self._counters = counters
        self._history = UseHistory(past_use)

    def list_all(self, project_id: str) -> list[StoredLimit]:
        """Returns the limits of a project by name."""
        with self._context.database.read() as connection:
            return LIMITS.list(connection, project_id)

    def list_everywhere(self) -> list[StoredLimit]:
        """Returns the limits of all projects."""
        with self._context.database.read() as connection:
            found = LIMITS.of_all_projects(connection)
        return [
            StoredLimit(project_id, entry, 0)
            for project_id, entries in found.items()
            for entry in entries
        ]

    def get(self, project_id: str, limit_id: str) -> StoredLimit:
        """Returns a limit. Raises `NotFound`."""
        with self._context.database.read() as connection:
            return _get(connection, project_id, limit_id)

    def use_of(self, limit: StoredLimit, values: Sequence[str] = ()) -> LimitUse | None:
        """Returns what is used now of the counter of `values`, one for each dimension that the
        limit counts by; `None` if there are not as many. Raises `CountersUnavailable`."""
        if len(values) != len(limit.entry.per):
            return None
        counted = Limit(limit.project_id, limit.entry)
        claim = counted.claim(tuple(values), Amounts(0), self._context.clock.now_ns())
        state = self._counters.read(replace(claim, amount=0))
        left = max(0, space_of(claim, state))
        if counted.kind == CounterKind.OPEN:
            state = state._replace(used=0)
        use = LimitUse(
            used=counted.in_units(state.used),
            reserved=counted.in_units(state.held),
            left=counted.in_units(left),
            exceeded=counted.in_units(state.excess),
        )
        if counted.kind != CounterKind.WINDOW:
            return use
        window = TimeSpan(claim.start_ns // 1_000_000, claim.end_ns // 1_000_000)
        return replace_use(
            use,
            window_start_ms=window.start_ms,
            window_end_ms=window.end_ms,
            forecast=self._forecast(limit, use.used, window),
        )

    def history_of(self, limit: StoredLimit, values: Sequence[str] = ()) -> LimitHistory:
        """Returns how much of the counter of `values` was used when. Raises `InvalidRequest` if
        there are not as many as dimensions, and `PenstockError` while the records of calls cannot
        be read."""
        use = self.use_of(limit, values)
        if use is None:
            raise InvalidRequest(
                f"This limit counts by {', '.join(limit.entry.per) or 'no dimension'}.",
                hint="Send one value for each dimension that it counts by.",
                param="value",
            )
        return self._history.read(limit, values, use, self._context.clock.now_ns())

    def counters_of(self, limit: StoredLimit) -> list[CounterUse]:
        """Returns the counters of the values that have used most lately, by what is used now.
        Raises `PenstockError` while the records of calls cannot be read."""
        found = self._history.values(limit, self._context.clock.now_ns())
        uses = [(values, self.use_of(limit, values)) for values in found]
        counters = [CounterUse(values, use) for values, use in uses if use is not None]
        return sorted(counters, key=lambda one: one.use.used + one.use.reserved, reverse=True)

    def _forecast(self, limit: StoredLimit, used: Decimal, window: TimeSpan) -> Forecast | None:
        """At the average rate since the window or the limit began."""
        now_ms = self._context.now_ms()
        since_ms = max(window.start_ms, counted_from_ns(limit) // 1_000_000)
        return forecast(used, limit.entry.amount, window, now_ms, (used, now_ms - since_ms))

    def use_if_known(self, limit: StoredLimit) -> LimitUse | None:
        """Returns the same of a limit with one counter; `None` while the counters are away."""
        try:
            return self.use_of(limit)
        except CountersUnavailable:
            return None

    def add(self, actor: Principal, project_id: str, new: LimitEntry) -> StoredLimit:
        """Adds a limit; gives it an id. Raises `InvalidRequest`, `Conflict`."""
        entry = _valid(replace(new, id=self._context.new_id(ID_KIND)))
        limit = StoredLimit(project_id, entry, self._context.now_ms())
        with self._context.database.write() as tx:
            _require_free_name(tx.connection, project_id, entry)
            if LIMITS.count(tx.connection, project_id) >= MAX_LIMITS:
                raise InvalidRequest(f"A project has at most {MAX_LIMITS} limits.")
            LIMITS.add(tx.connection, limit)
            self._context.audit_log.append(
                tx, actor, project_id, "limit.add", entry.id, after=_audit_fields(limit)
            )
        return limit

    def change(
        self, actor: Principal, project_id: str, limit_id: str, change: LimitChange
    ) -> StoredLimit:
        """Changes a limit; what has been used stays. Raises `NotFound`, `InvalidRequest`,
        `Conflict`."""
        with self._context.database.write() as tx:
            before = _get(tx.connection, project_id, limit_id)
            entry = _valid(_changed(before.entry, change))
            _require_free_name(tx.connection, project_id, entry)
            after = StoredLimit(project_id, entry, self._context.now_ms())
            LIMITS.save(tx.connection, after)
            self._context.audit_log.append(
                tx,
                actor,
                project_id,
                "limit.change",
                limit_id,
                before=_audit_fields(before),
                after=_audit_fields(after),
            )
        return after

    def remove(self, actor: Principal, project_id: str, limit_id: str) -> None:
        """Removes a limit. Raises `NotFound`."""
        with self._context.database.write() as tx:
            before = _get(tx.connection, project_id, limit_id)
            LIMITS.remove(tx.connection, project_id, limit_id)
            self._context.audit_log.append(
                tx, actor, project_id, "limit.remove", limit_id, before=_audit_fields(before)
            )

    def documents(self) -> dict[str, Document]:
        """Returns the snapshot sections by name; none for a project without limits."""
        with self._context.database.read() as connection:
            found = LIMITS.of_all_projects(connection)
        return {
            LIMITS_SECTION.name(project_id): LimitsSection(project_id, limits)
            for project_id, limits in found.items()
        }

    def secrets(self) -> dict[str, str]:
        """Limits need none."""
        return {}


def _get(connection: Connection, project_id: str, limit_id: str) -> StoredLimit:
    if limit := LIMITS.find(connection, project_id, limit_id):
        return limit
    raise NotFound(
        f"This project has no limit {limit_id!r}.", hint="List them: penstock limit list"
    )


def _changed(entry: LimitEntry, change: LimitChange) -> LimitEntry:
    fields = {
        name: value
        for name in LimitChange.__dataclass_fields__
        if (value := getattr(change, name)) is not None
    }
    return replace(entry, **fields)


def _valid(entry: LimitEntry) -> LimitEntry:
    """Returns the limit with a plain amount. Raises `InvalidRequest`."""
    if problem := problem_of(entry):
        raise InvalidRequest(problem)
    return replace(entry, amount=Decimal(f"{entry.amount.normalize():f}"))


def _require_free_name(connection: Connection, project_id: str, entry: LimitEntry) -> None:
    other = LIMITS.find(connection, project_id, entry.name, by="name")
    if other is not None and other.entry.id != entry.id:
        raise Conflict(
            f"This project has a limit {entry.name!r} already.",
            hint="Change that one, or choose another name.",
            param="name",
        )


def _audit_fields(limit: StoredLimit) -> dict[str, object]:
    fields: dict[str, object] = asdict(limit.entry)
    return fields | {"amount": str(limit.entry.amount)}
