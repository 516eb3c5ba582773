"""Rows that other machines do: what travels there and back, and both ends of it.

A batch needs the gateway's address and a token of short life, no database. It lasts half a minute,
then it comes back with what is done: so cancelling and the cost cap take effect, and a machine that
is lost costs its batch, which is done again under the same idempotency keys (decision 90).
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

from penstock.features.evaluations.model import (
    EvaluationRun,
    EvaluatorPrograms,
    Result,
)
from penstock.features.evaluations.work.rows import (
    TASKS_PER_CALL,
    RowServices,
    RowTask,
    RowWork,
)
from penstock.features.evaluations.work.spending import CostCapReached, RunSpending
from penstock.kernel.errors import UpstreamFailed
from penstock.rules.document import Document
from penstock.rules.releases.served import ReleaseSection

BATCH_S: Final = 30.0  # after which a batch begins no row
BATCH_LIMIT_S: Final = 900.0  # of a batch; rows that are under way then are left
MAX_BATCH_BYTES: Final = 16 * 1024 * 1024  # of the rows of a batch, there and back
MAX_EMPTY: Final = 50  # batches in a row that come back with nothing done; then the run fails
TOKEN_S: Final = 1800.0  # life of the token of a batch
_MOST_PER_CALL: Final = 40  # rows of a batch for each call at once
_LEAST_PER_CALL: Final = 2  # rows of a small run's batch for each call at once
_BATCHES: Final = 4  # at least, of each machine, so that all of them end at about the same time


class BatchOrder(Document, frozen=True):
    """A batch as it travels. `allowance_usd`: what it may spend, 0 for no cap. `mean_usd`: the mean
    cost of the run's calls. `expires_s`: until when its token is valid, in Unix seconds."""

    run: EvaluationRun
    tasks: tuple[RowTask, ...]
    concurrency: int
    gateway_url: str
    token: str
    expires_s: float
    release: ReleaseSection | None = None
    allowance_usd: float = 0.0
    mean_usd: float = 0.0
    programs: EvaluatorPrograms = EvaluatorPrograms()


class BatchDone(Document, frozen=True):
    """The end of a batch: complete rows, their cost and calls, and whether it had to stop because
    of its allowance."""

    results: tuple[Result, ...]
    cost_usd: float = 0.0
    calls: int = 0
    refused: bool = False


class SendBatch(Protocol):
    """Has a batch done on another machine."""

    async def __call__(self, order: bytes) -> bytes:
        """Returns a `BatchDone` for a `BatchOrder`, as JSON. Raises `PenstockError`."""
        ...


@dataclass(frozen=True, slots=True)
class OtherMachines:
    """The way to other machines. `token` makes one for calls as a key, until a Unix time."""

    send: SendBatch
    places: int
    gateway_url: str
    token: Callable[[str, str, float], str]
    programs: EvaluatorPrograms


class RemoteRows:
    """`RowExecutor` of other machines, which share the run's concurrency."""

    def __init__(
        self,
        run: EvaluationRun,
        release: ReleaseSection | None,
        machines: OtherMachines,
        spending: RunSpending,
    ) -> None:
        self._run = run
        self._release = release
        self._machines = machines
        self._spending = spending
        self._empty = 0
        self.places = max(1, min(machines.places, run.plan.concurrency))
        self._concurrency = run.plan.concurrency // self.places
        most, least = (self._concurrency * each for each in (_MOST_PER_CALL, _LEAST_PER_CALL))
        even = run.total // (self.places * _BATCHES) if run.total else most
        self.size = max(least, min(most, even))

    async def __call__(self, tasks: Sequence[RowTask]) -> Sequence[Result]:
        """Returns the rows that came back complete. Raises `UpstreamFailed` if none ever does."""
        try:
            with self._spending.share(self.places) as allowance_usd:
                order = self._order(_within(tasks), allowance_usd)
                answer = await self._machines.send(msgspec.json.encode(order))
                done = msgspec.json.decode(answer, type=BatchDone)
                self._spending.add(done.cost_usd, done.calls)
        except CostCapReached:
            return ()
        self._spending.refused |= done.refused
        self._empty = 0 if done.results or done.refused else self._empty + 1
        if self._empty >= MAX_EMPTY:
            raise UpstreamFailed(
                f"{MAX_EMPTY} batches in a row came back from other machines with nothing done.",
                hint="Compare their clocks with that of the worker.",
            )
        return done.results

    def _order(self, tasks: tuple[RowTask, ...], allowance_usd: float) -> BatchOrder:
        run, machines = self._run, self._machines
        expires_s = time.time() + TOKEN_S
        return BatchOrder(
            run,
            tasks,
            self._concurrency,
            machines.gateway_url,
            machines.token(run.project_id, run.plan.key_id, expires_s),
            expires_s,
            self._release,
            allowance_usd,
            self._spending.mean,
            machines.programs,
        )


def _within(tasks: Sequence[RowTask]) -> tuple[RowTask, ...]:
    """Returns the first tasks, as many as fit a batch."""
    size = 0
    for count, task in enumerate(tasks):
        size += len(msgspec.json.encode(task))
        if count and size > MAX_BATCH_BYTES:
            return tuple(tasks[:count])
    return tuple(tasks)


async def do_batch(order: BatchOrder, services: RowServices) -> BatchDone:
    """Does a batch on the machine that got it. Returns early what is done when its time is over."""
    spending = RunSpending(0.0, order.allowance_usd, order.mean_usd)
    concurrency = order.concurrency
    work = RowWork.of(order.run, order.release, services, spending, concurrency)
    batch = _Batch(order.tasks, work, spending)
    limit_s = min(BATCH_LIMIT_S, order.expires_s - time.time())
    try:
        async with asyncio.timeout(limit_s), asyncio.TaskGroup() as group:
            for _ in range(concurrency * TASKS_PER_CALL):
                group.create_task(batch.work())
    except TimeoutError:
        pass  # what is done comes back
    return BatchDone(tuple(batch.results), spending.usd, spending.calls, spending.refused)


class _Batch:
    """The rows of a batch that wait, and those that are done."""

    def __init__(
        self,
        tasks: Sequence[RowTask],
        work: Callable[[RowTask], Awaitable[Result]],
        spending: RunSpending,
    ) -> None:
        self._waiting = deque(tasks)
        self._work = work
        self._spending = spending
        self._until = asyncio.get_running_loop().time() + BATCH_S
        self._bytes = 0
        self.results: list[Result] = []

    async def work(self) -> None:
        """Does one row after the other."""
        while self._waiting and not self._is_over:
            try:
                result = await self._work(self._waiting.popleft())
            except CostCapReached:
                return
            self.results.append(result)
            self._bytes += len(msgspec.json.encode(result))
            await asyncio.sleep(0)  # recorded outputs never wait

    @property
    def _is_over(self) -> bool:
        late = asyncio.get_running_loop().time() >= self._until
        return late or self._spending.refused or self._bytes >= MAX_BATCH_BYTES
