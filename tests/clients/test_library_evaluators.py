"""Evaluators that wrap libraries, with the libraries: their scores are those of the library."""

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from clients.conftest import LIBRARIES
from clients.libraries.cases import CASES, EXPECTED, PASSAGES, QUESTION, Case
from penstock.plugins.evaluators.libraries import deepeval, inspect, ragas, trulens
from penstock.plugins.evaluators.libraries.metrics import LibraryMetric
from penstock.plugins.evaluators.libraries.wrapping import LibraryEvaluator
from penstock.rules.evaluation.measurements import Measurement
from penstock.rules.evaluation.samples import Sample
from penstock.rules.scores.vocabulary import ScoreState
from penstock.spi.evaluator import JudgeModels, JudgeQuestion
from penstock.spi.measuring import measure
from plugins.evaluators.judges import Answers, NobodyAnswers

pytestmark = pytest.mark.clients


REFERENCE: Final = Path(__file__).parent / "libraries" / "reference.py"
TABLES: Final[dict[str, dict[str, LibraryMetric]]] = {
    "ragas": ragas.METRICS,
    "deepeval": deepeval.METRICS,
    "trulens": trulens.METRICS,
    "inspect": inspect.METRICS,
}
JUDGED: Final = [
    ("ragas", "faithfulness"),
    ("deepeval", "faithfulness"),
    ("trulens", "relevance"),
    ("inspect", "model_graded_qa"),
]
Evaluators = dict[str, LibraryEvaluator]


