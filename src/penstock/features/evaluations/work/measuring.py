"""Measures answers with the evaluators of a run. One that blocks the process is cut off."""

import signal
import threading
from collections.abc import Awaitable, Collection, Generator, Sequence
from types import FrameType
from typing import Any, Final, TypeVar

from penstock.features.evaluations.model import EvaluatorChoice, FindEvaluator, TargetAnswer
from penstock.rules.evaluation.items import DatasetItem
from penstock.rules.evaluation.measurements import (
    Measurement,
    infrastructure_error,
    judge_error,
    unmeasured,
)
from penstock.rules.evaluation.samples import Sample, relations_in
from penstock.spi.evaluator import JudgeModels
from penstock.spi.measuring import measure

MAX_BLOCKING_S: Final = 5.0  # for which an evaluator may compute without letting others go on
T = TypeVar("T")


class EvaluatorSet:
    """The evaluators of a run. `alone` are those that need no other answers, `comparing` the others
    with the relations of the answers that they need."""

    def __init__(
        self, choices: Sequence[EvaluatorChoice], find: FindEvaluator, judges: JudgeModels
    ) -> None:
        self._choices = [(each, find(each.kind)) for each in choices]
        self._judges = judges
        relations = {
            choice.name: relations_in(evaluator.facts(choice.options).needs)
            for choice, evaluator in self._choices
        }
        self.comparing = {name: found for name, found in relations.items() if found}
        self.alone = frozenset(relations.keys() - self.comparing.keys())

    async def measure(self, sample: Sample, names: Collection[str]) -> dict[str, Measurement]:
        """Returns a measurement of each of these evaluators, whatever they do."""
        return {
            choice.name: await self._one(measure(evaluator, sample, choice.options, self._judges))
            for choice, evaluator in self._choices
            if choice.name in names
        }

    def without_answer(self, why: str, *, rejected: bool) -> dict[str, Measurement]:
        """Returns the measurements where there is no answer."""
        state = unmeasured(why) if rejected else infrastructure_error(why)
        return {choice.name: state for choice, _ in self._choices}

    async def _one(self, measuring: Awaitable[Measurement]) -> Measurement:
        try:
            return await _Interruptible(measuring, MAX_BLOCKING_S)
        except _TookTooLong:
            return judge_error(f"The evaluator computed for more than {MAX_BLOCKING_S:g} seconds.")


def sample_of(item: DatasetItem, repeat: int, answer: TargetAnswer) -> Sample:
    """Returns what evaluators see of an answer."""
    return Sample(
        item_id=item.id,
        input=item.input,
        output=answer.output,
        expected=item.expected,
        context=item.context,
        metadata=item.metadata,
        messages=answer.messages,
        tool_calls=answer.tool_calls,
        finish_reason=answer.finish_reason,
        latency_ms=answer.latency_ms,
        cost_usd=answer.cost_usd,
        input_tokens=answer.input_tokens,
        output_tokens=answer.output_tokens,
        repeat=repeat,
        scores=answer.scores,
    )


class _TookTooLong(BaseException):
    """Raised in the middle of an evaluator. Not an `Exception`, which it might handle."""


class _Interruptible(Awaitable[T]):
    """Awaits something whose every step may block the main thread for `seconds` at most: a timer's
    signal ends it. Regular expressions check for signals, too. In other threads it has no limit."""

    def __init__(self, awaited: Awaitable[T], seconds: float) -> None:
        self._awaited = awaited
        self._seconds = seconds

    def __await__(self) -> Generator[Any, Any, T]:
        steps = self._awaited.__await__()
        if threading.current_thread() is not threading.main_thread():
            return (yield from steps)
        failure: BaseException | None = None
        while True:
            try:
                waits_for = self._step(steps, failure)
            except StopIteration as end:
                return end.value
            failure = None
            try:
                yield waits_for
            except BaseException as error:  # noqa: BLE001 - it belongs to what is awaited
                failure = error

    def _step(self, steps: Generator[Any, Any, T], failure: BaseException | None) -> Any:
        usual = signal.signal(signal.SIGALRM, _interrupt)
        left, _ = signal.setitimer(signal.ITIMER_REAL, self._seconds)
        try:
            return steps.send(None) if failure is None else steps.throw(failure)
        finally:
            signal.setitimer(signal.ITIMER_REAL, left)
            signal.signal(signal.SIGALRM, usual)


def _interrupt(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise _TookTooLong
