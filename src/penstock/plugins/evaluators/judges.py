"""Judges: one by a rubric, a panel of several, and a comparison in both orders."""

from statistics import median
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from penstock.kernel.errors import PenstockError
from penstock.rules.evaluation.judging import JudgedText
from penstock.rules.evaluation.measurements import (
    Measurement,
    abstained,
    infrastructure_error,
    judge_error,
    scored,
)
from penstock.rules.evaluation.metrics import MetricFacts, MetricKind, MetricSummary
from penstock.rules.evaluation.pairwise import PairChoice, pairwise_score
from penstock.rules.evaluation.samples import PeerRelation, Sample
from penstock.rules.evaluation.texts import as_text
from penstock.spi.judging import Inquiry, JudgeOptions, UnclearJudge, judged

MAX_CRITERIA_CHARS: Final = 20_000  # of what a judge is to look at
MAX_PANEL: Final = 9  # models of a panel
Criteria = Annotated[str, Meta(min_length=1, max_length=MAX_CRITERIA_CHARS)]
Shown = Literal["input", "expected", "context"]
_ABSTAIN: Final = (
    "Set `abstain` if the texts do not allow a decision; then the other value is ignored."
)


class RubricOptions(JudgeOptions, frozen=True):
    """`criteria` say what is good. Without a scale the judge says whether they are met; with one it
    grades in whole numbers. `shown` are the texts beside the answer."""

    criteria: Criteria
    scale: tuple[int, int] | None = None
    shown: tuple[Shown, ...] = ("input", "expected", "context")

    def problem(self) -> str:
        """The scale has at least two grades."""
        if self.scale and not -1000 <= self.scale[0] < self.scale[1] <= 1000:
            return "The scale goes from a lower to a higher number, at most from -1000 to 1000."
        return ""


class PanelOptions(RubricOptions, frozen=True, kw_only=True):
    """`model` and `others` judge."""

    others: Annotated[tuple[str, ...], Meta(min_length=1, max_length=MAX_PANEL - 1)]


class PairwiseOptions(JudgeOptions, frozen=True):
    """`criteria` say which answer is better."""

    criteria: Criteria
    shown: tuple[Shown, ...] = ("input", "expected", "context")


class _Met(msgspec.Struct):
    reason: str
    met: bool
    abstain: bool


class _Grade(msgspec.Struct):
    reason: str
    grade: int
    abstain: bool


class _Better(msgspec.Struct):
    reason: str
    better: PairChoice


def _rubric_facts(options: RubricOptions) -> MetricFacts:
    if options.scale is None:
        return MetricFacts(MetricKind.RATE, judged=True)
    least, most = options.scale
    return MetricFacts(MetricKind.MEAN, least=least, most=most, judged=True)


@judged(_rubric_facts, RubricOptions)
async def rubric(sample: Sample, options: RubricOptions, inquiry: Inquiry) -> Measurement:
    """A judge says whether the answer meets criteria, or grades it on a scale.

    L. Zheng et al., Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena (2023), single answer
    grading.
    """
    return await _graded(sample, options, inquiry, options.model)


@judged(_rubric_facts, PanelOptions)
async def panel(sample: Sample, options: PanelOptions, inquiry: Inquiry) -> Measurement:
    """Several judges: the majority, or the median of grades. Those who fail or abstain have no
    vote; more than half of all must vote.

    P. Verga et al., Replacing Judges with Juries (2024).
    """
    votes: dict[str, Measurement] = {}
    for model in (options.model, *options.others):
        try:
            votes[model] = await _graded(sample, options, inquiry, model)
        except UnclearJudge as error:
            votes[model] = judge_error(str(error))
        except PenstockError as error:
            votes[model] = infrastructure_error(error.sentence())
    return _panel_result(votes, graded=options.scale is not None)


