"""Requests about limits."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from penstock.features.limits.model import LimitChange
from penstock.infra.web.schemas import RequestBody
from penstock.rules.call_conditions import MAX_CONDITIONS, MAX_VALUE_CHARS, MAX_VALUES
from penstock.rules.limits.documents import MAX_NAME_CHARS, LimitEntry, Measure, Otherwise, Over
from penstock.rules.limits.windows import WindowUnit

LimitName = Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARS)]
Amount = Annotated[Decimal, Field(ge=0, max_digits=24, decimal_places=9)]
Dimension = Annotated[str, Field(max_length=MAX_VALUE_CHARS + 4)]
Values = Annotated[list[str], Field(min_length=1, max_length=MAX_VALUES)]
Conditions = Annotated[dict[str, Values], Field(max_length=MAX_CONDITIONS)]


class NewLimitBody(RequestBody):
    """A limit. `amount` is USD for `spend`, else a whole number. `only`: the values that a call
    must have, by dimension; `per`: dimensions of which each value has a counter of its own. A
    dimension is `key`, `provider`, `model`, `team`, `user`, `use_case`, `environment`, `segment`,
    `session` or `tag:<name>`."""

    name: LimitName
    measure: Measure
    amount: Amount
    window: WindowUnit | None = None
    time_zone: Annotated[str, Field(max_length=64)] = "UTC"
    only: Annotated[Conditions, Field(default_factory=dict[str, list[str]])]
    per: Annotated[list[Dimension], Field(max_length=4, default_factory=list[str])]
    unpriced: Otherwise = Otherwise.REJECT
    unavailable: Otherwise = Otherwise.REJECT
    over: Over = Over.ADMIT

    def entry(self) -> LimitEntry:
        """Returns the limit; the service sets its id."""
        return LimitEntry(
            id="",
            name=self.name,
            measure=self.measure,
            amount=self.amount,
            window=self.window,
            time_zone=self.time_zone,
            only={name: tuple(values) for name, values in self.only.items()},
            per=tuple(self.per),
            unpriced=self.unpriced,
            unavailable=self.unavailable,
            over=self.over,
        )


class LimitChangeBody(RequestBody):
    """New values of a limit. What has been used stays."""

    name: LimitName | None = None
    amount: Amount | None = None
    only: Conditions | None = None
    unpriced: Otherwise | None = None
    unavailable: Otherwise | None = None
    over: Over | None = None

    def change(self) -> LimitChange:
        """Returns the change."""
        only = None
        if self.only is not None:
            only = {name: tuple(values) for name, values in self.only.items()}
        return LimitChange(self.name, self.amount, only, self.unpriced, self.unavailable, self.over)
