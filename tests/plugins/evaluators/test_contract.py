"""Each evaluator, on any sample: a measurement comes back, with a value only if it is scored."""

import math
import time
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.infra.registry import Registry
from penstock.rules.evaluation.checks import ItemCheck
from penstock.rules.evaluation.measurements import abstained, scored
from penstock.rules.evaluation.metrics import MetricKind
from penstock.rules.evaluation.samples import (
    PeerRelation,
    Sample,
    SamplePeer,
    SampleToolCall,
)
from penstock.rules.scores.vocabulary import ScoreState
from penstock.spi.evaluator import Evaluator
from penstock.spi.measuring import measure
from plugins.evaluators.judges import Answers, NobodyAnswers

REGISTRY: Final[Registry[Evaluator]] = Registry("penstock.evaluators")
ONLY_A_MODEL: Final = (
    "consistency",
    "context_precision",
    "context_recall",
    "faithfulness",
    "goal_reached",
    "noise_sensitivity",
    "self_contradiction",
    "toxicity",
)
OPTIONS: Final[dict[str, list[dict[str, Any]]]] = {
    "answer_relevance": [{"model": "m", "embeddings": "e"}],
    "checks": [{}, {"field": "domain", "judged": True}],
    "classification": [{}, {"labels": ["a", "b"], "field": "a"}],
    "code_security": [{}, {"count": True, "ignored": ["eval"]}],
    "contains": [{}, {"values": ["a", "B"], "mode": "none"}],
    "deepeval": [{"metric": "bias", "model": "m"}, {"metric": "exact_match"}],
    "embedding": [{"model": "m"}, {"model": "m", "least": 0.5}],
    "equals": [{}, {"any_of": True, "ignore_punctuation": True}, {"json": True}],
    "format": [{"format": each} for each in ("json", "xml", "html", "sql", "python")],
    "inspect": [{"metric": "match"}, {"metric": "model_graded_qa", "model": "m"}],
    "json_schema": [{"schema": {"type": "object", "required": ["a"]}}, {"schema": False}],
    "language": [{}, {"language": "en"}],
    "length": [{}, {"unit": "words", "most": 3}, {"unit": "sentences"}],
    "pairwise": [{"model": "m", "criteria": "c"}],
    "panel": [{"model": "m", "others": ["n", "o"], "criteria": "c"}],
    "rubric": [{"model": "m", "criteria": "c"}, {"model": "m", "criteria": "c", "scale": [1, 5]}],
    "ragas": [{"metric": "faithfulness", "model": "m"}, {"metric": "exact_match"}],
    "retrieval": [{"figure": each} for each in ("precision", "hit_rate", "map", "mrr", "ndcg")],
    "recorded": [
        {"score": "a", "kind": "rate"},
        {"score": "a", "kind": "mean", "higher_is_better": False},
        {"score": "a", "kind": "label"},
    ],
    "rouge": [{}, {"variant": "rouge2", "figure": "recall", "english": False}],
    "style": [{"model": "m", "rules": ["Be short."]}],
    "tool_calls": [{}, {"order": False, "arguments": "contain", "figure": "exact"}],
    "trulens": [{"metric": "relevance", "model": "m"}],
    "topic": [{"model": "m", "domain": "Weather."}],
    **{each: [{"model": "m"}] for each in ONLY_A_MODEL},
    "regex": [{"pattern": "(a+)+$"}, {"pattern": "x", "absent": True}],
}
# They need a library of others, and are measured with it in tests/clients.
LIBRARIES: Final = ("deepeval", "inspect", "ragas", "trulens")
DESCRIBED: Final = [
    (kind, options) for kind in REGISTRY.names() for options in OPTIONS.get(kind, [{}])
]
CASES: Final = [case for case in DESCRIBED if case[0] not in LIBRARIES]
JUDGED: Final = [case for case in CASES if REGISTRY.get(case[0]).facts(case[1]).judged]
DRAWN: Final = settings(max_examples=25, deadline=None, database=None)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
_texts = (
    st.text(max_size=200) | _json.map(repr) | st.sampled_from(["", "<a>", "```\nx\n```", "1e999"])
)
_scores = st.builds(
    scored, st.booleans() | st.floats(-10, 10) | st.integers(-9, 9) | st.text(max_size=5)
) | st.builds(abstained, st.text(max_size=5))
_checks = st.lists(
    st.builds(
        ItemCheck,
        kind=st.sampled_from(["equals", "contains", "length", "language", "nothing", "checks"]),
        options=st.sampled_from([{}, {"unit": "words"}, {"no": 1}]),
        absent=st.booleans(),
        least=st.none() | st.integers(0, 3),
    ).map(msgspec.to_builtins),
    max_size=4,
)
_samples = st.builds(
    Sample,
    item_id=st.text(max_size=5),
    input=_json,
    output=_texts,
    expected=_json,
    context=st.lists(_texts, max_size=3).map(tuple),
    metadata=st.dictionaries(
        st.sampled_from(["retrieved", "relevant", "domain", "checks"]), _json | _checks
    ),
    scores=st.dictionaries(st.just("a"), _scores),
    tool_calls=st.lists(
        st.builds(SampleToolCall, name=st.text(max_size=5), arguments=_json), max_size=3
    ).map(tuple),
    latency_ms=st.none() | st.floats(0, 1e9),
    cost_usd=st.none() | st.floats(0, 1e9),
    output_tokens=st.none() | st.integers(0, 10**9),
    peers=st.lists(
        st.builds(SamplePeer, relation=st.sampled_from(PeerRelation), output=_texts), max_size=3
    ).map(tuple),
)


