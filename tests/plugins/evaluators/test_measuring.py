"""Whatever an evaluator does, a measurement comes back."""

import asyncio

import pytest

from penstock.rules.evaluation.measurements import Measurement
from penstock.rules.evaluation.metrics import MetricFacts, MetricKind
from penstock.rules.evaluation.samples import PeerRelation, Sample, SamplePeer
from penstock.rules.scores.vocabulary import ScoreState
from penstock.spi.evaluator import Evaluator, JudgeModels, JudgeQuestion
from penstock.spi.function_evaluator import (
    EvaluatorOptions,
    NoOptions,
    evaluator,
    judge_evaluator,
)
from penstock.spi.measuring import measure
from plugins.evaluators.judges import NobodyAnswers

RATE = MetricFacts(MetricKind.RATE)


class PoliteOptions(EvaluatorOptions, frozen=True):
    """The words that count."""

    words: tuple[str, ...]


@evaluator(RATE, PoliteOptions)
def polite(sample: Sample, options: PoliteOptions) -> bool:
    """Says one of the words.

    A. Author, Title (2020).
    """
    return any(each in sample.output for each in options.words)


@evaluator(RATE, NoOptions)
def broken(sample: Sample, options: NoOptions) -> bool:
    """Raises."""
    raise KeyError(sample.output)


@evaluator(RATE, NoOptions)
def silent(sample: Sample, options: NoOptions) -> None:
    """Says nothing."""


@judge_evaluator(MetricFacts(MetricKind.RATE, judged=True), NoOptions)
async def asks(sample: Sample, options: NoOptions, judges: JudgeModels) -> bool:
    """Asks a model."""
    return bool((await judges.ask(JudgeQuestion("m", ()))).text)


@judge_evaluator(RATE, NoOptions)
async def hangs(sample: Sample, options: NoOptions, judges: JudgeModels) -> bool:
    """Never ends."""
    await asyncio.sleep(1000)
    return True


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (broken, ScoreState.JUDGE_ERROR),
        (silent, ScoreState.JUDGE_ERROR),
        (asks, ScoreState.INFRASTRUCTURE_ERROR),
        (hangs, ScoreState.INFRASTRUCTURE_ERROR),
    ],
)
async def test_what_goes_wrong_is_a_state_with_a_reason(
    found: Evaluator, state: ScoreState
) -> None:
    got = await measure(found, Sample("a"), {}, NobodyAnswers(), seconds=0.05)
    assert (got.state, got.value) == (state, None)
    assert got.reason


async def test_a_function_is_an_evaluator_and_its_own_factory() -> None:
    options = {"words": ["please"]}
    assert polite() is polite
    assert polite.problem_of(options) == ""
    assert "words" in polite.problem_of({})
    described = polite.describe()
    assert (described.summary, described.source) == (
        "Says one of the words.",
        "A. Author, Title (2020).",
    )
    assert described.options["required"] == ["words"]
    got = await measure(polite, Sample("a", output="Yes, please"), options, NobodyAnswers())
    assert got == Measurement(ScoreState.SCORED, True)


async def test_a_sample_without_what_the_metric_needs_is_unmeasured() -> None:
    @evaluator(MetricFacts(MetricKind.RATE, needs=("expected", "peers.repeat")), NoOptions)
    def needy(sample: Sample, options: NoOptions) -> bool:
        """Needs two things."""
        return True

    group = SamplePeer(PeerRelation.GROUP, "x")
    got = await measure(needy, Sample("a", peers=(group,)), {}, NobodyAnswers())
    assert got.state is ScoreState.UNMEASURED
    assert got.reason == "The sample has no expected, no peers.repeat."
    peers = (group, SamplePeer(PeerRelation.REPEAT, "y"))
    got = await measure(needy, Sample("a", expected=0, peers=peers), {}, NobodyAnswers())
    assert got.value is True
