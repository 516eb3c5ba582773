"""The evaluator of a library, which runs in a process of its own and asks models by `JudgeModels`.

So caps of cost and time, the cache and idempotency keys hold as for our own judges; a library that
hangs is killed, and what it does to its process does nothing to ours.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec

from penstock.infra.dialogue import Dialogue, Dialogues
from penstock.kernel.errors import PenstockError, UpstreamFailed
from penstock.plugins.evaluators.libraries.metrics import LibraryOptions
from penstock.rules.document import Document
from penstock.rules.evaluation.measurements import (
    MAX_REASON_CHARS,
    Measurement,
    infrastructure_error,
    judge_error,
    scored,
)
from penstock.rules.evaluation.metrics import MetricFacts, MetricKind
from penstock.rules.evaluation.samples import Sample
from penstock.rules.scores.vocabulary import ScoreState
from penstock.spi.evaluator import EvaluatorDescription, JudgeModels, JudgeQuestion, Options
from penstock.spi.function_evaluator import FunctionEvaluator

MAX_QUESTIONS: Final = 100  # of one measurement by a library, with those asked again
MAX_OUTPUT_TOKENS: Final = 4096  # of an answer to a library
MAX_COMPUTING_S: Final = 60.0  # between two questions of a library, its start included
PROGRAMS: Final = "penstock.plugins.evaluators.libraries.programs"
_QUIET: Final = {  # whatever these libraries use in turn
    "ANONYMIZED_TELEMETRY": "false",
    "HF_HUB_OFFLINE": "1",
    "LANGCHAIN_TRACING_V2": "false",
    "LANGSMITH_TRACING": "false",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OTEL_SDK_DISABLED": "true",
}


@dataclass(frozen=True)
class Library:
    """A library: `extra` is what pip installs, `program` the module that runs beside it. `fields`
    are the parts of a sample by its names, `variables` switch off what it would send home."""

    name: str
    extra: str
    program: str
    options: type[LibraryOptions]
    fields: Callable[[Sample], dict[str, Any]]
    description: str
    variables: Mapping[str, str]


class LibraryEvaluator:
    """Implements `Evaluator` by a library. `python` has it; empty: the Python of this process."""

    def __init__(self, library: Library, python: str = "") -> None:
        self._library = library
        variables = {**_QUIET, **library.variables}
        self._processes = Dialogues(python, library.program, variables)
        self._function = FunctionEvaluator(
            self._measured, lambda given: given.chosen.facts(), library.options, library.description
        )

    def with_python(self, python: str) -> "LibraryEvaluator":
        """Returns the evaluator with another Python."""
        return LibraryEvaluator(self._library, python)

    def describe(self) -> EvaluatorDescription:
        """Returns what the library is and which metrics there are."""
        return self._function.describe()

    def problem_of(self, options: Options) -> str:
        """Returns what is wrong with the options."""
        return self._function.problem_of(options)

    def facts(self, options: Options) -> MetricFacts:
        """Returns the facts of the chosen metric."""
        return self._function.facts(options)

    async def measure(self, sample: Sample, options: Options, judges: JudgeModels) -> Measurement:
        """Returns what the library says."""
        return await self._function.measure(sample, options, judges)

    def close(self) -> None:
        """Ends the processes of the library."""
        self._processes.close()

    async def _measured(
        self, sample: Sample, given: LibraryOptions, judges: JudgeModels
    ) -> Measurement:
        job = {
            "target": given.chosen.target,
            "parameters": given.parameters,
            "fields": self._library.fields(sample),
            "embeddings": bool(given.embeddings),
        }
        inquiry = _LibraryInquiry(given, judges, sample.repeat)
        try:
            async with self._processes.one() as process:
                said = await inquiry.result(process, job)
            found = self._measurement(given, said)
        except PenstockError as error:
            found = infrastructure_error(error.sentence())
        except TimeoutError:
            found = judge_error(f"The library computed for more than {MAX_COMPUTING_S:g} seconds.")
        return found.costing(inquiry.cost_usd)

    def _measurement(self, given: LibraryOptions, said: "_Said") -> Measurement:
        if said.state == "missing":
            install = f"Install it: pip install 'penstock[{self._library.extra}]'."
            return infrastructure_error(f"{self._library.name} is missing. {install} {said.reason}")
        if said.state != ScoreState.SCORED:
            return Measurement(ScoreState(said.state), None, said.reason[:MAX_REASON_CHARS])
        if said.value is None or not 0 <= said.value <= 1:
            return judge_error(f"The library gave {said.value}, which is not from 0 to 1.")
        if given.chosen.kind is MetricKind.RATE:
            return scored(said.value >= 1, said.reason)
        return scored(float(said.value), said.reason)


class _Said(Document, frozen=True):
    """A message of the program: a question, texts to embed, or the result, which has a state."""

    messages: tuple[dict[str, Any], ...] = ()
    schema: dict[str, Any] | None = None
    embed: tuple[str, ...] = ()
    state: Literal[
        "", "missing", "scored", "abstained", "unmeasured", "judge_error", "infrastructure_error"
    ] = ""
    value: bool | float | None = None
    reason: str = ""


class _LibraryInquiry:
    """One measurement: what the library asks, and what that costs."""

    def __init__(self, given: LibraryOptions, judges: JudgeModels, repeat: int) -> None:
        self._given = given
        self._judges = judges
        self._repeat = repeat
        self.cost_usd = 0.0

    async def result(self, process: Dialogue, job: Mapping[str, Any]) -> _Said:
        """Returns the result of a job. Raises `PenstockError` if the process ends or says what it
        must not."""
        said = await _next_message(process, job)
        questions = 0
        while not said.state:
            questions += 1
            said = await _next_message(process, await self._answer(said, questions))
        return said

    async def _answer(self, said: _Said, number: int) -> dict[str, Any]:
        """Returns the answer, or why there is none, which then is the program's result."""
        if number > MAX_QUESTIONS:
            return {"problem": f"A measurement asks at most {MAX_QUESTIONS} questions."}
        try:
            if said.embed:
                vectors = await self._judges.embed(self._given.embeddings, said.embed)
                self.cost_usd += vectors.cost_usd
                return {"answer": vectors.vectors}
            question = JudgeQuestion(
                self._given.model, said.messages, said.schema, self._repeat, MAX_OUTPUT_TOKENS
            )
            answer = await self._judges.ask(question)
        except PenstockError as error:
            return {"problem": error.sentence()}
        self.cost_usd += answer.cost_usd
        return {"answer": answer.text}


async def _next_message(process: Dialogue, message: Mapping[str, Any]) -> _Said:
    try:
        async with asyncio.timeout(MAX_COMPUTING_S):
            return msgspec.convert(await process.tell(message), _Said)
    except msgspec.ValidationError as error:
        raise UpstreamFailed(
            f"The process of the library cannot be understood: {error}."
        ) from error
