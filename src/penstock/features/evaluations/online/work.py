"""The work on drawn calls, in the worker: measures them with the evaluators of their rule."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection

from penstock.features.evaluations.model import FindEvaluator
from penstock.features.evaluations.online import store
from penstock.features.evaluations.online.model import (
    MAX_ATTEMPTS,
    DrawCounts,
    RuleSpending,
    SampledCall,
    StoredOnlineRule,
    Strata,
)
from penstock.features.evaluations.work.calls import RunCalls, SendCall
from penstock.features.evaluations.work.judges import GatewayJudges
from penstock.features.evaluations.work.measuring import EvaluatorSet
from penstock.features.evaluations.work.pace import CallPace
from penstock.features.evaluations.work.spending import RunSpending
from penstock.infra.jobs.documents import Job, JobProgress
from penstock.infra.jobs.runner import JobControl
from penstock.infra.sql import Database
from penstock.kernel.errors import NotFound
from penstock.kernel.time import Clock
from penstock.rules.evaluation.measurements import Measurement, infrastructure_error, judge_error
from penstock.rules.evaluation.metrics import MetricFacts, MetricKind
from penstock.rules.evaluation.samples import Sample
from penstock.rules.scores.vocabulary import ScoreState
from penstock.spi.evaluator import Evaluator, EvaluatorDescription, JudgeModels, Options

BATCH: Final = 32  # calls that are measured together
CONCURRENCY: Final = 8  # questions to judges at once, of a rule
TURN_S: Final = 60.0  # of a rule; then other jobs of the project have a turn


@dataclass(frozen=True, slots=True)
class OnlineWork:
    """`infra.jobs.runner.JobWork`. The subject of a job is an online evaluation."""

    database: Database
    clock: Clock
    find: FindEvaluator
    send: SendCall

    async def __call__(self, job: Job, control: JobControl) -> None:
        """Measures the calls that wait, for a limited time."""
        until, turn = time.monotonic() + TURN_S, _Turn(self)
        while not control.stop and time.monotonic() < until:
            if not await turn.next_batch(job.subject):
                return
            control.note(JobProgress(done=turn.done, cost_usd=round(turn.cost_usd, 6)))


class _Turn:
    """Some batches of one rule."""

    def __init__(self, work: OnlineWork) -> None:
        self._work = work
        self._measuring: _Measuring | None = None
        self.done = 0
        self.cost_usd = 0.0

    async def next_batch(self, rule_id: str) -> bool:
        """Measures the next calls. Returns false if there are none, or the rule is gone, disabled,
        or has no budget left."""
        first = self._measuring is None  # alone, so that the cost of the others can be foreseen
        found = await asyncio.to_thread(self._take, rule_id, 1 if first else BATCH)
        if found is None:
            return False
        rule, batch = found
        if self._measuring is None or not self._measuring.is_of(rule, self._now_ms()):
            self._measuring = _Measuring(self._work, rule, self._now_ms())
        measured = await self._measuring.measure(batch)
        await asyncio.to_thread(self._keep, self._measuring, measured)
        self.done += len(measured)
        self.cost_usd += sum(each.cost_usd for each in measured)
        return not self._measuring.exhausted

    def _take(
        self, rule_id: str, limit: int
    ) -> tuple[StoredOnlineRule, Sequence[SampledCall]] | None:
        """Returns the next calls, and counts an attempt of each. One that may have ended a process
        is measured alone, so that it takes no others with it."""
        with self._work.database.write() as tx:
            rule = store.find_rule_by_id(tx.connection, rule_id)
            if rule is None or not rule.rule.enabled:
                return None
            if rule.spent(self._now_ms()).exhausted:
                self._leave_out(tx.connection, rule)
                return None
            waiting = store.waiting_samples(tx.connection, rule_id, limit)
            if not waiting:
                return None
            alone = waiting[:1] if waiting[0].attempts else []
            batch = alone or [each for each in waiting if not each.attempts]
            store.begin_measuring(tx.connection, rule_id, [each.span_id for each in batch])
        return rule, batch

    def _keep(self, measuring: "_Measuring", measured: Sequence[SampledCall]) -> None:
        """Stores measurements and what they have cost."""
        rule = measuring.rule
        with self._work.database.write() as tx:
            now_has = store.find_rule_by_id(tx.connection, rule.id)
            if now_has is None:
                return
            store.save_measured(tx.connection, measured)
            exhausted = measuring.exhausted and now_has.version == rule.version
            spent = RuleSpending(measuring.period, measuring.spending.usd, exhausted)
            store.save_spending(tx.connection, rule.id, spent)
            if exhausted:
                self._leave_out(tx.connection, now_has)

    def _leave_out(self, connection: Connection, rule: StoredOnlineRule) -> None:
        """Removes the calls that wait: the budget has no space for them, and they are counted."""
        while waiting := store.waiting_samples(connection, rule.id, BATCH):
            counts: Strata = {}
            for each in waiting:
                one = DrawCounts(drawn=-1, budget=1)
                counts[each.stratum] = counts.get(each.stratum, DrawCounts()).plus(one)
            store.remove_samples(connection, rule.id, [each.span_id for each in waiting])
            store.add_counts(connection, rule.id, counts)

    def _now_ms(self) -> int:
        return self._work.clock.now_ns() // 1_000_000


class _Measuring:
    """Evaluators and judges of a version of a rule, in a period of its budget."""

    def __init__(self, work: OnlineWork, rule: StoredOnlineRule, now_ms: int) -> None:
        spent = rule.spent(now_ms)
        self.rule = rule
        self.period = spent.period
        self.spending = RunSpending(spent.usd, rule.rule.budget_usd)
        calls = RunCalls(work.send, rule.project_id, rule.rule.key_id, CallPace(CONCURRENCY))
        judges = GatewayJudges(calls, f"online_evaluation={rule.name}", self.spending)
        self._evaluators = EvaluatorSet(rule.rule.evaluators, _installed(work.find), judges)
        self._names = [each.name for each in rule.rule.evaluators]

    @property
    def exhausted(self) -> bool:
        """Returns whether the budget had no space for a question."""
        return self.spending.refused

    def is_of(self, rule: StoredOnlineRule, now_ms: int) -> bool:
        """Returns whether this is of the same version and period."""
        return rule.version == self.rule.version and rule.spent(now_ms).period == self.period

    async def measure(self, batch: Sequence[SampledCall]) -> list[SampledCall]:
        """Returns the calls with their measurements. One for which the budget has no space is left
        out."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._one(each)) for each in batch]
        return [found for task in tasks if (found := task.result()) is not None]

    async def _one(self, call: SampledCall) -> SampledCall | None:
        measured = await self._measured(call)
        lost = ScoreState.INFRASTRUCTURE_ERROR
        if self.exhausted and any(each.state is lost for each in measured.values()):
            return None
        cost = sum(each.cost_usd for each in measured.values())
        return replace(call, measurements=measured, cost_usd=cost)

    async def _measured(self, call: SampledCall) -> dict[str, Measurement]:
        if call.attempts >= MAX_ATTEMPTS:
            error = judge_error(f"Its measurement has ended the worker {call.attempts} times.")
            return dict.fromkeys(self._names, error)
        sample = call.sample or Sample(call.span_id)
        return await self._evaluators.measure(sample, self._names)


def _installed(find: FindEvaluator) -> FindEvaluator:
    """Returns evaluators also where they are not installed any more: these say so."""

    def found(kind: str) -> Evaluator:
        try:
            return find(kind)
        except NotFound as error:
            return _NotInstalled(error.sentence())

    return found


@dataclass(frozen=True, slots=True)
class _NotInstalled:
    """An evaluator that is not there. The others of its rule go on."""

    reason: str

    def describe(self) -> EvaluatorDescription:
        return EvaluatorDescription(self.reason, {})

    def problem_of(self, options: Options) -> str:
        del options
        return self.reason

    def facts(self, options: Options) -> MetricFacts:
        del options
        return MetricFacts(MetricKind.RATE)

    async def measure(self, sample: Sample, options: Options, judges: JudgeModels) -> Measurement:
        del sample, options, judges
        return infrastructure_error(self.reason)
