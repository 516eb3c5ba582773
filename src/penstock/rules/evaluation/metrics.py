"""The metric that an evaluator measures."""

from enum import StrEnum

from penstock.rules.document import Document


class MetricKind(StrEnum):
    """The ways to sum up the values of a metric."""

    RATE = "rate"  # booleans: share of true, Wilson interval
    MEAN = "mean"  # numbers: mean, t or clustered interval
    LABEL = "label"  # categories: counts


class MetricSummary(StrEnum):
    """The figures over all samples of a metric, beside its mean."""

    NONE = ""
    CLASSIFICATION = "classification"  # precision, recall, F1 and confusion of labels
    FIELDS = "fields"  # accuracy of each extracted field
    ORDER = "order"  # wins, ties, losses, and the bias of a pairwise judge to one position


class MetricFacts(Document, frozen=True):
    """The properties of a metric. `higher_is_better` is `None` where neither is. `least` and
    `most` are the bounds of its values, if it has any. `needs` names fields of a sample without
    which it is `unmeasured` (`expected`, `context`, `peers.repeat`). `judged` says that it asks a
    model, which costs money. `summary` names the figures over all its samples that its mean does
    not show (`rules.evaluation.summaries`)."""

    kind: MetricKind
    higher_is_better: bool | None = True
    least: float | None = None
    most: float | None = None
    unit: str = ""
    needs: tuple[str, ...] = ()
    judged: bool = False
    summary: MetricSummary = MetricSummary.NONE
