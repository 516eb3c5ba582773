"""The work on jobs of evaluation runs: opens a run, executes it, writes its end."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from penstock.features.evaluations import store, summary_store
from penstock.features.evaluations.model import (
    OPEN_STATES,
    DatasetItems,
    EvaluatedReleases,
    EvaluationRun,
    FindEvaluator,
    ResultState,
    RunState,
)
from penstock.features.evaluations.reporting import RunCollector
from penstock.features.evaluations.work.batches import OtherMachines, RemoteRows
from penstock.features.evaluations.work.calls import SendCall
from penstock.features.evaluations.work.endpoints import OpenEndpoint
from penstock.features.evaluations.work.execution import RunExecution
from penstock.features.evaluations.work.parts import RunParts
from penstock.features.evaluations.work.rows import (
    LocalRows,
    RowExecutor,
    RowServices,
    RowWork,
)
from penstock.features.evaluations.work.spending import RunSpending
from penstock.infra.jobs.documents import Job
from penstock.infra.jobs.runner import JobControl, StopReason
from penstock.infra.sql import Database
from penstock.kernel.errors import PenstockError
from penstock.kernel.time import Clock
from penstock.rules.releases.served import ReleaseSection
from penstock.spi.surface import Surface


@dataclass(frozen=True, slots=True)
class EvaluationWork:
    """`infra.jobs.runner.JobWork`. The subject of a job is a run. `machines`: those that do the
    rows; without them this process does."""

    database: Database
    clock: Clock
    items: DatasetItems
    releases: EvaluatedReleases
    find: FindEvaluator
    send: SendCall
    surface: Surface
    machines: Callable[[], Awaitable[OtherMachines]] | None = None
    endpoints: OpenEndpoint | None = None

    async def __call__(self, job: Job, control: JobControl) -> None:
        """Executes a run until its end, or until it should stop. Raises `PenstockError` if it
        cannot begin."""
        run = await asyncio.to_thread(self._begin, job)
        if run is None:
            return
        try:
            state, error = await self._execute(run, control)
        except PenstockError as failure:
            await asyncio.to_thread(self._end, run, RunState.FAILED, failure.sentence())
            raise
        if state is not None:
            await asyncio.to_thread(self._end, run, state, error)

    def _begin(self, job: Job) -> EvaluationRun | None:
        """Marks the run as running; `None` if it is not open any more."""
        with self.database.write() as tx:
            run = store.find_run(tx.connection, job.project_id, job.subject, lock=True)
            if run is None or run.state not in OPEN_STATES:
                return None
            started = run.started_ms or self._now_ms()
            state = RunState.RUNNING.value
            store.change_run(tx.connection, run.id, state=state, started_ms=started)
            return run

    async def _execute(
        self, run: EvaluationRun, control: JobControl
    ) -> tuple[RunState | None, str]:
        """Returns the state in which the run ends, `None` if another worker goes on."""
        with self.database.read() as connection:
            sums = store.sums_of(connection, run.id)
        spent = sum(cost for _, cost in sums.values())
        to_do = {ResultState.ANSWERED, *([ResultState.FAILED] if run.round else [])}
        done = sum(count for state, (count, _) in sums.items() if state not in to_do)
        spending = RunSpending(spent, run.plan.cost_cap_usd)
        release = await asyncio.to_thread(self._release, run)
        services = RowServices(self.find, self.surface, self.send, self.endpoints)
        work = RowWork.of(run, release, services, spending, run.plan.concurrency)
        rows: RowExecutor = LocalRows(work, run.plan.concurrency)
        if self.machines is not None and run.plan.endpoint is None:  # its secret stays here
            rows = RemoteRows(run, release, await self.machines(), spending)
        parts = RunParts(run, self.database, self.items, rows, work.evaluators, spending)
        execution = RunExecution(parts, control, done=done)
        await execution()
        if execution.cap_reached:
            cap = f"The cost cap of {run.plan.cost_cap_usd:g} USD is reached."
            return RunState.CAP_REACHED, cap
        if execution.failure:
            return RunState.FAILED, execution.failure
        match control.stop:
            case StopReason.WORKER_STOPS:
                return None, ""
            case StopReason.CANCELLED:
                return RunState.CANCELLED, ""
            case StopReason.NONE:
                return RunState.DONE, ""

    def _release(self, run: EvaluationRun) -> ReleaseSection | None:
        if not run.plan.release:
            return None
        return self.releases.load(run.project_id, run.plan.release)

    def _end(self, run: EvaluationRun, state: RunState, error: str) -> None:
        with self.database.read() as connection:
            collector = RunCollector(run.plan, self.find)
            for row in store.all_results(connection, run.id):
                collector.add(row)
        found = collector.ended()
        values: dict[str, Any] = {
            "state": state.value,
            "error": error,
            "ended_ms": self._now_ms(),
            "report": store.encode_report(found.report),
        }
        with self.database.write() as tx:
            store.change_run(tx.connection, run.id, **values)
            summary_store.save_summary(tx.connection, run.id, found.summary, found.values)

    def _now_ms(self) -> int:
        return self.clock.now_ns() // 1_000_000
