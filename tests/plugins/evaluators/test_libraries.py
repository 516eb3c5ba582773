"""Evaluators of libraries without the libraries: what holds whatever a library does."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from installation import alive, wait_until
from penstock.infra.registry import Registry
from penstock.plugins.evaluators.libraries import wrapping
from penstock.plugins.evaluators.libraries.metrics import LibraryMetric, LibraryOptions
from penstock.plugins.evaluators.libraries.programs.serving import number, strict_schema
from penstock.plugins.evaluators.libraries.wrapping import Library, LibraryEvaluator
from penstock.rules.evaluation.measurements import Measurement
from penstock.rules.evaluation.samples import Sample
from penstock.rules.scores.vocabulary import ScoreState
from penstock.spi.evaluator import Evaluator, JudgeModels
from penstock.spi.libraries import LibraryUser
from penstock.spi.measuring import measure
from plugins.evaluators.judges import Answers, NobodyAnswers
from plugins.evaluators.programs.odd_program import WAYS

TESTS = Path(__file__).parents[2]
SAMPLE = Sample("x", "in", "out", "expected")
KINDS = ("deepeval", "inspect", "ragas", "trulens")


class OddOptions(LibraryOptions, frozen=True, kw_only=True):
    metrics: ClassVar = {name: LibraryMetric(name, ("output",), ("value",)) for name in WAYS}


@pytest.fixture
def odd() -> Iterator[LibraryEvaluator]:
    variables = {"PYTHONPATH": str(TESTS)}
    module = "plugins.evaluators.programs.odd_program"
    library = Library("Odd", "odd", module, OddOptions, lambda sample: {}, "Odd.", variables)
    found = LibraryEvaluator(library)
    yield found
    found.close()


async def found_by(
    evaluator: Evaluator,
    metric: str,
    judges: JudgeModels | None = None,
    seconds: float = 60.0,
    **parameters: Any,
) -> Measurement:
    options = {"metric": metric, "model": "m", "parameters": parameters}
    assert evaluator.problem_of(options) == ""
    return await measure(evaluator, SAMPLE, options, judges or NobodyAnswers(), seconds=seconds)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"metric": "faithfullness", "model": "m"}, "choose answer_accuracy, "),
        ({"metric": "faithfulness"}, "needs the option `model`"),
        ({"metric": "semantic_similarity", "model": "m"}, "needs the option `embeddings`"),
        ({"metric": "noise_sensitivity", "model": "m", "parameters": {"llm": 1}}, "It takes: mode"),
        ({"metric": "exact_match", "parameters": {"x": 1}}, "It takes: none"),
        (
            {"metric": "noise_sensitivity", "model": "m", "parameters": {"mode": "a" * 70_000}},
            "bytes",
        ),
        ({"metric": "exact_match", "parameter": {}}, "unknown field"),
        ({}, "missing required field"),
    ],
)
def test_options_are_checked_without_the_library(options: dict[str, Any], problem: str) -> None:
    assert problem in Registry[Evaluator]("penstock.evaluators").get("ragas").problem_of(options)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_missing_library_says_what_to_install(kind: str) -> None:
    bare = Registry[Evaluator]("penstock.evaluators").get(kind)
    assert isinstance(bare, LibraryUser)
    evaluator = bare.with_python(sys.executable)
    assert isinstance(evaluator, LibraryEvaluator)
    metric = {"trulens": "coherence", "inspect": "exact"}.get(kind, "exact_match")
    found = await found_by(evaluator, metric)
    evaluator.close()
    assert found.state is ScoreState.INFRASTRUCTURE_ERROR
    assert f"pip install 'penstock[{kind}]'" in found.reason


async def test_a_python_that_is_not_there_is_an_error_of_the_infrastructure(
    odd: LibraryEvaluator, tmp_path: Path
) -> None:
    found = await found_by(odd.with_python(str(tmp_path / "python")), "value")
    assert found.state is ScoreState.INFRASTRUCTURE_ERROR
    assert "cannot be started" in found.reason


async def test_questions_are_answered_by_our_models_and_cost(odd: LibraryEvaluator) -> None:
    judges = Answers(lambda question: f"{question.model} says yes")
    found = await found_by(odd, "ask", judges)
    assert (found.value, found.reason, found.cost_usd) == (1.0, "m says yes", 0.01)
    assert judges.asked[0].messages == ({"role": "user", "content": "Is it good?"},)


@pytest.mark.parametrize("metric", ["ask", "swallow_failures"])
async def test_a_question_that_nobody_answers_decides(odd: LibraryEvaluator, metric: str) -> None:
    found = await found_by(odd, metric)
    assert (found.state, found.value) == (ScoreState.INFRASTRUCTURE_ERROR, None)
    assert "Nobody answers" in found.reason


async def test_the_number_of_questions_is_bounded(odd: LibraryEvaluator) -> None:
    judges = Answers(lambda question: "yes")
    found = await found_by(odd, "ask_without_end", judges)
    assert found.state is ScoreState.INFRASTRUCTURE_ERROR
    assert "at most" in found.reason
    assert len(judges.asked) == wrapping.MAX_QUESTIONS
    assert found.cost_usd == pytest.approx(0.01 * wrapping.MAX_QUESTIONS)


@pytest.mark.parametrize(
    ("value", "state"),
    [
        (0.25, ScoreState.SCORED),
        (1.5, ScoreState.JUDGE_ERROR),
        (-1.0, ScoreState.JUDGE_ERROR),
        (None, ScoreState.JUDGE_ERROR),
        ("0.5", ScoreState.INFRASTRUCTURE_ERROR),  # the program itself is wrong
    ],
)
async def test_a_value_is_from_0_to_1(odd: LibraryEvaluator, value: Any, state: ScoreState) -> None:
    found = await found_by(odd, "value", value=value)
    assert (found.state, found.value) == (state, value if state is ScoreState.SCORED else None)


async def test_a_library_reaches_no_network_and_sees_nothing_of_our_environment(
    odd: LibraryEvaluator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.chdir(tmp_path)
    refused = await found_by(odd, "connect")
    assert refused.state is ScoreState.JUDGE_ERROR
    assert "no network" in refused.reason
    seen = await found_by(odd, "environment")
    assert "OPENAI_API_KEY" not in seen.reason
    assert "penstock-library-" in seen.reason
    assert str(tmp_path) not in seen.reason
    assert list(tmp_path.iterdir()) == []


async def test_what_a_library_prints_is_no_answer(odd: LibraryEvaluator) -> None:
    assert (await found_by(odd, "write")).value == 0.5


async def test_memory_is_bounded(odd: LibraryEvaluator) -> None:
    found = await found_by(odd, "allocate")
    assert found.state is ScoreState.JUDGE_ERROR
    assert "MemoryError" in found.reason
    assert (await found_by(odd, "write")).value == 0.5


async def test_a_library_that_hangs_is_killed_and_the_next_sample_is_measured(
    odd: LibraryEvaluator,
) -> None:
    found = await found_by(odd, "hang", seconds=2.0)
    assert found.state is ScoreState.INFRASTRUCTURE_ERROR
    assert "2 seconds" in found.reason
    assert (await found_by(odd, "write")).value == 0.5


async def test_a_process_that_ends_takes_one_sample_with_it(odd: LibraryEvaluator) -> None:
    found = await found_by(odd, "end")
    assert found.state is ScoreState.INFRASTRUCTURE_ERROR
    assert (await found_by(odd, "write")).value == 0.5


async def test_samples_share_processes(odd: LibraryEvaluator) -> None:
    found = await asyncio.gather(*(found_by(odd, "environment") for _ in range(12)))
    folders = {each.reason.rpartition(" in ")[2] for each in found}
    assert 1 <= len(folders) <= 4
    odd.close()
    assert not any(Path(folder).exists() for folder in folders)


def test_a_process_ends_with_its_parent() -> None:
    program = (
        "import asyncio, os, signal\n"
        "from penstock.infra.dialogue import Dialogue\n"
        "async def main():\n"
        "    found = Dialogue(os.sys.executable, 'plugins.evaluators.programs.odd_program',"
        f" {{'PYTHONPATH': {str(TESTS)!r}}})\n"
        "    print(found.process_id, flush=True)\n"
        "    await found.tell({'target': 'hang', 'parameters': {}, 'fields': {}})\n"
        "asyncio.run(main())\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert alive(child)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_until(lambda: not alive(child), 20)


def test_schemas_are_strict_at_any_depth() -> None:
    inner = {"type": "object", "properties": {"b": {"type": "string", "default": "x"}}}
    schema = {
        "type": "object",
        "properties": {"a": {"type": "array", "items": inner}},
        "$defs": {"I": inner},
    }
    found = strict_schema(schema)
    for each in (found, found["properties"]["a"]["items"], found["$defs"]["I"]):
        assert each["additionalProperties"] is False
        assert each["required"] == list(each["properties"])


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_unmeasured(value: float | None) -> None:
    assert (number(value).value, number(value).state) == (None, "unmeasured")
