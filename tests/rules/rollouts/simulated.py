"""A rollout whose units are drawn, decided by the production rule after each few units."""

from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import cos, sqrt
from random import Random

from penstock.rules.rollouts.assignment import Assignment, WeightedArm
from penstock.rules.rollouts.decision import DecisionKind, RolloutDecision, decide
from penstock.rules.rollouts.observations import ArmPeriod, RolloutObserved, WeightPeriod
from penstock.rules.rollouts.plan import Guard, GuardMetric, RolloutPlan, RolloutStep
from penstock.rules.statistics.sequential import Tally

START = datetime(2026, 11, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)

#: Draws the values of a unit, by metric: of which arm, when (0 to 1), from which numbers.
Values = Callable[[str, float, Random], Mapping[str, float]]


@dataclass
class SimulatedRollout:
    """Draws a unit per second and follows what is decided."""

    plan: RolloutPlan
    values: Values
    seed: int
    weights: dict[str, int] = field(default_factory=lambda: {"stable": 1})
    periods: list[tuple[dict[str, int], dict[str, int], dict[str, dict[str, list[float]]]]] = field(
        default_factory=list
    )
    step: int = 0
    since: datetime = START
    units: int = 0

    def run(self, units: int, look: int) -> RolloutDecision:
        """Returns the decision that ends it, or the last one."""
        random, decision = Random(self.seed), None
        self._weigh(self.plan.steps[0].percent)
        while self.units < units:
            for _ in range(look):
                self._draw(random, self.units / units)
            now = START + self.units * SECOND
            decision = decide(self.plan, self._observed(now), now + SECOND)
            if decision.kind is DecisionKind.ADVANCE:
                self.step, self.since = self.step + 1, now
                self._weigh(self.plan.steps[self.step].percent)
            elif decision.kind is not DecisionKind.WAIT:
                return decision
        assert decision is not None
        return decision

    def _weigh(self, percent: float) -> None:
        self.weights = {"stable": round(100 * (100 - percent)), "candidate": round(100 * percent)}
        arms = [WeightedArm(*each) for each in self.weights.items()]
        self.assignment = Assignment(arms, salt=(str(self.seed),), baseline="stable")
        self.periods.append((self.weights, dict.fromkeys(self.weights, 0), {}))

    def _draw(self, random: Random, time: float) -> None:
        arm = self.assignment.choose(f"unit-{self.units}").name
        self.units += 1
        _, counts, sums = self.periods[-1]
        counts[arm] += 1
        self._count(sums.setdefault(arm, {}), self.values(arm, time, random))

    def _count(self, sums: dict[str, list[float]], values: Mapping[str, float]) -> None:
        for name, value in values.items():
            tally = sums.setdefault(name, [0, 0.0, 0.0])
            tally[0] += 1
            tally[1] += value
            tally[2] += value * value

    def _observed(self, now: datetime) -> RolloutObserved:
        periods = [
            WeightPeriod(
                weights,
                {
                    arm: ArmPeriod(
                        counts[arm],
                        {
                            name: Tally(int(each[0]), each[1], each[2])
                            for name, each in sums.get(arm, {}).items()
                        },
                    )
                    for arm in weights
                },
            )
            for weights, counts, sums in self.periods
        ]
        return RolloutObserved("stable", tuple(periods), now, self.since, self.step, {"cost": 0.1})


@dataclass
class SimulatedChains(SimulatedRollout):
    """Units are chains of two steps. The first has half the cost and never fails; the second is
    recorded 100 units later."""

    running: deque[tuple[dict[str, list[float]], Mapping[str, float]]] = field(
        default_factory=deque[tuple[dict[str, list[float]], Mapping[str, float]]]
    )

    def _count(self, sums: dict[str, list[float]], values: Mapping[str, float]) -> None:
        super()._count(sums, _first_step(values))
        self.running.append((sums, values))
        if len(self.running) > 100:
            sums, values = self.running.popleft()
            for name, before in _first_step(values).items():
                sums[name][1] += values[name] - before
                sums[name][2] += values[name] ** 2 - before**2


def _first_step(values: Mapping[str, float]) -> dict[str, float]:
    shares = {"errors": 0.0, "slow": 0.0, "cost": 0.5}
    return {name: value * shares.get(name, 1.0) for name, value in values.items()}


STEPS = (RolloutStep(10, hold_s=1000), RolloutStep(50, hold_s=2000))
NONE_TOLERATED = RolloutPlan(
    guards=(
        Guard(GuardMetric.ERRORS),
        Guard(GuardMetric.SLOW, limit=2000),
        Guard(GuardMetric.COST, limit=0.05),
        Guard(GuardMetric.SCORE, score="helpful"),
    ),
    steps=STEPS,
)
TOLERANT = RolloutPlan(
    guards=(
        Guard(GuardMetric.ERRORS, margin=0.01),
        Guard(GuardMetric.SLOW, limit=2000, margin=0.03),
        Guard(GuardMetric.COST, limit=0.05, ratio=1.2),
        Guard(GuardMetric.SCORE, score="helpful", margin=0.1),
    ),
    steps=STEPS,
)
ROLLED_BACK = {DecisionKind.ROLL_BACK, DecisionKind.PAUSE}


def traffic(**worse: float) -> Values:
    """Units whose probabilities go up and down over time in both arms. The candidate is worse by
    `worse`. Ratings come from a third of the baseline's units and a half of the candidate's."""

    def values(arm: str, time: float, random: Random) -> Mapping[str, float]:
        more = worse if arm == "candidate" else {}
        errors = 0.02 * (1 + 0.8 * cos(9 * time)) + more.get("errors", 0)
        slow = 0.06 * (1 - 0.8 * cos(7 * time)) + more.get("slow", 0)
        failed = random.random() < errors
        found = {
            "errors": float(failed),
            "slow": float(failed or random.random() < slow),
            "cost": min(1.0, random.lognormvariate(-2.5, 0.6) * more.get("cost", 1)),
        }
        if random.random() < (0.5 if more is worse else 0.33):
            found["score:helpful"] = float(random.random() < 0.25 + more.get("score", 0))
        return found

    return values


def ends(
    plan: RolloutPlan, values: Values, runs: int, units: int, look: int = 100
) -> Counter[DecisionKind]:
    """Ends of simulated rollouts."""
    return Counter(
        SimulatedRollout(plan, values, seed).run(units, look).kind for seed in range(runs)
    )


def most_of(runs: int, share: float) -> float:
    """Events that a share allows, and three standard deviations."""
    return runs * share + 3 * sqrt(runs * share * (1 - share))


def period(percent: float, counts: list[int]) -> WeightPeriod:
    weights = {"stable": round(100 - percent), "candidate": round(percent)}
    return WeightPeriod(
        weights, {"stable": ArmPeriod(counts[0], {}), "candidate": ArmPeriod(counts[1], {})}
    )


def paused(plan: RolloutPlan, periods: tuple[WeightPeriod, ...]) -> bool:
    observed = RolloutObserved("stable", periods, START, START, 0, {})
    return decide(plan, observed, START).kind is DecisionKind.PAUSE
