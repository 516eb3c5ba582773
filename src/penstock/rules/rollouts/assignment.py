"""Which arm of a rollout serves a unit: a user, a session or a request.

Pure and without a table: the same unit gets the same arm in each process, and a change of weights
moves a unit only to an arm whose weight grew relative to that of its former arm. Laws:
`tests/rules/rollouts/test_assignment.py`; decision 60.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from penstock.rules.rendezvous import KeyedHash, hash_of_option, waiting_time


class ArmBasis(StrEnum):
    """The reason for the arm of a call. Only units that were drawn by weight are compared."""

    WEIGHT = "weight"
    OVERRIDE = "override"  # a tester
    NO_UNIT = "no_unit"  # the call does not say to which user or session it belongs
    SHADOW = "shadow"  # a copy of a call, whose answer goes to nobody


class WeightedArm(NamedTuple):
    """An arm with its share: `weight` divided by the sum of all weights. 0: overrides only."""

    name: str
    weight: int


class AssignedArm(NamedTuple):
    """The arm of a call."""

    name: str
    basis: ArmBasis


class Assignment:
    """The arms of one rollout, prepared once. About 0.8 µs for each arm with a weight; nothing is
    hashed while only one has one.

    `salt` names what the rollout belongs to (project, use case, environment), so that units are
    divided anew in each. The order of `arms` has no influence.
    """

    __slots__ = ("_hashes", "_overrides", "_sole", "_without_unit")

    def __init__(
        self,
        arms: Sequence[WeightedArm],
        *,
        salt: Sequence[str],
        baseline: str,
        overrides: Mapping[str, str] | None = None,
    ) -> None:
        """Raises `ValueError` if no arm has a weight, an arm occurs twice, or `baseline` or an
        override names none."""
        names = {each.name for each in arms}
        _check(arms, names, {baseline, *(overrides or {}).values()})
        prefix = b"".join(_framed(each) for each in salt)
        by_weight = sorted(arms, key=lambda each: (-each.weight, each.name))
        self._hashes: list[tuple[float, AssignedArm, KeyedHash]] = [
            (
                1 / each.weight,
                AssignedArm(each.name, ArmBasis.WEIGHT),
                hash_of_option(prefix + _framed(each.name)),
            )
            for each in by_weight
            if each.weight
        ]
        self._sole = self._hashes[0][1] if len(self._hashes) == 1 else None
        self._overrides = {
            unit: AssignedArm(arm, ArmBasis.OVERRIDE) for unit, arm in (overrides or {}).items()
        }
        served = {found.name for _, found, _ in self._hashes}
        fixed = baseline if baseline in served else by_weight[0].name
        self._without_unit = AssignedArm(fixed, ArmBasis.NO_UNIT)

    def choose(self, unit: str | None) -> AssignedArm:
        """Returns the arm of a unit. A call without one gets the baseline, or the arm with the
        largest weight if the baseline has none: it never changes arms between two calls, and takes
        no part in comparisons."""
        if not unit:
            return self._without_unit
        if self._overrides and (forced := self._overrides.get(unit)):
            return forced
        if self._sole:
            return self._sole
        hashed = unit.encode(errors="surrogatepass")
        best, chosen = float("inf"), self._hashes[0][1]
        for factor, arm, option in self._hashes:
            time = waiting_time(option, hashed) * factor
            if time < best:
                best, chosen = time, arm
        return chosen


def moved_share(before: Sequence[WeightedArm], after: Sequence[WeightedArm]) -> float:
    """Returns the expected share of units that a change of weights moves, 0 to 1.

    One minus the probability Jaccard index of the two distributions, which no assignment without
    memory improves for all pairs: R. Moulton and Y. Jiang, Maximally Consistent Sampling and the
    Jaccard Index of Probability Distributions (2018). If the arms that grow all grow by the same
    factor, and so do those that shrink, it is exactly what they gain.
    """
    old, new = _shares(before), _shares(after)
    kept = 0.0
    for name in old.keys() & new.keys():
        if old[name] and new[name]:
            kept += 1 / sum(
                max(old.get(other, 0) / old[name], new.get(other, 0) / new[name])
                for other in old.keys() | new.keys()
            )
    return max(0.0, 1 - kept)


def _shares(arms: Sequence[WeightedArm]) -> dict[str, float]:
    total = sum(each.weight for each in arms)
    return {each.name: each.weight / total for each in arms}


def _framed(part: str) -> bytes:
    encoded = part.encode(errors="surrogatepass")
    return b"%d:%b" % (len(encoded), encoded)


def _check(arms: Sequence[WeightedArm], names: set[str], used: set[str]) -> None:
    if len(names) != len(arms):
        raise ValueError("an arm occurs twice")
    if any(each.weight < 0 for each in arms):
        raise ValueError("a weight is negative")
    if not any(each.weight for each in arms):
        raise ValueError("no arm has a weight")
    if unknown := sorted(used - names):
        raise ValueError(f"{unknown[0]!r} is not an arm")
