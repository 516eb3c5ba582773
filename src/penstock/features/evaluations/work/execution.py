"""One execution of a run: takes what is not finished, answers, measures, writes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from msgspec.structs import replace

from penstock.features.evaluations import store
from penstock.features.evaluations.model import (
    Result,
    ResultState,
    TargetAnswer,
    facets_of,
)
from penstock.features.evaluations.work.calls import RejectedCall
from penstock.features.evaluations.work.ledger import LedgerWriter
from penstock.features.evaluations.work.measuring import sample_of
from penstock.features.evaluations.work.parts import RunParts
from penstock.features.evaluations.work.peers import ComparedRow, PeerPass
from penstock.features.evaluations.work.spending import CostCapReached
from penstock.features.evaluations.work.targets import is_finished, unmeasured_of
from penstock.infra.jobs.documents import JobProgress
from penstock.infra.jobs.runner import JobControl
from penstock.kernel.errors import PenstockError
from penstock.rules.evaluation.items import DatasetItem

PAGE: Final = 200  # rows in memory at once, and the next ones, which are read ahead
TASKS_PER_CALL: Final = 2  # rows under way for each call at once
MAX_FAILURES: Final = 50  # calls in a row without an answer; then the run ends

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Task:
    """A row to do."""

    item: DatasetItem
    position: int
    repeat: int
    earlier: Result | None


class RunExecution:
    """Works on the rows of a run. `failure`: why it ended before its end."""

    def __init__(self, parts: RunParts, control: JobControl, *, done: int) -> None:
        self._parts = parts
        self._run = parts.run
        self._database = parts.database
        self._target = parts.target
        self._evaluators = parts.evaluators
        self._spending = parts.spending
        self._control = control
        self._ledger = LedgerWriter(parts.database, parts.run.id)
        self._done = done
        self._failures = 0
        self.failure = ""

    async def __call__(self) -> None:
        """Works until all rows are finished, or it should stop: first what each row needs for
        itself, then what compares answers."""
        comparison = PeerPass(self._parts)

        async def compare(row: ComparedRow) -> None:
            await self._keep(await comparison.measured(row))

        writing = asyncio.create_task(self._ledger.run())
        try:
            await self._each(self._tasks(), self._do)
            await self._ledger.flush()  # comparisons read the answers there
            await self._each(comparison.rows(), compare)
        finally:
            writing.cancel()
            await asyncio.wait([writing])
            await self._ledger.flush()

    async def _each(
        self, pages: AsyncIterator[Sequence[T]], do: Callable[[T], Awaitable[None]]
    ) -> None:
        """Does the tasks of all pages until it should stop. A page is read while the one before is
        done, and more tasks are under way than calls may be, so that the provider waits neither
        for the database nor for what is done between two calls."""
        places = self._run.plan.concurrency * TASKS_PER_CALL
        waiting: asyncio.Queue[T | None] = asyncio.Queue(max(PAGE, places))

        async def read() -> None:
            async for page in pages:
                for task in page:
                    await waiting.put(task)
                if self._should_stop:
                    break
            for _ in range(places):
                await waiting.put(None)

        async def work() -> None:
            while (task := await waiting.get()) is not None:
                if not self._should_stop:
                    await do(task)

        async with asyncio.TaskGroup() as group:
            group.create_task(read())
            for _ in range(places):
                group.create_task(work())

    @property
    def cap_reached(self) -> bool:
        """Returns whether the cost cap did not allow a call."""
        return self._spending.refused

    @property
    def _should_stop(self) -> bool:
        return bool(self._control.stop or self.failure or self.cap_reached)

    async def _tasks(self) -> AsyncIterator[list[_Task]]:
        """Yields the rows that are not finished, page by page."""
        run, alone = self._run, self._evaluators.alone
        async for items in self._parts.pages(PAGE):
            known = await asyncio.to_thread(self._known, [each.item.id for each in items])
            found = [
                _Task(each.item, each.position, repeat, known.get((each.item.id, repeat)))
                for each in items
                for repeat in range(run.plan.repeats)
            ]
            yield [each for each in found if not is_finished(each.earlier, run.round, alone)]

    def _known(self, ids: list[str]) -> dict[tuple[str, int], Result]:
        with self._database.read() as connection:
            return store.results_of(connection, self._run.id, ids)

    async def _do(self, task: _Task) -> None:
        try:
            result = await self._answered(task)
        except CostCapReached:  # the row stays to be done
            return
        lost = result.state is ResultState.FAILED and bool(self._run.plan.release)
        self._failures = self._failures + 1 if lost else 0
        if self._failures >= MAX_FAILURES:
            self.failure = f"The last {MAX_FAILURES} calls got no answer. {result.answer.error}"
        self._done += 1
        await self._keep(result)

    async def _keep(self, result: Result) -> None:
        await self._ledger.add(result)
        self._control.note(JobProgress(self._done, self._run.total, round(self._spending.usd, 6)))
        await asyncio.sleep(0)  # recorded outputs never wait: others go on between two of them

    async def _answered(self, task: _Task) -> Result:
        """Returns the complete row. Raises `CostCapReached`."""
        item = task.item
        row = Result(
            item.id,
            task.repeat,
            task.position,
            ResultState.MEASURED,
            self._run.round,
            group=item.group,
            facets=facets_of(item.metadata),
        )
        earlier = task.earlier
        if earlier is not None and earlier.state is ResultState.MEASURED:
            sample = sample_of(item, task.repeat, earlier.answer)
            lost = unmeasured_of(earlier)
            again = await self._evaluators.measure(sample, lost & self._evaluators.alone)
            cost = earlier.cost_usd + sum(each.cost_usd for each in again.values())
            kept = {name: each for name, each in earlier.measurements.items() if name not in lost}
            measured = kept | again
            return replace(row, answer=earlier.answer, measurements=measured, cost_usd=cost)
        try:
            async with self._spending.reserved():
                answer = await self._target.answer(item, task.repeat, task.earlier)
                self._spending.add((answer.cost_usd or 0.0) - _paid_before(task.earlier))
        except RejectedCall as error:
            return self._without_answer(row, ResultState.REJECTED, error)
        except CostCapReached:
            raise
        except PenstockError as error:
            return self._without_answer(row, ResultState.FAILED, error)
        paid = (answer.cost_usd or 0.0) + answer.user_cost_usd
        if answer.error:
            lost = self._evaluators.without_answer(answer.error, rejected=False)
            failed = ResultState.FAILED
            return replace(row, state=failed, answer=answer, measurements=lost, cost_usd=paid)
        sample = sample_of(item, task.repeat, answer)
        measured = await self._evaluators.measure(sample, self._evaluators.alone)
        cost = paid + sum(each.cost_usd for each in measured.values())
        return replace(row, answer=answer, measurements=measured, cost_usd=cost)

    def _without_answer(self, row: Result, state: ResultState, error: PenstockError) -> Result:
        why, rejected = error.sentence(), state is ResultState.REJECTED
        measured = self._evaluators.without_answer(why, rejected=rejected)
        return replace(row, state=state, answer=TargetAnswer(error=why), measurements=measured)


def _paid_before(earlier: Result | None) -> float:
    """Returns what the turns of a conversation that broke off have cost: none is paid again."""
    if earlier is None or earlier.state is not ResultState.FAILED:
        return 0.0
    return earlier.answer.cost_usd or 0.0