@pytest.fixture(scope="module")
def evaluators() -> Iterator[Evaluators]:
    if not LIBRARIES.exists():
        pytest.fail("there is no .venv-evaluators: run `make clients`")
    makers = (ragas.create, deepeval.create, trulens.create, inspect.create)
    found = {
        name: make().with_python(str(LIBRARIES)) for name, make in zip(TABLES, makers, strict=True)
    }
    yield found
    for each in found.values():
        each.close()


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the libraries say without us."""
    folder = tmp_path_factory.mktemp("reference")
    targets = {
        library: sorted({each.target for each in table.values()})
        for library, table in TABLES.items()
    }
    done = subprocess.run(
        [str(LIBRARIES), str(REFERENCE)],
        cwd=folder,
        env={"HOME": str(folder), "PATH": os.environ["PATH"], **ragas.QUIET, **deepeval.QUIET},
        input=json.dumps(targets),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def sample(case: Case) -> Sample:
    return Sample("x", QUESTION, case.output, case.expected, PASSAGES)


def scripted(answers: Sequence[str]) -> Answers:
    left = iter(answers)
    return Answers(lambda question: next(left))


async def measured(
    evaluators: Evaluators,
    case: Case,
    judges: JudgeModels,
    *,
    of: Sample | None = None,
    seconds: float = 120.0,
) -> Measurement:
    evaluator = evaluators[case.library]
    options = {
        "metric": case.name,
        "model": "m",
        "embeddings": "e",
        "parameters": case.parameters,
    }
    assert evaluator.problem_of(options) == ""
    return await measure(evaluator, of or sample(case), options, judges, seconds=seconds)


@pytest.mark.parametrize("at", range(len(CASES)), ids=[f"{c.library} {c.name}" for c in CASES])
async def test_a_score_is_that_of_the_library(
    evaluators: Evaluators, reference: dict[str, Any], at: int
) -> None:
    judges = scripted(CASES[at].answers)
    found = await measured(evaluators, CASES[at], judges)
    assert found.state is ScoreState.SCORED, found.reason
    assert found.value == pytest.approx(reference["scores"][at], abs=1e-12)
    assert len(judges.asked) == len(CASES[at].answers)
    assert found.cost_usd == pytest.approx(0.01 * len(judges.asked))


def test_each_metric_takes_the_parameters_of_our_table(reference: dict[str, Any]) -> None:
    taken = reference["taken"]
    wrong = [
        (library, name, sorted(unknown))
        for library, table in TABLES.items()
        for name, metric in table.items()
        if (unknown := set(metric.parameters) - set(taken[library][metric.target]))
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("library", "name"), [(library, name) for library, table in TABLES.items() for name in table]
)
async def test_each_metric_measures(evaluators: Evaluators, library: str, name: str) -> None:
    required = {
        "answer": {"pattern": "line"},
        "g_eval": {"name": "right", "criteria": "It is right."},
        "misuse": {"domain": "geography"},
        "pattern": {"pattern": "(Paris)"},
        "pattern_match": {"pattern": "Paris"},
        "prompt_alignment": {"prompt_instructions": ["Be short."]},
    }
    case = Case(library, name, parameters=required.get(name, {}))
    found = await measured(evaluators, case, Answers(fitting))
    assert found.state is ScoreState.SCORED, found.reason


def fitting(question: JudgeQuestion) -> str:
    """A document of the schema; a text without one."""
    if question.schema is None:
        return "Both parts are answered. Score: 2\nGRADE: C"
    return json.dumps(_document(question.schema, question.schema.get("$defs", {})))


def _document(schema: dict[str, Any], parts: dict[str, Any]) -> Any:
    if "$ref" in schema:
        return _document(parts[schema["$ref"].rpartition("/")[2]], parts)
    if "anyOf" in schema:
        return _document(schema["anyOf"][0], parts)
    if "enum" in schema:
        return schema["enum"][0]
    match schema["type"]:
        case "object":
            fields = schema.get("properties", {})
            ratings = {key: 2 for key in fields if key in {"rating", "score"}}
            return {key: _document(each, parts) for key, each in fields.items()} | ratings
        case "array":
            return [_document(schema["items"], parts)]
        case "integer" | "number":
            return 1
        case "boolean":
            return True
        case _:
            return "Paris is the capital of France."


@pytest.mark.parametrize(("library", "name"), JUDGED)
async def test_a_judge_that_answers_in_no_form_is_an_error(
    evaluators: Evaluators, library: str, name: str
) -> None:
    judges = Answers(lambda question: "I would rather not say.")
    found = await measured(evaluators, Case(library, name), judges)
    assert (found.state, found.value) == (ScoreState.JUDGE_ERROR, None)
    assert len(judges.asked) == (1 if library == "inspect" else 3)  # Inspect reads texts itself
    assert found.cost_usd == pytest.approx(0.01 * len(judges.asked))


@pytest.mark.parametrize(("library", "name"), JUDGED)
async def test_a_provider_that_is_down_is_no_score(
    evaluators: Evaluators, library: str, name: str
) -> None:
    found = await measured(evaluators, Case(library, name), NobodyAnswers())
    assert (found.state, found.value) == (ScoreState.INFRASTRUCTURE_ERROR, None)
    assert "Nobody answers" in found.reason


@pytest.mark.parametrize(
    ("library", "name", "answers"),
    [
        ("ragas", "faithfulness", ['{"statements": []}']),
        (
            "deepeval",
            "faithfulness",
            ['{"truths": ["a"]}', '{"claims": []}', '{"reason": "None."}'],
        ),
        ("trulens", "groundedness", ["Hello!", "[]"]),
    ],
)
async def test_an_answer_without_claims_is_unmeasured(
    evaluators: Evaluators, library: str, name: str, answers: list[str]
) -> None:
    found = await measured(evaluators, Case(library, name), scripted(answers))
    assert (found.state, found.value) == (ScoreState.UNMEASURED, None)


@pytest.mark.parametrize(("library", "name"), JUDGED)
async def test_a_sample_without_a_field_is_unmeasured(
    evaluators: Evaluators, library: str, name: str
) -> None:
    judges = scripted([])
    bare = Sample("x", output="Paris.")
    found = await measured(evaluators, Case(library, name), judges, of=bare)
    assert found.state is ScoreState.UNMEASURED
    assert judges.asked == []


async def test_a_pattern_without_end_is_killed_and_others_go_on(evaluators: Evaluators) -> None:
    slow = Case("inspect", "pattern", parameters={"pattern": "(a+)+$"}, output="a" * 60 + "!")
    found = await measured(evaluators, slow, NobodyAnswers(), seconds=8)
    assert found.state is ScoreState.INFRASTRUCTURE_ERROR
    assert "8 seconds" in found.reason
    plain = Case("inspect", "includes", output=EXPECTED)
    assert (await measured(evaluators, plain, NobodyAnswers())).value is True


def test_telemetry_is_off_by_the_libraries_own_account(reference: dict[str, Any]) -> None:
    assert reference["quiet"] == [True, True]
