"""A judge beside the human labels: how well they agree, and what that makes of its rates."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from penstock.rules.annotation.labels import LabelKind, LabelSchema, label_text
from penstock.rules.document import Document
from penstock.rules.evaluation.judge_quality import (
    JudgeQuality,
    corrected_rate,
    judge_quality,
)
from penstock.rules.evaluation.pairwise import OrderCounts
from penstock.rules.statistics.cohen import cohen_kappa
from penstock.rules.statistics.intervals import Interval, wilson

LEAST_LABELS: Final = 10  # of annotators; with fewer, a figure of a judge says nothing
COMPARED_KINDS: Final = (
    LabelKind.BINARY,
    LabelKind.ORDINAL,
    LabelKind.CATEGORICAL,
    LabelKind.PAIRWISE,
)


class ConfusionCount(Document, frozen=True):
    """The answers for which annotators gave one label and the judge the other."""

    human: str
    judge: str
    count: int


class JudgeFigures(NamedTuple):
    """A judge on `labels` answers that have human labels, too. `quality`: of judges of yes and no.
    `order`: of pairwise judges. `reason`: why there is no figure."""

    labels: int
    agreement: Interval | None
    kappa: Interval | None
    quality: JudgeQuality | None
    confusion: tuple[ConfusionCount, ...]
    order: OrderCounts | None = None
    reason: str = ""


class CorrectedRate(NamedTuple):
    """The rate that a judge reports of `size` answers, and the one behind it. `text` says which is
    which, or why there is no correction."""

    reported: float
    size: int
    corrected: Interval | None
    text: str


def judge_figures(
    schema: LabelSchema,
    labels: Sequence[tuple[Any, Any]],
    order: OrderCounts | None = None,
) -> JudgeFigures:
    """Returns the figures of a judge; `labels` has those of judge and annotators, by answer."""
    if schema.kind not in COMPARED_KINDS:
        return JudgeFigures(0, None, None, None, (), order, _kind_reason(schema))
    counts = Counter((label_text(human), label_text(judge)) for judge, human in labels)
    confusion = tuple(ConfusionCount(*pair, count) for pair, count in sorted(counts.items()))
    if len(labels) < LEAST_LABELS:
        reason = f"{len(labels)} answers have a human label; at least {LEAST_LABELS} are needed."
        return JudgeFigures(len(labels), None, None, None, confusion, order, reason)
    judge, human = [one for one, _ in labels], [other for _, other in labels]
    kappa = cohen_kappa(judge, human)
    agreed = sum(one == other for one, other in labels)
    return JudgeFigures(
        len(labels),
        wilson(agreed, len(labels)),
        kappa,
        judge_quality(judge, human) if schema.kind is LabelKind.BINARY else None,
        confusion,
        order,
        "" if kappa else "Judge and annotators give one label only: kappa says nothing.",
    )


def corrected(mean: float, size: int, figures: JudgeFigures) -> CorrectedRate:
    """Returns the rate of a judge of yes and no, corrected for its errors."""
    rate = None
    if figures.quality is not None:
        rate = corrected_rate(round(mean * size), size, figures.quality)
    reported = f"The judge says yes for {mean:.1%} of {size:,} answers"
    if rate is None:
        why = figures.reason or _uncorrected_reason(figures.quality)
        return CorrectedRate(mean, size, None, f"{reported}; this rate is not corrected. {why}")
    text = (
        f"{reported}. Corrected for its errors against {figures.labels:,} human labels, the "
        f"rate is {rate.estimate:.1%} ({rate.low:.1%} to {rate.high:.1%})."
    )
    return CorrectedRate(mean, size, rate, text)


def _uncorrected_reason(quality: JudgeQuality | None) -> str:
    if quality is None:
        return "Only rates of yes and no are corrected."
    if not quality.positives or not quality.negatives:
        return "Annotators have said only yes, or only no: label answers of both kinds."
    return "The judge is hardly better than a random one: do not use it."


def _kind_reason(schema: LabelSchema) -> str:
    return f"Labels of the kind {schema.kind.value} are not compared with judges."
