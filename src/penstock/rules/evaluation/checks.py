"""Checks that an item brings itself: what must hold for its answer, beside what all items share."""

from typing import Annotated, Any, Final

import msgspec

from penstock.rules.document import Document
from penstock.rules.evaluation.measurements import Measurement, unmeasured
from penstock.rules.scores.vocabulary import ScoreState

MAX_CHECKS: Final = 50  # of an item


class ItemCheck(Document, frozen=True, forbid_unknown_fields=True):
    """A check by an evaluator. `expected`: instead of the item's. A rate holds if it is true, or
    false with `absent`; a number within `least` and `most`; a label if it is one of `labels`."""

    kind: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    options: dict[str, Any] = {}  # noqa: RUF012 - msgspec copies it for each check
    name: Annotated[str, msgspec.Meta(max_length=64)] = ""
    expected: Any = None
    absent: bool = False
    least: float | None = None
    most: float | None = None
    labels: tuple[str, ...] = ()

    def holds(self, value: object) -> bool | None:
        """Returns whether a value of the evaluator holds; `None` if the check says not how."""
        if isinstance(value, bool):
            return value != self.absent
        if isinstance(value, str):
            return (value in self.labels) != self.absent if self.labels else None
        if not isinstance(value, int | float) or (self.least is None and self.most is None):
            return None
        within = (self.least is None or value >= self.least) and (
            self.most is None or value <= self.most
        )
        return within != self.absent


def checks_of(value: object) -> tuple[ItemCheck, ...]:
    """Returns the checks of a member of metadata. Raises `ValueError` that says what is wrong."""
    found = msgspec.convert(value, tuple[ItemCheck, ...])
    if len(found) > MAX_CHECKS:
        raise ValueError(f"an item has at most {MAX_CHECKS} checks")
    return found


def decided(check: ItemCheck, found: Measurement) -> bool | Measurement:
    """Returns whether a check holds, or why that is not known."""
    if found.state is not ScoreState.SCORED:
        return found
    holds = check.holds(found.value)
    if holds is None:
        return unmeasured(
            f"{check.kind} says {found.value!r}: the check needs `least`, `most` or `labels`."
        )
    return holds
