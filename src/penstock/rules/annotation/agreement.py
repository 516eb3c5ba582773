"""How well the annotators of a queue agree, and what their labels say together."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from random import Random
from statistics import fmean
from typing import Any, Final, NamedTuple

from penstock.kernel.digests import content_hash
from penstock.rules.annotation.labels import LabelKind, LabelSchema, spans_of
from penstock.rules.statistics.agreement import (
    LabelScale,
    cohen_kappa,
    krippendorff_alpha,
    krippendorff_interval,
)
from penstock.rules.statistics.intervals import Interval, t_interval

LEAST_ITEMS: Final = 5  # with two labels; with fewer, an agreement says nothing
MAX_PAIRS: Final = 45  # pairs of annotators with a kappa: those with the most common items

ItemLabels = Mapping[str, Any]  # the label of each annotator of one item


class PairAgreement(NamedTuple):
    """Two annotators on the items that both have labelled. `reason`: why there is no kappa."""

    first: str
    second: str
    items: int
    agreed: int
    kappa: Interval | None
    reason: str


class QueueAgreement(NamedTuple):
    """The agreement over the items with two labels or more, of `labelled` ones. `measure`: which
    figure `estimate` is. `reason`: why it, or its interval, is none."""

    labelled: int
    items: int
    differing: int
    measure: str
    estimate: float | None
    interval: Interval | None
    reason: str
    pairs: tuple[PairAgreement, ...]


def agreement_of(
    schema: LabelSchema, items: Sequence[ItemLabels], random: Random
) -> QueueAgreement:
    """Returns the agreement of the labels of items: Krippendorff's alpha of the schema's scale, or
    for spans the mean of F1 of all pairs of labels (G. Hripcsak, A. Rothschild, Agreement, the
    F-Measure, and Reliability in Information Retrieval (2005): where what nobody marked cannot be
    counted, kappa approaches F1)."""
    shared = [each for each in items if len(each) > 1]
    enough = len(shared) >= LEAST_ITEMS and schema.kind is not LabelKind.TEXT
    estimate, interval = _overall(schema, shared, random) if enough else (None, None)
    return QueueAgreement(
        sum(1 for each in items if each),
        len(shared),
        sum(differs(schema, list(each.values())) for each in shared),
        _measure(schema),
        estimate,
        interval,
        "" if interval else _reason(schema, shared, estimate),
        tuple(_pairs(schema, shared)),
    )


def disagreement(schema: LabelSchema, labels: Sequence[Any]) -> float:
    """Returns the mean distance of two labels of an item: 0 if all are equal, at most 1."""
    distance = _distance(schema)
    return fmean(distance(*each) for each in combinations(labels, 2)) if len(labels) > 1 else 0.0


def differs(schema: LabelSchema, labels: Sequence[Any]) -> bool:
    """Returns whether two labels of an item are not the same."""
    return disagreement(schema, labels) > 0


def majority(labels: Sequence[Any]) -> Any:
    """Returns the label that more than half of the annotators gave; none if there is no such."""
    counts = Counter(content_hash(each) for each in labels)
    for key, count in counts.most_common(1):
        if 2 * count > len(labels):
            return next(each for each in labels if content_hash(each) == key)
    return None


def span_f1(first: Any, second: Any) -> float:
    """Returns F1 over the characters that two labels mark, each with its choice; 1 if neither
    marks any."""
    one, other = _characters(first), _characters(second)
    return 2 * len(one & other) / (len(one) + len(other)) if one or other else 1.0


def _measure(schema: LabelSchema) -> str:
    match schema.kind:
        case LabelKind.TEXT:
            return ""
        case LabelKind.SPANS:
            return "mean F1 of spans"
        case _:
            return f"Krippendorff's alpha, {_scale(schema).value}"


def _overall(
    schema: LabelSchema, shared: Sequence[ItemLabels], random: Random
) -> tuple[float | None, Interval | None]:
    if schema.kind is LabelKind.SPANS:
        means = [1 - disagreement(schema, list(each.values())) for each in shared]
        return fmean(means), t_interval(means)
    scale, number = _scale(schema), _numbers(schema)
    labels = [[number(value) for value in each.values()] for each in shared]
    return krippendorff_alpha(labels, scale), krippendorff_interval(labels, random, scale)


def _reason(schema: LabelSchema, shared: Sequence[ItemLabels], estimate: float | None) -> str:
    if schema.kind is LabelKind.TEXT:
        return "Free texts have no agreement: compare them by reading."
    if len(shared) < LEAST_ITEMS:
        return f"{len(shared)} items have two labels; at least {LEAST_ITEMS} are needed."
    if estimate is None:
        return "All labels are the same one: random ones would agree as well."
    return "There is no interval: the items do not show how much agreement varies."


def _pairs(schema: LabelSchema, shared: Sequence[ItemLabels]) -> list[PairAgreement]:
    common: dict[tuple[str, str], list[tuple[Any, Any]]] = {}
    for each in shared:
        for first, second in combinations(sorted(each), 2):
            common.setdefault((first, second), []).append((each[first], each[second]))
    most = sorted(common.items(), key=lambda each: (-len(each[1]), each[0]))[:MAX_PAIRS]
    return [_pair(schema, *names, labels) for names, labels in most]


def _pair(
    schema: LabelSchema, first: str, second: str, labels: Sequence[tuple[Any, Any]]
) -> PairAgreement:
    agreed = sum(not differs(schema, each) for each in labels)
    kappa, reason = None, ""
    if schema.kind in (LabelKind.TEXT, LabelKind.SPANS):
        reason = f"Labels of the kind {schema.kind.value} have no kappa."
    elif len(labels) < LEAST_ITEMS:
        reason = f"They share {len(labels)} items; at least {LEAST_ITEMS} are needed."
    else:
        kappa = cohen_kappa([one for one, _ in labels], [other for _, other in labels])
        reason = "" if kappa else "Both give one label only: random ones would agree as well."
    return PairAgreement(first, second, len(labels), agreed, kappa, reason)


def _scale(schema: LabelSchema) -> LabelScale:
    if schema.kind is not LabelKind.ORDINAL:
        return LabelScale.NOMINAL
    return LabelScale.INTERVAL if schema.equal_steps else LabelScale.ORDINAL


def _numbers(schema: LabelSchema) -> Callable[[Any], float]:
    """Returns what turns a label into a number, in the order of the choices."""
    if schema.kind is LabelKind.BINARY:
        return float
    order = schema.values or ("first", "second", "tie")
    numbers = {value: float(at) for at, value in enumerate(order)}
    return lambda value: numbers[value]


def _distance(schema: LabelSchema) -> Callable[[Any, Any], float]:
    if schema.kind is LabelKind.SPANS:
        return lambda one, other: 1 - span_f1(one, other)
    if schema.kind is LabelKind.ORDINAL:
        number, most = _numbers(schema), max(1, len(schema.choices) - 1)
        return lambda one, other: abs(number(one) - number(other)) / most
    return lambda one, other: float(one != other)


def _characters(label: Any) -> set[tuple[int, str]]:
    return {(at, each.value) for each in spans_of(label) for at in range(each.start, each.end)}
