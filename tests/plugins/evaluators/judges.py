"""Judges for tests of evaluators: implementations of `JudgeModels` without a network."""

from collections.abc import Callable
from dataclasses import dataclass, field

from penstock.kernel.errors import UpstreamFailed
from penstock.spi.evaluator import JudgeAnswer, JudgeQuestion, JudgeVectors


class NobodyAnswers:
    """Models that cannot be reached."""

    async def ask(self, question: JudgeQuestion) -> JudgeAnswer:
        raise UpstreamFailed("Nobody answers.")

    async def embed(self, model: str, texts: tuple[str, ...]) -> JudgeVectors:
        raise UpstreamFailed("Nobody answers.")


@dataclass
class Answers:
    """A model whose answers a function of the question gives; each costs a cent."""

    of: Callable[[JudgeQuestion], str]
    asked: list[JudgeQuestion] = field(default_factory=list)
    vector: Callable[[str], tuple[float, ...]] = lambda text: (float(len(text)), 1.0)

    async def ask(self, question: JudgeQuestion) -> JudgeAnswer:
        self.asked.append(question)
        return JudgeAnswer(self.of(question), 0.01)

    async def embed(self, model: str, texts: tuple[str, ...]) -> JudgeVectors:
        return JudgeVectors(tuple(map(self.vector, texts)), 0.001)
