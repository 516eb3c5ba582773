"""Online evaluation over real stores: recorded calls in chDB, rules in SQLite."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from penstock.features.evaluations.model import EvaluatorChoice
from penstock.features.evaluations.online.assembly import StoredTraffic, open_online
from penstock.features.evaluations.online.drawing import CallDrawer, DrawSettings
from penstock.features.evaluations.online.model import (
    MIN_DELAY_S,
    DrawCounts,
    OnlineFilter,
    OnlineRule,
    StoredOnlineRule,
)
from penstock.features.evaluations.online.tables import RULES
from penstock.features.evaluations.online.work import OnlineWork
from penstock.features.evaluations.work.calls import SendCall
from penstock.features.feedback.model import ScoreFilter, StoredScore
from penstock.features.feedback.store import schema
from penstock.features.identity.audit_reader import AuditReader
from penstock.features.traces.model import TimeRange
from penstock.features.traces.schema import FAMILY, STEPS
from penstock.infra.columns import ColumnStore, apply_steps, open_columns
from penstock.infra.jobs.queue import JobQueue
from penstock.infra.jobs.runner import JobRunner
from penstock.kernel.errors import NotFound
from penstock.kernel.time import LATEST_NS
from penstock.rules.call import CallEnd, Caller
from penstock.rules.evaluation.samples import Sample
from penstock.spi.evaluator import Evaluator
from tests.features.datasets.recorded import Recorded
from tests.features.evaluations.conftest import Evaluated, RuleEvaluator, nobody
from tests.features.traces import calls

ALWAYS = TimeRange(0, LATEST_NS)


class AheadClock:
    """The time of the machine, some seconds later: the column store has that of the machine."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now_ns(self) -> int:
        return time.time_ns() + int(self.seconds * 1e9)

    def monotonic(self) -> float:
        return time.monotonic() + self.seconds


class OnlineWorld:
    """A project with recorded calls, and the parts of online evaluation."""

    def __init__(self, evaluated: Evaluated, store: ColumnStore, folder: Path) -> None:
        self.clock = AheadClock()
        self.context = replace(evaluated.context, clock=self.clock)
        self.evaluated = evaluated
        self.editor = evaluated.released.editor
        self.project = calls.new_project()
        self.recorded = Recorded(store, folder, self.project)
        self.evaluators: dict[str, Evaluator] = {
            "polite": RuleEvaluator(lambda sample: "please" in sample.output)
        }
        self.traffic = StoredTraffic(self.recorded.traces, self.recorded.scores)
        audit = AuditReader(self.context.database, b"k", dict)
        self.online = open_online(self.context, self.find, evaluated.wanted, self.traffic, audit)
        self.project = self.recorded.project = evaluated.project
        self.send: SendCall = nobody

    def find(self, kind: str) -> Evaluator:
        if kind in self.evaluators:
            return self.evaluators[kind]
        raise NotFound(f"No plugin {kind!r}.")

    def rule(self, name: str = "quality", *, evaluators: Any = ("polite",), **fields: Any) -> None:
        choices = tuple(
            each if isinstance(each, EvaluatorChoice) else EvaluatorChoice(each, each)
            for each in evaluators
        )
        rule = OnlineRule(choices, **{"share": 1.0, **fields})
        self.online.rules.set(self.editor, self.project, name, rule)

    def call(self, output: str = "Yes, please.", *, release: str = "", **fields: Any) -> CallEnd:
        answered = calls.answer(output)
        more = {"response": answered, "response_size": len(answered), "caller": caller(release)}
        return self.recorded.call("A question?", **{**more, **fields})

    def limit(self, **limits: Any) -> None:
        """Draws with other limits."""
        drawer = CallDrawer(
            self.context, self.recorded.traces, self.evaluated.wanted, DrawSettings(**limits)
        )
        self.online = replace(self.online, drawer=drawer)

    def measures(self, kind: str, rule: Callable[[Sample], Any]) -> None:
        self.evaluators[kind] = RuleEvaluator(rule)

    def draw(self, seconds: float = MIN_DELAY_S) -> None:
        """Draws as some time from now: after the delay, what is stored by now."""
        time.sleep(0.005)
        self.clock.seconds = seconds
        with self.context.database.write() as tx:
            tx.connection.execute(update(RULES).values(next_ms=0))
        self.online.drawer.run_due()

    def work(self, control: Callable[[JobRunner], None] = lambda _: None) -> None:
        """Measures as the worker does, until there is no work."""
        asyncio.run(self.work_until_idle(control))

    async def work_until_idle(self, control: Callable[[JobRunner], None] = lambda _: None) -> None:
        work = OnlineWork(self.context.database, self.clock, self.find, self.send)
        queue = JobQueue(self.context.database, self.clock, "w")
        runner = JobRunner(queue, {"online_evaluation": work}, self.evaluated.wanted)
        control(runner)
        await runner.run(0)

    def run(self, seconds: float = MIN_DELAY_S) -> None:
        """Draws, measures and writes scores."""
        self.draw(seconds)
        self.work()
        self.online.writer.write()

    def stored(self, name: str = "quality") -> StoredOnlineRule:
        return self.online.rules.get(self.project, name).stored

    def counts(self, name: str = "quality") -> DrawCounts:
        return self.online.rules.get(self.project, name).counts

    def scores(self, **only: str) -> list[StoredScore]:
        wanted = ScoreFilter(only={name: (value,) for name, value in only.items()})
        return self.recorded.scores.list_scores(self.project, ALWAYS, wanted, after=None, limit=500)

    def states(self) -> dict[str, str]:
        """The states of scores by the span of their call."""
        return {each.span_id: each.state for each in self.scores()}


def only(**values: str) -> OnlineFilter:
    """A filter with one value for each dimension."""
    return OnlineFilter({name: (value,) for name, value in values.items()})


def caller(release: str = "", **fields: Any) -> Caller:
    others = {"release": release} if release else {}
    return Caller(key_id="key_1", use_case="support", others=others, **fields)


def request(**members: Any) -> bytes:
    return json.dumps({"model": "m", "messages": [], **members}).encode()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ColumnStore]:
    store = open_columns(f"chdb://{tmp_path_factory.mktemp('home') / 'columns'}")
    apply_steps(store, FAMILY, STEPS)
    apply_steps(store, schema.FAMILY, schema.STEPS)
    yield store
    store.close()


@pytest.fixture
def world(evaluated: Evaluated, store: ColumnStore, tmp_path: Path) -> OnlineWorld:
    return OnlineWorld(evaluated, store, tmp_path)
