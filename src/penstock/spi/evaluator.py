"""The interface of evaluators: what measures a sample.

Evaluators are entry points of the group `penstock.evaluators`: each names a function without
arguments that returns an `Evaluator`. One contract for runs, the gate and live traffic.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from penstock.rules.document import Document
from penstock.rules.evaluation.measurements import Measurement
from penstock.rules.evaluation.metrics import MetricFacts
from penstock.rules.evaluation.samples import Sample

Options = Mapping[str, Any]


class JudgeQuestion(Document, frozen=True):
    """A question to a model, in the form of OpenAI's chat API. `schema`: the JSON schema that the
    answer must have. `repeat` is part of the key of the cache: repeats are asked anew."""

    model: str
    messages: tuple[dict[str, Any], ...]
    schema: dict[str, Any] | None = None
    repeat: int = 0
    max_output_tokens: int = 1024


class JudgeAnswer(Document, frozen=True):
    """The answer of a model: its text, and what it cost (0 from the cache)."""

    text: str
    cost_usd: float = 0.0


class JudgeModels(Protocol):
    """The models that judge, asked through the gateway within the caps of cost and time."""

    async def ask(self, question: JudgeQuestion) -> JudgeAnswer:
        """Raises `PenstockError` if nobody answers or a cap is reached."""
        ...


class Evaluator(Protocol):
    """One kind of evaluator. Stateless: one instance measures all samples."""

    def problem_of(self, options: Options) -> str:
        """Returns what is wrong with the options, as a sentence; empty if nothing is."""
        ...

    def facts(self, options: Options) -> MetricFacts:
        """Returns what its metric is. The options have no problem."""
        ...

    async def measure(self, sample: Sample, options: Options, judges: JudgeModels) -> Measurement:
        """Returns a measurement. Whatever it raises becomes a `judge_error` of this sample."""
        ...
