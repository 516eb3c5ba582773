"""The figures of a metric beside its mean, as reports show them."""

from pydantic import BaseModel

from penstock.infra.web.rates import RateView
from penstock.rules.annotation.calibration import CorrectedRate, JudgeFigures
from penstock.rules.evaluation.classification import ClassificationFigures, LabelFigures
from penstock.rules.evaluation.pairwise import OrderCounts
from penstock.rules.evaluation.summaries import FieldFigures, MetricFigures


class LabelFiguresView(BaseModel):
    """One label: samples that expect it, got it, and both. A figure is null where its denominator
    is 0."""

    label: str
    expected: int
    predicted: int
    right: int
    precision: RateView | None
    recall: RateView | None
    f1: float | None

    @classmethod
    def of(cls, found: LabelFigures) -> "LabelFiguresView":
        return cls(
            label=found.label,
            expected=found.expected,
            predicted=found.predicted,
            right=found.right,
            precision=RateView.of(found.precision),
            recall=RateView.of(found.recall),
            f1=found.f1,
        )


class ConfusionView(BaseModel):
    """The number of samples that expect one label and got the other."""

    expected: str
    predicted: str
    count: int


class ClassificationView(BaseModel):
    """Accuracy, the mean of F1 over the labels that are expected, Matthews' correlation, and the
    labels. Beyond 100 labels the rest is `(others)`."""

    size: int
    accuracy: RateView | None
    macro_f1: float | None
    mcc: float | None
    labels: list[LabelFiguresView]
    confusion: list[ConfusionView]

    @classmethod
    def of(cls, found: ClassificationFigures) -> "ClassificationView":
        return cls(
            size=found.size,
            accuracy=RateView.of(found.accuracy),
            macro_f1=found.macro_f1,
            mcc=found.mcc,
            labels=[LabelFiguresView.of(each) for each in found.labels],
            confusion=[
                ConfusionView(expected=expected, predicted=predicted, count=count)
                for expected, predicted, count in found.confusion
            ],
        )


class FieldView(BaseModel):
    """A field of the expected object: samples that have it right, of those that expect it."""

    field: str
    right: int
    size: int
    rate: RateView | None

    @classmethod
    def of(cls, found: FieldFigures) -> "FieldView":
        rate = RateView.of(found.rate)
        return cls(field=found.field, right=found.right, size=found.size, rate=rate)


class OrderView(BaseModel):
    """Pairs that were judged in both orders. `both_first`, `both_second`: ties in which the judge
    chose this place both times. `biased`: one of them is chosen more often than the other
    (sign test, `p_bias` below 0.05)."""

    wins: int
    ties: int
    losses: int
    both_first: int
    both_second: int
    p_bias: float
    biased: bool

    @classmethod
    def of(cls, found: OrderCounts) -> "OrderView":
        return cls(**found._asdict(), biased=found.biased)


class HumanLabelsView(BaseModel):
    """A judge beside the human labels: how well it agrees with `labels` of them, and the rate
    of this run, corrected for its errors. `text` says it as a sentence; `reason`: why a figure is
    null."""

    labels: int
    kappa: RateView | None
    sensitivity: RateView | None
    specificity: RateView | None
    corrected: RateView | None
    text: str
    reason: str

    @classmethod
    def of(cls, found: JudgeFigures, rate: CorrectedRate | None) -> "HumanLabelsView":
        quality = found.quality
        return cls(
            labels=found.labels,
            kappa=RateView.of(found.kappa),
            sensitivity=RateView.of(quality.sensitivity) if quality else None,
            specificity=RateView.of(quality.specificity) if quality else None,
            corrected=RateView.of(rate.corrected) if rate else None,
            text=rate.text if rate else "",
            reason=found.reason,
        )


class MetricFiguresView(BaseModel):
    """The figures of a metric: of a classification, of extracted fields, or of a pairwise judge."""

    classification: ClassificationView | None
    fields: list[FieldView]
    order: OrderView | None

    @classmethod
    def of(cls, found: MetricFigures | None) -> "MetricFiguresView | None":
        if found is None:
            return None
        return cls(
            classification=found.classification and ClassificationView.of(found.classification),
            fields=[FieldView.of(each) for each in found.fields],
            order=OrderView.of(found.order) if found.order is not None else None,
        )