@pytest.mark.parametrize(("kind", "options"), DESCRIBED)
def test_it_describes_itself(kind: str, options: dict[str, Any]) -> None:
    found = REGISTRY.get(kind)
    assert found.problem_of(options) == ""
    description = found.describe()
    assert description.summary.endswith(".")
    assert description.options["type"] == "object"
    assert found.problem_of({**options, "no_such_option": 1}) != ""


@pytest.mark.parametrize(("kind", "options"), CASES)
@DRAWN
@given(sample=_samples)
async def test_a_measurement_comes_back(kind: str, options: dict[str, Any], sample: Sample) -> None:
    evaluator = REGISTRY.get(kind)
    facts = evaluator.facts(options)
    found = await measure(evaluator, sample, options, NobodyAnswers())
    assert (found.value is not None) == (found.state is ScoreState.SCORED)
    if not facts.judged:
        assert found.state is not ScoreState.JUDGE_ERROR, found.reason
        assert found.state is not ScoreState.INFRASTRUCTURE_ERROR, found.reason
    if found.state is ScoreState.SCORED:
        _check_value(found.value, facts.kind, facts.least, facts.most)


@pytest.mark.parametrize(("kind", "options"), JUDGED)
@DRAWN
@given(sample=_samples, said=_texts)
async def test_whatever_a_judge_says_a_measurement_comes_back(
    kind: str, options: dict[str, Any], sample: Sample, said: str
) -> None:
    judges = Answers(lambda question: said)
    found = await measure(REGISTRY.get(kind), sample, options, judges)
    assert (found.value is not None) == (found.state is ScoreState.SCORED)
    assert "raised" not in found.reason, found.reason
    assert len(judges.asked) <= 100


@pytest.mark.parametrize(("kind", "options"), CASES)
async def test_a_huge_answer_takes_bounded_time(kind: str, options: dict[str, Any]) -> None:
    evaluator = REGISTRY.get(kind)
    for text in ("a" * 1_000_000, "<" * 300_000, "[" * 300_000, "1," * 500_000, "a b. " * 200_000):
        sample = Sample("x", "in", text, text, (text,), latency_ms=1.0, cost_usd=1.0)
        begin = time.monotonic()
        found = await measure(evaluator, sample, options, NobodyAnswers())
        assert time.monotonic() - begin < 10, (kind, text[:5])
        assert found.reason is not None


def _check_value(value: Any, kind: MetricKind, least: float | None, most: float | None) -> None:
    match kind:
        case MetricKind.RATE:
            assert isinstance(value, bool)
        case MetricKind.MEAN:
            assert isinstance(value, int | float)
            assert math.isfinite(value)
            assert least is None or value >= least
            assert most is None or value <= most
        case MetricKind.LABEL:
            assert isinstance(value, str)
