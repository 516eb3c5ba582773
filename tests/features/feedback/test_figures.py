"""Figures of outcomes: exact on planted sessions."""

import time
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random

import msgspec
import pytest

from features.traces import calls
from penstock.features.feedback.model import OutcomeFigures
from penstock.features.feedback.service.figures import FigureService
from penstock.features.feedback.service.scores import Accepted, ScoreService
from penstock.features.traces.model import TimeRange
from penstock.features.traces.service import Traces
from penstock.infra.columns import ColumnStore
from penstock.kernel.time import SystemClock
from penstock.rules.call import CallEnd, Caller
from penstock.rules.scores.score import Score
from penstock.rules.scores.vocabulary import OutcomeName, ScoreKind, ScoreState

HOUR_NS = 3600 * 10**9
SESSIONS = 1000
NOW_NS = time.time_ns()
BEGIN_NS = NOW_NS // HOUR_NS * HOUR_NS - 5 * HOUR_NS


@dataclass
class Planted:
    """What a group of sessions must show."""

    units: int = 0
    calls: int = 0
    unpriced: int = 0
    cost: Decimal = Decimal(0)
    measured: dict[OutcomeName, int] = field(default_factory=lambda: defaultdict(int))
    positive: dict[OutcomeName, int] = field(default_factory=lambda: defaultdict(int))
    amount: dict[OutcomeName, Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    def agrees(self, found: OutcomeFigures) -> None:
        assert (found.units, found.calls, found.unpriced) == (self.units, self.calls, self.unpriced)
        assert found.cost == self.cost
        for name in OutcomeName:
            counts = found.outcomes[name]
            assert (counts.measured, counts.positive, counts.amount) == (
                self.measured[name],
                self.positive[name],
                self.amount[name],
            )
        resolved = self.positive[OutcomeName.RESOLVED]
        assert found.cost_per_resolution == (self.cost / resolved if resolved else None)


@dataclass
class World:
    """What is planted, and what must be found, in total and by group."""

    project: str = field(default_factory=calls.new_project)
    random: Random = field(default_factory=lambda: Random(58))
    total: Planted = field(default_factory=Planted)
    by_use_case: dict[str, Planted] = field(default_factory=lambda: defaultdict(Planted))
    by_prompt: dict[str, Planted] = field(default_factory=lambda: defaultdict(Planted))
    by_hour: dict[str, Planted] = field(default_factory=lambda: defaultdict(Planted))
    ends: list[CallEnd] = field(default_factory=list[CallEnd])
    early: list[Score] = field(default_factory=list[Score])
    late: list[Score] = field(default_factory=list[Score])

    def plant(self, session: str) -> None:
        """Adds a session with one to four calls, and outcomes that come twice, late, or never."""
        use_case = self.random.choice(["support", "sales", ""])
        prompt = self.random.choice(["hello@1", "hello@2"])
        began = BEGIN_NS + self.random.randrange(4 * HOUR_NS)
        hour = str(began // HOUR_NS * HOUR_NS)
        groups = [self.total, self.by_use_case[use_case], self.by_prompt[prompt]]
        groups.append(self.by_hour[hour])
        for group in groups:
            group.units += 1
        for index in range(self.random.randint(1, 4)):
            caller = Caller(
                use_case=use_case if index == 0 else "changed",
                session=session,
                tags={"prompt_version": prompt},
            )
            self._add_call(groups, began + index * 10**9, caller)
        for name in OutcomeName:
            self._add_outcome(groups, name, session, began)
        if self.random.random() < 0.2:  # an outcome without a value counts as none
            none = Score(
                kind=ScoreKind.OUTCOME,
                name=OutcomeName.CONVERTED,
                state=ScoreState.UNMEASURED,
                author="other",
                session=session,
            )
            self.early.append(none)

    def _add_call(self, groups: list[Planted], start_ns: int, caller: Caller) -> None:
        cost = self.random.choice(["0.000425", "0.123456789012", None])
        self.ends.append(calls.call(self.project, start_ns, caller=caller, cost=cost or ""))
        for group in groups:
            group.calls += 1
            group.unpriced += cost is None
            group.cost += Decimal(cost or 0)

    def _add_outcome(
        self, groups: list[Planted], name: OutcomeName, session: str, began: int
    ) -> None:
        what = self.random.random()
        if what < 0.3:
            return
        value = self.random.random() < 0.6
        amount = Decimal(self.random.randint(0, 999)) / 100 if value else None
        given = Score(
            kind=ScoreKind.OUTCOME,
            name=name,
            value=value,
            amount=amount,
            session=session if what < 0.8 else "",
            trace_id="" if what < 0.8 else self.ends[-1].begin.trace_id,
            time_ns=began + HOUR_NS // 2,
        )
        if what < 0.5:  # said otherwise before
            changes = {"value": not value, "amount": None, "time_ns": began}
            self.early.append(msgspec.structs.replace(given, **changes))
        (self.early if what < 0.7 else self.late).append(given)
        for group in groups:
            group.measured[name] += 1
            group.positive[name] += value
            group.amount[name] += amount or 0


@pytest.fixture(scope="module")
def figures(columns: ColumnStore) -> FigureService:
    return FigureService(lambda: columns)


@pytest.fixture(scope="module")
def world(columns: ColumnStore, traces: Traces) -> World:
    scores = ScoreService(lambda: columns, SystemClock())
    world = World()
    for number in range(SESSIONS):
        world.plant(f"session-{number}")
    half = len(world.ends) // 2
    calls.store(traces, *world.ends[:half])
    submit(scores, world.project, world.early)
    calls.store(traces, *world.ends[half:])
    submit(scores, world.project, world.late)
    submit(scores, world.project, world.early)  # sent again
    while scores.join_waiting():
        pass
    return world


def submit(scores: ScoreService, project: str, batch: list[Score]) -> None:
    for at in range(0, len(batch), 1000):
        results = scores.submit(project, batch[at : at + 1000], "k")
        assert all(isinstance(each, Accepted) for each in results)


RANGE = TimeRange(BEGIN_NS, BEGIN_NS + 4 * HOUR_NS)


def test_the_figures_of_all_sessions_are_exact(world: World, figures: FigureService) -> None:
    (total,) = figures.figures(world.project, RANGE, {})
    world.total.agrees(total)
    assert 0 < (total.outcomes[OutcomeName.COMPLETED].rate or 0) < 1


@pytest.mark.parametrize(
    ("by", "planted"),
    [("use_case", "by_use_case"), ("prompt_version", "by_prompt"), ("time", "by_hour")],
)
def test_the_figures_of_each_group_are_exact(
    world: World, figures: FigureService, by: str, planted: str
) -> None:
    groups: dict[str, Planted] = getattr(world, planted)
    found = figures.figures(world.project, RANGE, {}, by=by, width_ns=HOUR_NS)
    assert {each.by for each in found} == set(groups)
    for each in found:
        groups[each.by].agrees(each)


def test_a_filter_selects_sessions_by_their_first_call(
    world: World, figures: FigureService
) -> None:
    (found,) = figures.figures(world.project, RANGE, {"use_case": ("support",)})
    world.by_use_case["support"].agrees(found)
    assert figures.figures(world.project, RANGE, {"use_case": ("changed",)}) == []


def test_a_session_counts_when_it_began(world: World, figures: FigureService) -> None:
    hours = sorted(world.by_hour)
    first = int(hours[0])
    (found,) = figures.figures(world.project, TimeRange(first, first + HOUR_NS), {})
    world.by_hour[hours[0]].agrees(found)


def test_traces_are_units_too(world: World, figures: FigureService) -> None:
    (found,) = figures.figures(world.project, TimeRange(0, 2**63 - 1), {}, unit="trace")
    assert (found.units, found.calls) == (world.total.calls, world.total.calls)
    assert found.cost == world.total.cost
