"""Evaluators made of a function: what most of them need to be, in about twenty lines.

    @evaluator(MetricFacts(MetricKind.RATE))
    def polite(sample: Sample, options: NoOptions) -> bool:
        '''Says please or thank you.'''
        return "please" in sample.output or "thank you" in sample.output

The entry point names `polite`. The docstring is its description; options are fields of a document.
"""

from collections.abc import Awaitable, Callable
from inspect import cleandoc
from typing import Any, Generic, TypeVar

import msgspec

from penstock.rules.document import Document
from penstock.rules.evaluation.measurements import Measurement, Value, scored
from penstock.rules.evaluation.metrics import MetricFacts
from penstock.rules.evaluation.samples import Sample
from penstock.spi.evaluator import EvaluatorDescription, JudgeModels, Options


class EvaluatorOptions(Document, frozen=True, forbid_unknown_fields=True):
    """The base of options: named fields with their types; a field without a default is required.
    `problem` checks what types cannot say."""

    def problem(self) -> str:
        """Returns what is wrong with the values, as a sentence; empty if nothing is."""
        return ""


class NoOptions(EvaluatorOptions, frozen=True):
    """An evaluator has none."""


Given = TypeVar("Given", bound=EvaluatorOptions)
Outcome = Measurement | Value
Facts = MetricFacts | Callable[[Given], MetricFacts]
Rule = Callable[[Sample, Given], Outcome]
JudgeRule = Callable[[Sample, Given, JudgeModels], Awaitable[Outcome]]


class FunctionEvaluator(Generic[Given]):
    """Implements `Evaluator` by a function. Called, it returns itself, so that an entry point may
    name it."""

    def __init__(
        self, function: JudgeRule[Given], facts: Facts[Given], options: type[Given], text: str
    ) -> None:
        self._function = function
        self._facts = facts
        self._options = options
        self._text = text

    def __call__(self) -> "FunctionEvaluator[Given]":
        """Returns itself."""
        return self

    def describe(self) -> EvaluatorDescription:
        """Returns the docstring of the function: its first paragraph is the summary, the rest the
        source."""
        summary, _, source = self._text.partition("\n\n")
        _, components = msgspec.json.schema_components([self._options])
        schema: dict[str, Any] = components[self._options.__name__]
        return EvaluatorDescription(_line(summary), schema, _line(source))

    def problem_of(self, options: Options) -> str:
        """Returns what is wrong with the options."""
        try:
            return self._given(options).problem()
        except msgspec.ValidationError as error:
            return f"{error}."

    def facts(self, options: Options) -> MetricFacts:
        """Returns the facts, which may depend on the options."""
        if isinstance(self._facts, MetricFacts):
            return self._facts
        return self._facts(self._given(options))

    async def measure(self, sample: Sample, options: Options, judges: JudgeModels) -> Measurement:
        """Returns what the function says; a bare value is scored."""
        found = await self._function(sample, self._given(options), judges)
        if isinstance(found, Measurement):
            return found
        if found is None:
            raise TypeError("an evaluator returns a value or a measurement, not None")
        return scored(found)

    def _given(self, options: Options) -> Given:
        return msgspec.convert(dict(options), self._options)


def evaluator(
    facts: Facts[Given], options: type[Given]
) -> Callable[[Rule[Given]], FunctionEvaluator[Given]]:
    """Makes an evaluator of a function that needs no model. It must be quick: it runs in the event
    loop of a run."""

    def decorate(function: Rule[Given]) -> FunctionEvaluator[Given]:
        async def measure(sample: Sample, given: Given, judges: JudgeModels) -> Outcome:
            del judges
            return function(sample, given)

        return FunctionEvaluator(measure, facts, options, cleandoc(function.__doc__ or ""))

    return decorate


def judge_evaluator(
    facts: Facts[Given], options: type[Given]
) -> Callable[[JudgeRule[Given]], FunctionEvaluator[Given]]:
    """Makes an evaluator of a coroutine function that asks models."""

    def decorate(function: JudgeRule[Given]) -> FunctionEvaluator[Given]:
        return FunctionEvaluator(function, facts, options, cleandoc(function.__doc__ or ""))

    return decorate


def _line(text: str) -> str:
    return " ".join(text.split())