@judged(
    MetricFacts(
        MetricKind.MEAN,
        least=0,
        most=1,
        needs=("peers.baseline",),
        judged=True,
        summary=MetricSummary.ORDER,
    ),
    PairwiseOptions,
)
async def pairwise(sample: Sample, options: PairwiseOptions, inquiry: Inquiry) -> Measurement:
    """A judge compares the answer with the baseline's, in both orders: 1 for a win in both, 0 for a
    loss in both, otherwise 0.5.

    L. Zheng et al., Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena (2023), section 3.4.
    """
    baseline = sample.peers_of(PeerRelation.BASELINE)[0].output
    if baseline == sample.output:
        return scored(0.5, "The answers are equal.", orders=[])
    orders = [
        await _better(sample, options, inquiry, sample.output, baseline),
        await _better(sample, options, inquiry, baseline, sample.output),
    ]
    value = pairwise_score(orders[0].better, orders[1].better)
    return scored(value, orders[0].reason, orders=[each.better.value for each in orders])


async def _graded(
    sample: Sample, options: RubricOptions, inquiry: Inquiry, model: str
) -> Measurement:
    criteria = f"Criteria:\n{options.criteria}\n\n{_ABSTAIN}"
    parts = [*_shown(sample, options.shown), JudgedText("answer", sample.output)]
    if options.scale is None:
        asked = (
            f"Say after a short `reason` whether the answer meets the criteria, `met`.\n{criteria}"
        )
        met = await inquiry.ask(asked, parts, _Met, model=model)
        return abstained(met.reason) if met.abstain else scored(met.met, met.reason)
    least, most = options.scale
    asked = (
        f"Give the answer a `grade` from {least} (worst) to {most} (best), a whole number, after a "
        f"short `reason`.\n{criteria}"
    )
    found = await inquiry.ask(
        asked,
        parts,
        _Grade,
        check=lambda answer: (
            ""
            if answer.abstain or least <= answer.grade <= most
            else f"the grade is not from {least} to {most}"
        ),
        model=model,
    )
    return abstained(found.reason) if found.abstain else scored(found.grade, found.reason)


async def _better(
    sample: Sample, options: PairwiseOptions, inquiry: Inquiry, first: str, second: str
) -> _Better:
    asked = (
        "Say which of two answers is better: `first`, `second` or `tie`, after a short `reason`. "
        "Their order and length are no reason.\n"
        f"Criteria:\n{options.criteria}"
    )
    parts = [
        *_shown(sample, options.shown),
        JudgedText("first-answer", first),
        JudgedText("second-answer", second),
    ]
    return await inquiry.ask(asked, parts, _Better)


def _panel_result(votes: dict[str, Measurement], *, graded: bool) -> Measurement:
    details: dict[str, Any] = {
        model: {"state": vote.state, "value": vote.value, "reason": vote.reason}
        for model, vote in votes.items()
    }
    values = [vote.value for vote in votes.values() if isinstance(vote.value, int)]
    if 2 * len(values) <= len(votes):
        reason = f"{len(values)} of {len(votes)} judges voted."
        states = {vote.state for vote in votes.values() if vote.value is None}
        if len(states) == 1:
            return Measurement(states.pop(), None, reason, {"votes": details})
        return judge_error(reason, votes=details)
    if graded:
        return scored(float(median(values)), votes=details)
    in_favour = sum(values)
    if 2 * in_favour == len(values):
        return abstained("The votes are tied.", votes=details)
    return scored(2 * in_favour > len(values), f"{in_favour} of {len(values)}.", votes=details)


def _shown(sample: Sample, shown: tuple[Shown, ...]) -> list[JudgedText]:
    found: list[JudgedText] = []
    if "input" in shown and sample.input is not None:
        found.append(JudgedText("input", as_text(sample.input)))
    if "expected" in shown and sample.expected is not None:
        found.append(JudgedText("expected-answer", as_text(sample.expected)))
    if "context" in shown:
        found += [
            JudgedText(f"passage-{at}", text) for at, text in enumerate(sample.context, start=1)
        ]
    return found
