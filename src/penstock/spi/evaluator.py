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


class EvaluatorDescription(Document, frozen=True):
    """An evaluator for readers: a sentence, the JSON schema of its options, and the source of its
    formula, if it has one."""

    summary: str
    options: dict[str, Any]
    source: str = ""


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


class JudgeVectors(Document, frozen=True):
    """The embeddings of texts, in their order, and what they cost."""

    vectors: tuple[tuple[float, ...], ...]
    cost_usd: float = 0.0


class JudgeModels(Protocol):
    """The models that judge, asked through the gateway within the caps of cost and time."""

    async def ask(self, question: JudgeQuestion) -> JudgeAnswer:
        """Raises `PenstockError` if nobody answers or a cap is reached."""
        ...

    async def embed(self, model: str, texts: tuple[str, ...]) -> JudgeVectors:
        """Returns one vector per text. Raises `PenstockError` likewise."""
        ...


class Evaluator(Protocol):
    """One kind of evaluator. Stateless: one instance measures all samples. Callers measure by
    `spi.measuring`, which turns what it raises into a state."""

    def describe(self) -> EvaluatorDescription:
        """Returns what it does and which options it has."""
        ...

    def problem_of(self, options: Options) -> str:
        """Returns what is wrong with the options, as a sentence; empty if nothing is."""
        ...

    def facts(self, options: Options) -> MetricFacts:
        """Returns what its metric is. The options have no problem."""
        ...

    async def measure(self, sample: Sample, options: Options, judges: JudgeModels) -> Measurement:
        """Returns a measurement. Whatever it raises becomes a `judge_error` of this sample."""
        ...
