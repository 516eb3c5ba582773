"""Metrics by claims, safety and style, with a judge that decides by the words of the texts."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from penstock.rules.evaluation.judging import KEY
from penstock.rules.evaluation.samples import PeerRelation, Sample, SamplePeer, SampleToolCall
from penstock.rules.evaluation.texts import sentences
from penstock.rules.scores.vocabulary import ScoreState
from penstock.spi.evaluator import JudgeQuestion
from plugins.evaluators.judges import Answers
from plugins.evaluators.measuring import measured

PARIS, RHINE, MOON = "Paris is in France.", "The Rhine is a river.", "The moon is green."


def _numbered(text: str) -> list[str]:
    return re.findall(r"^\d+\. (.*)$", text, re.MULTILINE)


DECISIONS: dict[str, Callable[[dict[str, str]], Any]] = {
    "claims": lambda it: [] if "cannot" in it["answer"] else sentences(it["answer"]),
    "declines": lambda it: "cannot" in it["answer"],
    "supported": lambda it: [each in it["source"] for each in _numbered(it["claims"])],
    "useful": lambda it: it["passage"] in it["answer"],
    "questions": lambda it: [f"about {it['answer']}"] * 3,
    "same": lambda it: it["first"].lower() == it["second"].lower(),
    "followed": lambda it: [each in it["answer"] for each in _numbered(it["rules"])],
    "within": lambda it: it["domain"] in it["answer"],
    "toxic": lambda it: "idiot" in it["answer"],
    "reached": lambda it: it["goal"] in it["steps"],
}


def literal(question: JudgeQuestion) -> str:
    """A judge for whom a claim is a sentence, and a source supports what it contains."""
    assert question.schema is not None
    wanted = question.schema["properties"]
    key = wanted[KEY]["enum"][0]
    shown = question.messages[1]["content"]
    texts = dict(re.findall(rf"<([\w-]+)-{key}>\n(.*?)\n</\1-{key}>", shown, re.DOTALL))
    said: dict[str, Any] = {KEY: key, "reason": "", "abstain": False}
    said |= {name: DECISIONS[name](texts) for name in wanted.keys() - said.keys()}
    return json.dumps(said)


def peers(relation: PeerRelation, *outputs: str) -> tuple[SamplePeer, ...]:
    return tuple(SamplePeer(relation, each) for each in outputs)


def rag(output: str, *context: str, expected: str | None = None) -> Sample:
    return Sample("a", "What?", output, expected, context)


REPEAT, GROUP = PeerRelation.REPEAT, PeerRelation.GROUP


@pytest.mark.parametrize(
    ("kind", "sample", "value"),
    [
        ("faithfulness", rag(f"{PARIS} {MOON}", PARIS, RHINE), 0.5),
        ("faithfulness", rag("I cannot say.", PARIS), ScoreState.ABSTAINED),
        ("faithfulness", rag("?!", PARIS), ScoreState.UNMEASURED),
        ("faithfulness", rag(PARIS), ScoreState.UNMEASURED),
        ("faithfulness", rag("", PARIS), ScoreState.UNMEASURED),
        ("context_precision", rag("x", RHINE, PARIS, expected=PARIS), 0.5),
        ("context_precision", rag(PARIS, PARIS, RHINE), 1.0),
        ("context_precision", rag(PARIS, MOON), 0.0),
        ("context_recall", rag("x", PARIS, expected=f"{PARIS} {RHINE} {MOON}"), 1 / 3),
        ("context_recall", rag("x", PARIS), ScoreState.UNMEASURED),
        (
            "noise_sensitivity",  # MOON is wrong, and in a passage that also supports the truth
            rag(f"{PARIS} {MOON}", f"{PARIS} {MOON}", RHINE, expected=PARIS),
            0.5,
        ),
        ("noise_sensitivity", rag(PARIS, PARIS, MOON, expected=PARIS), 0.0),
        (
            "self_contradiction",
            Sample("a", "?", f"{PARIS} {MOON}", peers=peers(REPEAT, PARIS, f"{MOON} {PARIS}")),
            0.25,
        ),
        ("self_contradiction", Sample("a", "?", PARIS), ScoreState.UNMEASURED),
        ("consistency", Sample("a", "?", "Yes", peers=peers(GROUP, "yes", "Yes", "No")), 2 / 3),
        ("toxicity", Sample("a", "?", "You idiot"), True),
        ("goal_reached", Sample("a", "pay", "done", tool_calls=(SampleToolCall("pay"),)), True),
        ("goal_reached", Sample("a", "pay", "done"), False),
    ],
)
async def test_values(kind: str, sample: Sample, value: Any) -> None:
    found = await measured(kind, sample, Answers(literal), model="judge")
    assert (found.state if found.value is None else found.value) == (
        pytest.approx(value) if isinstance(value, float) else value
    )


async def test_noise_from_irrelevant_passages() -> None:
    sample = rag(f"{PARIS} {MOON}", PARIS, MOON, expected=PARIS)
    found = await measured(
        "noise_sensitivity", sample, Answers(literal), model="j", mode="irrelevant"
    )
    assert found.value == 0.5


async def test_style_and_topic() -> None:
    sample = Sample("a", "?", "The weather is fine.")
    style = await measured("style", sample, Answers(literal), model="j", rules=["fine", "rain"])
    assert (style.value, style.details) == (0.5, {"broken": ["rain"]})
    topic = await measured("topic", sample, Answers(literal), model="j", domain="weather")
    assert topic.value is True


async def test_relevance_is_a_mean_of_cosines_and_declining_abstains() -> None:
    def vector(text: str) -> tuple[float, ...]:
        return (1.0, 0.0) if "about" in text else (1.0, 1.0)

    judges = Answers(literal, vector=vector)
    options = {"model": "j", "embeddings": "e"}
    found = await measured("answer_relevance", Sample("a", "What?", PARIS), judges, **options)
    assert found.value == pytest.approx(0.5**0.5)
    assert found.cost_usd == pytest.approx(0.011)
    declined = Sample("a", "What?", "I cannot say.")
    found = await measured("answer_relevance", declined, judges, **options)
    assert found.state is ScoreState.ABSTAINED


async def test_a_judge_that_decides_too_few_claims_is_asked_again_and_then_an_error() -> None:
    def short(question: JudgeQuestion) -> str:
        said = json.loads(literal(question))
        return json.dumps({**said, "supported": [True]} if "supported" in said else said)

    judges = Answers(short)
    found = await measured("faithfulness", rag(f"{PARIS} {MOON}", PARIS), judges, model="j")
    assert found.state is ScoreState.JUDGE_ERROR
    assert "2 values" in found.reason
    assert len(judges.asked) == 4
