"""One execution of a run: takes what is not finished, has it answered and measured, writes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final, TypeVar

from penstock.features.evaluations import store
from penstock.features.evaluations.model import Result, ResultState
from penstock.features.evaluations.work.ledger import LedgerWriter
from penstock.features.evaluations.work.parts import RunParts
from penstock.features.evaluations.work.peers import ComparedRow, PeerPass
from penstock.features.evaluations.work.rows import TASKS_PER_CALL, RowTask
from penstock.features.evaluations.work.targets import is_finished
from penstock.infra.jobs.documents import JobProgress
from penstock.infra.jobs.runner import JobControl
from penstock.kernel.errors import PenstockError

PAGE: Final = 200  # rows in memory at once, and the next ones, which are read ahead
MAX_FAILURES: Final = 50  # calls in a row without an answer; then the run ends

T = TypeVar("T")


class RunExecution:
    """Works on the rows of a run. `failure`: why it ended before its end."""

    def __init__(self, parts: RunParts, control: JobControl, *, done: int) -> None:
        self._parts = parts
        self._run = parts.run
        self._database = parts.database
        self._rows = parts.rows
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

        async def compare(rows: Sequence[ComparedRow]) -> None:
            for row in rows:
                await self._keep(await comparison.measured(row))

        rows, places = self._rows, self._run.plan.concurrency * TASKS_PER_CALL
        writing = asyncio.create_task(self._ledger.run())
        try:
            await self._each(self._tasks(), self._do, size=rows.size, places=rows.places)
            await self._ledger.flush()  # comparisons read the answers there
            await self._each(comparison.rows(), compare, size=1, places=places)
        finally:
            writing.cancel()
            await asyncio.wait([writing])
            await self._ledger.flush()

    async def _each(
        self,
        pages: AsyncIterator[Sequence[T]],
        do: Callable[[Sequence[T]], Awaitable[None]],
        *,
        size: int,
        places: int,
    ) -> None:
        """Does the tasks of all pages until it should stop: `places` batches of `size` at once. A
        page is read while the one before is done, so that nothing waits for the database."""
        waiting: asyncio.Queue[Sequence[T] | None] = asyncio.Queue(max(PAGE // size, places))

        async def read() -> None:
            async for batch in self._batches(pages, size):
                await waiting.put(batch)
            for _ in range(places):
                await waiting.put(None)

        async def work() -> None:
            while (batch := await waiting.get()) is not None:
                if not self._should_stop:
                    await do(batch)

        async with asyncio.TaskGroup() as group:
            group.create_task(read())
            for _ in range(places):
                group.create_task(work())

    async def _batches(
        self, pages: AsyncIterator[Sequence[T]], size: int
    ) -> AsyncIterator[Sequence[T]]:
        """Yields the tasks of all pages in batches, until it should stop."""
        batch: list[T] = []
        async for page in pages:
            for task in page:
                batch.append(task)
                if len(batch) == size:
                    yield batch
                    batch = []
            if self._should_stop:
                return
        if batch:
            yield batch

    @property
    def cap_reached(self) -> bool:
        """Returns whether the cost cap did not allow a call."""
        return self._spending.refused

    @property
    def _should_stop(self) -> bool:
        return bool(self._control.stop or self.failure or self.cap_reached)

    async def _tasks(self) -> AsyncIterator[list[RowTask]]:
        """Yields the rows that are not finished, page by page."""
        run, alone = self._run, self._evaluators.alone
        async for items in self._parts.pages(PAGE):
            known = await asyncio.to_thread(self._known, [each.item.id for each in items])
            found = [
                RowTask(each.item, each.position, repeat, known.get((each.item.id, repeat)))
                for each in items
                for repeat in range(run.plan.repeats)
            ]
            yield [each for each in found if not is_finished(each.earlier, run.round, alone)]

    def _known(self, ids: list[str]) -> dict[tuple[str, int], Result]:
        with self._database.read() as connection:
            return store.results_of(connection, self._run.id, ids)

    async def _do(self, tasks: Sequence[RowTask]) -> None:
        """Does rows until all are done; those that the cost cap refuses stay to be done. Machines
        that fail end the run."""
        while tasks and not self._should_stop:
            try:
                results = await self._rows(tasks)
            except PenstockError as error:
                self.failure = self.failure or error.sentence()
                return
            for result in results:
                await self._note(result)
            done = {(each.item_id, each.repeat) for each in results}
            tasks = [each for each in tasks if (each.item.id, each.repeat) not in done]

    async def _note(self, result: Result) -> None:
        lost = result.state is ResultState.FAILED and self._run.plan.calls
        self._failures = self._failures + 1 if lost else 0
        if self._failures >= MAX_FAILURES:
            self.failure = f"The last {MAX_FAILURES} calls got no answer. {result.answer.error}"
        self._done += 1
        await self._keep(result)

    async def _keep(self, result: Result) -> None:
        await self._ledger.add(result)
        self._control.note(JobProgress(self._done, self._run.total, round(self._spending.usd, 6)))
        await asyncio.sleep(0)  # recorded outputs never wait: others go on between two of them
