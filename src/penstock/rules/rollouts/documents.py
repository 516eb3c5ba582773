"""The documents of rollouts: how the traffic of a use case is split over releases."""

from decimal import Decimal
from enum import StrEnum
from typing import Final

from penstock.rules.document import Document

SHADOW_ARM: Final = "shadow"  # the arm of shadow calls in records


class StickyUnit(StrEnum):
    """The unit of traffic that always meets the same arm."""

    REQUEST = "request"  # each call by itself
    USER = "user"
    SESSION = "session"


class RolloutArm(Document, frozen=True):
    """A release (its content hash) and its share of the units. `name` is unique in the rollout, and
    stands in the records of calls: `main` for a release that was started for all calls, otherwise
    as given, or the beginning of the hash."""

    release: str
    weight: int = 1
    name: str = "main"


class ShadowArm(Document, frozen=True):
    """A release to which `percent` of the calls are sent as well, once their callers have their
    answers: at most `max_calls` at once in each gateway worker, for `usd_per_day` at most. Its
    answers are compared with those of the arms, and shown to no caller."""

    release: str
    percent: float
    usd_per_day: Decimal
    max_calls: int = 4


class Rollout(Document, frozen=True):
    """The releases that answer the calls of a use case in an environment. `version` counts the
    changes of the document. With one arm it is full: all calls meet this release. `baseline` is the
    arm of calls without a unit (empty: the first one); `overrides` has the arms of testers, by
    unit. `shadow`: a release that answers nobody."""

    use_case: str
    environment: str
    version: int
    arms: tuple[RolloutArm, ...]
    sticky: StickyUnit = StickyUnit.REQUEST
    baseline: str = ""
    overrides: dict[str, str] = {}  # noqa: RUF012 - msgspec copies it for each rollout
    shadow: ShadowArm | None = None

    @property
    def place(self) -> str:
        """The name of the rollout within its project: `support/production`."""
        return f"{self.use_case}/{self.environment}"
