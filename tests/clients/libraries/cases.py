"""Samples with the answers that the judge gives, in the order of the questions: measured by a
library itself (`reference.py`) and by our evaluators. Standard library only."""

import json
from dataclasses import dataclass, field
from typing import Any

QUESTION = "What is the capital of France, and how large is it?"
ANSWER = "Paris is the capital of France. It has nine inhabitants."
EXPECTED = "Paris, with two million inhabitants."
PASSAGES = ("Paris is the capital of France.", "About two million inhabitants are in Paris.")


@dataclass(frozen=True)
class Case:
    """`answers` are texts of the judge. `name` is the metric's name at our side."""

    library: str
    name: str
    answers: tuple[str, ...] = ()
    parameters: dict[str, Any] = field(default_factory=dict)
    output: str = ANSWER
    expected: str = EXPECTED


def _json(**content: Any) -> str:
    return json.dumps(content)


def _statement(text: str, supported: int) -> dict[str, Any]:
    return {"statement": text, "reason": "It says so.", "verdict": supported}


CASES = (
    Case(
        "ragas",
        "faithfulness",
        (
            _json(statements=["Paris is the capital of France.", "Paris has nine inhabitants."]),
            _json(statements=[_statement("Paris is …", 1), _statement("Nine …", 0)]),
        ),
    ),
    Case(
        "ragas",
        "context_precision",
        (_json(reason="Of no use.", verdict=0), _json(reason="It says so.", verdict=1)),
    ),
    Case("ragas", "string_similarity"),
    Case("ragas", "string_similarity", output=EXPECTED),
    Case("ragas", "string_presence", output=f"It is {EXPECTED}"),
    Case(
        "deepeval",
        "faithfulness",
        (
            _json(truths=["Paris is the capital.", "It has two million inhabitants."]),
            _json(claims=["Paris is the capital.", "It has nine inhabitants.", "It is in France."]),
            _json(
                verdicts=[
                    {"verdict": "yes", "reason": None},
                    {"verdict": "no", "reason": "It is two million."},
                    {"verdict": "yes", "reason": None},
                ]
            ),
            _json(reason="One claim is wrong."),
        ),
    ),
    Case(
        "deepeval",
        "g_eval",
        (_json(steps=["Compare the numbers."]), _json(score=3, reason="One is wrong.")),
        {"name": "right", "criteria": "The answer is right."},
    ),
    Case("deepeval", "pattern_match", parameters={"pattern": "Paris .*"}),
    Case("deepeval", "exact_match"),
    Case(
        "trulens",
        "relevance",
        (_json(criteria="It answers.", supporting_evidence="Both parts.", score=2),),
    ),
    Case(
        "trulens",
        "groundedness",
        (
            "Paris is the capital of France.\nIt has nine inhabitants.",
            json.dumps(["Paris is the capital of France.", "It has nine inhabitants."]),
            _json(criteria="Paris is …", supporting_evidence="The first passage.", score=3),
            _json(criteria="Nine …", supporting_evidence="None.", score=0),
        ),
    ),
    Case("inspect", "includes", expected="paris"),
    Case("inspect", "includes", parameters={"ignore_case": False}, expected="paris"),
    Case(
        "inspect",
        "match",
        output="It is 2,000,000",
        expected="2000000",
        parameters={"numeric": True},
    ),
    Case("inspect", "f1"),
    Case("inspect", "pattern", parameters={"pattern": r"(\w+) is the capital"}, expected="Paris"),
    Case(
        "inspect", "model_graded_qa", ("Half of it is right.\nGRADE: P",), {"partial_credit": True}
    ),
    Case("inspect", "model_graded_fact", ("It is not.\nGRADE: I",)),
)
