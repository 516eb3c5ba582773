"""Evaluators that ask a judge: the answer follows a schema, or is asked for again, or is an error.

class Grade(msgspec.Struct):
    reason: str
    polite: bool

@judged(MetricFacts(MetricKind.RATE, judged=True), JudgeOptions)
async def polite(sample: Sample, options: JudgeOptions, inquiry: Inquiry) -> bool:
    '''The answer is polite.'''
    parts = [JudgedText("answer", sample.output)]
    return (await inquiry.ask("Is the answer polite?", parts, Grade)).polite
"""

from collections.abc import Awaitable, Callable, Sequence
from inspect import cleandoc
from typing import Annotated, Any, Final, TypeVar, cast

import msgspec

from penstock.kernel.errors import PenstockError
from penstock.rules.evaluation.judging import (
    JudgedText,
    KeyedQuestion,
    answer_schema,
    correction,
    judged_object,
    keyed_question,
)
from penstock.rules.evaluation.measurements import (
    Measurement,
    infrastructure_error,
    judge_error,
    scored,
)
from penstock.rules.evaluation.metrics import MetricFacts
from penstock.rules.evaluation.samples import Sample
from penstock.spi.evaluator import JudgeModels, JudgeQuestion
from penstock.spi.function_evaluator import EvaluatorOptions, FunctionEvaluator, Outcome

MAX_ASKS: Final = 3  # for one answer that follows the schema
MAX_QUESTIONS: Final = 60  # of one measurement, with those that were asked again
MAX_OUTPUT_TOKENS: Final = 4096  # of an answer of a judge
Answer = TypeVar("Answer", bound=msgspec.Struct)
Form = TypeVar("Form", bound="JudgeOptions")
__all__ = ["Inquiry", "JudgeOptions", "JudgedText", "UnclearJudge", "judged"]


class JudgeOptions(EvaluatorOptions, frozen=True):
    """The model that judges: a model, route or use case of the project."""

    model: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class UnclearJudge(Exception):
    """The judge did not answer in the schema, however often it was asked."""


class Inquiry:
    """The questions of one measurement to judges, and what they cost so far."""

    def __init__(self, judges: JudgeModels, model: str, repeat: int) -> None:
        self._judges = judges
        self._model = model
        self._repeat = repeat
        self._questions = 0
        self.cost_usd = 0.0

    async def ask(
        self,
        instructions: str,
        parts: Sequence[JudgedText],
        answer: type[Answer],
        *,
        check: Callable[[Answer], str] | None = None,
        model: str = "",
    ) -> Answer:
        """Returns the answer. `check` returns what is wrong with it beyond its schema; `model` asks
        another one. Raises `UnclearJudge` after `MAX_ASKS` answers that cannot be used, or
        `MAX_QUESTIONS` in all; `PenstockError` if nobody answers."""
        text = keyed_question(instructions, parts)
        schema = answer_schema(_schema_of(answer), text.key)
        messages, problem = text.messages, ""
        for _ in range(MAX_ASKS):
            said = await self._said(model or self._model, messages, schema)
            try:
                found = _read(said, text, answer)
                if not (problem := check(found) if check is not None else ""):
                    return found
            except ValueError as error:
                problem = str(error)
            messages = (*messages, *_again(said, problem, text.key))
        raise UnclearJudge(f"The judge did not answer in its schema: {problem}.")

    async def embed(self, model: str, texts: Sequence[str]) -> tuple[tuple[float, ...], ...]:
        """Returns a vector per text. Raises `UnclearJudge` if their number or sizes differ."""
        found = await self._judges.embed(model, tuple(texts))
        self.cost_usd += found.cost_usd
        if len(found.vectors) != len(texts) or len({len(each) for each in found.vectors}) > 1:
            raise UnclearJudge("The model did not return one vector per text.")
        return found.vectors

    async def _said(
        self, model: str, messages: tuple[dict[str, Any], ...], schema: dict[str, Any]
    ) -> str:
        if self._questions >= MAX_QUESTIONS:
            raise UnclearJudge(f"A measurement asks at most {MAX_QUESTIONS} questions.")
        self._questions += 1
        question = JudgeQuestion(model, messages, schema, self._repeat, MAX_OUTPUT_TOKENS)
        said = await self._judges.ask(question)
        self.cost_usd += said.cost_usd
        return said.text


JudgedRule = Callable[[Sample, Form, Inquiry], Awaitable[Outcome]]
Facts = MetricFacts | Callable[[Form], MetricFacts]


def judged(
    facts: Facts[Form], options: type[Form]
) -> Callable[[JudgedRule[Form]], FunctionEvaluator[Form]]:
    """Makes an evaluator of a coroutine function that asks by an `Inquiry`. Its measurements say
    what they cost; a judge that is unclear is a `judge_error`."""

    def decorate(function: JudgedRule[Form]) -> FunctionEvaluator[Form]:
        async def measure(sample: Sample, given: Form, judges: JudgeModels) -> Measurement:
            inquiry = Inquiry(judges, given.model, sample.repeat)
            try:
                found = await function(sample, given, inquiry)
            except UnclearJudge as error:
                return judge_error(str(error)).costing(inquiry.cost_usd)
            except PenstockError as error:
                return infrastructure_error(error.sentence()).costing(inquiry.cost_usd)
            if found is None:
                raise TypeError("an evaluator returns a value or a measurement, not None")
            whole = found if isinstance(found, Measurement) else scored(found)
            return whole.costing(inquiry.cost_usd)

        return FunctionEvaluator(measure, facts, options, cleandoc(function.__doc__ or ""))

    return decorate


def _schema_of(answer: type[msgspec.Struct]) -> dict[str, Any]:
    """Structs in structs are written out, because strict schemas of some providers lack `$ref`."""
    _, components = msgspec.json.schema_components([answer], ref_template="{name}")
    return _inlined(components[answer.__name__], components)


def _inlined(schema: Any, components: dict[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_inlined(each, components) for each in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    given = cast("dict[str, Any]", schema)
    if name := given.get("$ref"):
        return {**_inlined(components[name], components), "additionalProperties": False}
    return {key: _inlined(value, components) for key, value in given.items() if key != "title"}


def _read(said: str, text: KeyedQuestion, answer: type[Answer]) -> Answer:
    """Raises `ValueError`; `msgspec.ValidationError` is one."""
    return msgspec.convert(judged_object(said, text.key), answer, strict=False)


def _again(said: str, problem: str, key: str) -> tuple[dict[str, Any], ...]:
    return (
        {"role": "assistant", "content": said[:10_000]},
        {"role": "user", "content": correction(problem, key)},
    )
