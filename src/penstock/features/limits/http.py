"""`/api/v1/projects/{project_id}/limits`: limits and budgets, and what is used of them."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.limits.bodies import LimitChangeBody, NewLimitBody
from penstock.features.limits.forecast import Forecast
from penstock.features.limits.model import LimitHistory, LimitUse, StoredLimit
from penstock.features.limits.service import LimitService
from penstock.infra.web.moments import moment_of
from penstock.infra.web.pages import Page
from penstock.rules.limits.documents import (
    Measure,
    Otherwise,
    Over,
)
from penstock.rules.limits.windows import WindowUnit

CounterValues = Annotated[list[str] | None, Query(max_length=4)]


class ForecastView(BaseModel):
    """The use at the end of the window if it goes on like this. `used_up_at` is empty if the limit
    lasts until then."""

    at_end: Decimal
    used_up_at: datetime | None

    @classmethod
    def of(cls, forecast: Forecast | None) -> "ForecastView | None":
        if forecast is None:
            return None
        used_up_ms = forecast.used_up_ms
        at_end = Decimal(f"{round(forecast.at_end, 9).normalize():f}")
        return cls(at_end=at_end, used_up_at=moment_of(used_up_ms) if used_up_ms else None)


class LimitUseView(BaseModel):
    """The use of a limit by the gateways of this machine, or by all that share a Redis: by ended
    calls, and reserved by open ones. `exceeded` is the part of `used` above what calls had
    reserved. `forecast`: at the average rate of this window; empty for rates, for concurrency, and
    soon after the window began."""

    used: Decimal
    reserved: Decimal
    left: Decimal
    exceeded: Decimal
    window_start: datetime | None
    resets_at: datetime | None
    forecast: ForecastView | None

    @classmethod
    def of(cls, use: LimitUse) -> "LimitUseView":
        windowed = bool(use.window_end_ms)
        return cls(
            used=use.used,
            reserved=use.reserved,
            left=use.left,
            exceeded=use.exceeded,
            window_start=moment_of(use.window_start_ms) if windowed else None,
            resets_at=moment_of(use.window_end_ms) if windowed else None,
            forecast=ForecastView.of(use.forecast),
        )


class LimitCounterView(BaseModel):
    """One counter of a limit: that of these values."""

    values: list[str]
    use: LimitUseView


class LimitHistoryView(BaseModel):
    """The amounts that recorded calls have used since the window began (for rates: lately), in
    buckets of `bucket_s` seconds, the last one up to now. `recent`: the forecast at the rate of the
    last `recent_s` seconds."""

    start: datetime
    bucket_s: int
    used: list[Decimal]
    recent_s: int
    recent: ForecastView | None

    @classmethod
    def of(cls, history: LimitHistory) -> "LimitHistoryView":
        return cls(
            start=moment_of(history.start_ms),
            bucket_s=history.bucket_ms // 1000,
            used=list(history.used),
            recent_s=history.recent_ms // 1000,
            recent=ForecastView.of(history.recent),
        )


class LimitView(BaseModel):
    """A limit. `use` is empty for a limit with several counters: name the values of one. It is also
    empty in lists while the counters cannot be read."""

    id: str
    name: str
    measure: Measure
    amount: Decimal
    window: WindowUnit | None
    time_zone: str
    only: dict[str, list[str]]
    per: list[str]
    unpriced: Otherwise
    unavailable: Otherwise
    over: Over
    updated_at: datetime
    use: LimitUseView | None

    @classmethod
    def of(cls, limit: StoredLimit, use: LimitUse | None) -> "LimitView":
        entry = limit.entry
        return cls(
            id=entry.id,
            name=entry.name,
            measure=entry.measure,
            amount=entry.amount,
            window=entry.window,
            time_zone=entry.time_zone,
            only={name: list(values) for name, values in entry.only.items()},
            per=list(entry.per),
            unpriced=entry.unpriced,
            unavailable=entry.unavailable,
            over=entry.over,
            updated_at=moment_of(limit.updated_ms),
            use=LimitUseView.of(use) if use is not None else None,
        )


def limit_routes(require: RequirePermission, limits: LimitService) -> APIRouter:
    """Returns the API's routes."""
    router = APIRouter(prefix="/api/v1/projects/{project_id}/limits", tags=["limits"])
    may_read = Depends(require(Permission.LIMITS_READ))
    may_write = Depends(require(Permission.LIMITS_WRITE))

    def view(limit: StoredLimit) -> LimitView:
        return LimitView.of(limit, limits.use_if_known(limit))

    @router.get("")
    def list_limits(access: Annotated[Access, may_read]) -> Page[LimitView]:
        """Lists the limits of the project by name, with what is used now."""
        return Page(items=[view(each) for each in limits.list_all(access.project_id)])

    @router.post("", status_code=201)
    def add_limit(access: Annotated[Access, may_write], body: NewLimitBody) -> LimitView:
        """Adds a limit. Gateways follow it within a second."""
        return view(limits.add(access.principal, access.project_id, body.entry()))

    @router.get("/{limit_id}")
    def get_limit(
        access: Annotated[Access, may_read], limit_id: str, value: CounterValues = None
    ) -> LimitView:
        """Returns a limit. `value`, once for each dimension of `per`, names the counter to show."""
        limit = limits.get(access.project_id, limit_id)
        return LimitView.of(limit, limits.use_of(limit, value or ()))

    @router.get("/{limit_id}/history")
    def limit_history(
        access: Annotated[Access, may_read], limit_id: str, value: CounterValues = None
    ) -> LimitHistoryView:
        """Returns what was used when, of the counter that `value` names."""
        limit = limits.get(access.project_id, limit_id)
        return LimitHistoryView.of(limits.history_of(limit, value or ()))

    @router.get("/{limit_id}/counters")
    def limit_counters(
        access: Annotated[Access, may_read], limit_id: str
    ) -> Page[LimitCounterView]:
        """Lists the counters of the values that have used most in this window, at most 100."""
        found = limits.counters_of(limits.get(access.project_id, limit_id))
        counters = [
            LimitCounterView(values=list(one.values), use=LimitUseView.of(one.use)) for one in found
        ]
        return Page(items=counters)

    @router.patch("/{limit_id}")
    def change_limit(
        access: Annotated[Access, may_write], limit_id: str, body: LimitChangeBody
    ) -> LimitView:
        """Changes a limit."""
        return view(limits.change(access.principal, access.project_id, limit_id, body.change()))

    @router.delete("/{limit_id}", status_code=204)
    def remove_limit(access: Annotated[Access, may_write], limit_id: str) -> None:
        """Removes a limit."""
        limits.remove(access.principal, access.project_id, limit_id)

    return router
