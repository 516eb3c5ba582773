"""The work on one row: answers it, measures the answer. It needs no database."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol, Self

from msgspec.structs import replace

from penstock.features.evaluations.model import (
    EvaluationRun,
    FindEvaluator,
    Result,
    ResultState,
    TargetAnswer,
    facets_of,
)
from penstock.features.evaluations.work.calls import RejectedCall, RunCalls, SendCall
from penstock.features.evaluations.work.conversations import ConversationTarget
from penstock.features.evaluations.work.endpoints import EndpointTarget, OpenEndpoint
from penstock.features.evaluations.work.judges import GatewayJudges
from penstock.features.evaluations.work.measuring import EvaluatorSet, sample_of
from penstock.features.evaluations.work.pace import CallPace
from penstock.features.evaluations.work.spending import CostCapReached, RunSpending
from penstock.features.evaluations.work.targets import (
    EvaluationTarget,
    RecordedTarget,
    ReleaseTarget,
    unmeasured_of,
)
from penstock.kernel.errors import PenstockError
from penstock.rules.document import Document
from penstock.rules.evaluation.endpoints import Endpoint
from penstock.rules.evaluation.items import DatasetItem
from penstock.rules.releases.served import ReleaseSection
from penstock.spi.surface import Surface

TASKS_PER_CALL: Final = 2  # rows under way for each call at once


class RowTask(Document, frozen=True):
    """A row to do. `earlier`: what the ledger has of it."""

    item: DatasetItem
    position: int
    repeat: int
    earlier: Result | None = None


class RowExecutor(Protocol):
    """Does rows, here or on other machines: `size` of them in a batch, `places` batches at once."""

    @property
    def size(self) -> int: ...

    @property
    def places(self) -> int: ...

    async def __call__(self, tasks: Sequence[RowTask]) -> Sequence[Result]:
        """Returns complete rows. What is missing is to be done again, unless the cost cap is
        reached, which the spending of the run says."""
        ...


@dataclass(frozen=True, slots=True)
class RowServices:
    """The parts of a process that rows need: evaluators, a format of requests, the gateway."""

    find: FindEvaluator
    surface: Surface
    send: SendCall
    endpoints: OpenEndpoint | None = None


class RowWork:
    """Answers rows of a run, and measures the answers."""

    def __init__(
        self,
        run: EvaluationRun,
        target: EvaluationTarget,
        evaluators: EvaluatorSet,
        spending: RunSpending,
    ) -> None:
        self._run = run
        self._target = target
        self.evaluators = evaluators
        self._spending = spending

    @classmethod
    def of(
        cls,
        run: EvaluationRun,
        release: ReleaseSection | None,
        services: RowServices,
        spending: RunSpending,
        concurrency: int,
    ) -> Self:
        """Connects the parts. `release`: what is called; `None` for recorded outputs."""
        pace = CallPace(concurrency)
        calls = RunCalls(services.send, run.project_id, run.plan.key_id, pace)
        judges = GatewayJudges(calls, f"eval_run={run.id}", spending)
        target: EvaluationTarget = RecordedTarget(run.plan.output_field)
        if release is not None:
            target = ReleaseTarget(run, release, services.surface, calls)
            if run.plan.user is not None:
                target = ConversationTarget(target, run.plan.user, judges)
        if run.plan.endpoint is not None:
            target = _endpoint(run, run.plan.endpoint, services, calls)
        evaluators = EvaluatorSet(run.plan.evaluators, services.find, judges)
        return cls(run, target, evaluators, spending)

    async def __call__(self, task: RowTask) -> Result:
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
        if task.earlier is not None and task.earlier.state is ResultState.MEASURED:
            return await self._measured_again(task, task.earlier, row)
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
            lost = self.evaluators.without_answer(answer.error, rejected=False)
            failed = ResultState.FAILED
            return replace(row, state=failed, answer=answer, measurements=lost, cost_usd=paid)
        sample = sample_of(item, task.repeat, answer)
        measured = await self.evaluators.measure(sample, self.evaluators.alone)
        cost = paid + sum(each.cost_usd for each in measured.values())
        return replace(row, answer=answer, measurements=measured, cost_usd=cost)

    async def _measured_again(self, task: RowTask, earlier: Result, row: Result) -> Result:
        """Returns an answered row with what judges did not measure."""
        sample = sample_of(task.item, task.repeat, earlier.answer)
        lost = unmeasured_of(earlier)
        again = await self.evaluators.measure(sample, lost & self.evaluators.alone)
        cost = earlier.cost_usd + sum(each.cost_usd for each in again.values())
        kept = {name: each for name, each in earlier.measurements.items() if name not in lost}
        return replace(row, answer=earlier.answer, measurements=kept | again, cost_usd=cost)

    def _without_answer(self, row: Result, state: ResultState, error: PenstockError) -> Result:
        why, rejected = error.sentence(), state is ResultState.REJECTED
        measured = self.evaluators.without_answer(why, rejected=rejected)
        return replace(row, state=state, answer=TargetAnswer(error=why), measurements=measured)


class LocalRows:
    """`RowExecutor` of this process. More rows are under way than calls may be, so that the
    provider does not wait for what is done between two calls."""

    size = 1

    def __init__(self, work: RowWork, concurrency: int) -> None:
        self._work = work
        self.places = concurrency * TASKS_PER_CALL

    async def __call__(self, tasks: Sequence[RowTask]) -> Sequence[Result]:
        """Returns the rows until the cost cap is reached."""
        try:
            return [await self._work(each) for each in tasks]
        except CostCapReached:
            return ()


def _endpoint(
    run: EvaluationRun, endpoint: Endpoint, services: RowServices, calls: RunCalls
) -> EndpointTarget:
    if services.endpoints is None:
        raise PenstockError("This process calls no endpoints.")
    send = services.endpoints(run.project_id, endpoint)
    place = calls.project_id, calls.key_id, calls.pace
    own = RunCalls(send, *place, trusted=False, hidden=send.hidden())
    return EndpointTarget(run, endpoint, own)


def _paid_before(earlier: Result | None) -> float:
    """Returns what the turns of a conversation that broke off have cost: none is paid again."""
    if earlier is None or earlier.state is not ResultState.FAILED:
        return 0.0
    return earlier.answer.cost_usd or 0.0
