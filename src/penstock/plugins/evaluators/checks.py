"""The evaluator of checks that items bring themselves, each by another evaluator."""

import asyncio
from collections import Counter
from functools import lru_cache
from typing import Annotated, Final

from msgspec import Meta
from msgspec.structs import replace

from penstock.infra.registry import Registry
from penstock.kernel.errors import NotFound
from penstock.rules.evaluation.checks import ItemCheck, checks_of, decided
from penstock.rules.evaluation.measurements import Measurement, scored, unmeasured
from penstock.rules.evaluation.metrics import MetricFacts, MetricKind
from penstock.rules.evaluation.samples import Sample, relations_in
from penstock.rules.scores.vocabulary import ScoreState
from penstock.spi.evaluator import Evaluator, JudgeModels
from penstock.spi.function_evaluator import EvaluatorOptions, judge_evaluator
from penstock.spi.measuring import measure

_OWN: Final = "checks"
# What keeps an item from being decided, worst first.
_WORST: Final = (
    ScoreState.INFRASTRUCTURE_ERROR,
    ScoreState.JUDGE_ERROR,
    ScoreState.UNMEASURED,
    ScoreState.ABSTAINED,
)


class ChecksOptions(EvaluatorOptions, frozen=True):
    """`field` is the member of metadata that has the checks. `judged`: they may ask models."""

    field: Annotated[str, Meta(min_length=1, max_length=100)] = "checks"
    judged: bool = False


def _facts(options: ChecksOptions) -> MetricFacts:
    return MetricFacts(MetricKind.RATE, judged=options.judged)


@judge_evaluator(_facts, ChecksOptions)
async def checks(sample: Sample, options: ChecksOptions, judges: JudgeModels) -> Measurement:
    """All checks that the item brings in its metadata hold. One that does not hold decides; without
    such a one, a check that is not measured leaves the item without a value."""
    try:
        wanted = checks_of(sample.metadata.get(options.field) or ())
    except ValueError as error:
        return unmeasured(f"metadata.{options.field} has no valid checks: {error}.")
    if not wanted:
        return unmeasured(f"The item has no checks in metadata.{options.field}.")
    cost, failed, undecided = 0.0, list[str](), list[Measurement]()
    for check in wanted:
        found = await _measured(check, sample, judges, judged=options.judged)
        cost += found.cost_usd
        holds = decided(check, found)
        name = check.name or check.kind
        if isinstance(holds, Measurement):
            undecided.append(replace(holds, reason=f"{name}: {holds.reason}"))
        elif not holds:
            failed.append(f"{name}: {found.reason}" if found.reason else name)
        await asyncio.sleep(0)  # others go on between two checks
    return _summed(len(wanted), failed, undecided).costing(cost)


def _summed(count: int, failed: list[str], undecided: list[Measurement]) -> Measurement:
    if failed:
        reason = f"{len(failed)} of {count} do not hold: {'; '.join(failed)}"
        return scored(False, reason, failed=failed)  # noqa: FBT003 - a value
    if undecided:
        worst = min(undecided, key=lambda each: _WORST.index(each.state))
        counts = Counter(each.state.value for each in undecided)
        return Measurement(worst.state, None, worst.reason, dict(counts))
    return scored(True, f"{count} hold.")  # noqa: FBT003 - a value


async def _measured(
    check: ItemCheck, sample: Sample, judges: JudgeModels, *, judged: bool
) -> Measurement:
    try:
        evaluator = _registry().get(check.kind)
    except NotFound as error:
        return unmeasured(error.sentence())
    if check.kind == _OWN:
        return unmeasured("Checks cannot have checks.")
    if problem := evaluator.problem_of(check.options):
        return unmeasured(f"Its options are wrong: {problem}")
    facts = evaluator.facts(check.options)
    if facts.judged and not judged:
        return unmeasured("It asks a model: set the option `judged` of checks.")
    if relations_in(facts.needs):
        return unmeasured("It compares answers: use it as an evaluator of the run.")
    own = sample if check.expected is None else replace(sample, expected=check.expected)
    return await measure(evaluator, own, check.options, judges)


@lru_cache(1)
def _registry() -> Registry[Evaluator]:
    return Registry("penstock.evaluators")
