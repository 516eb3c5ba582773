"""Intervals in answers of the REST API."""

from pydantic import BaseModel

from penstock.rules.statistics.intervals import Interval


class RateView(BaseModel):
    """A figure with its interval of 95 %; for rates Wilson's."""

    estimate: float
    low: float
    high: float

    @classmethod
    def of(cls, found: Interval | None) -> "RateView | None":
        return None if found is None else cls(**found._asdict())
