"""How well the annotators of a queue agree, and what their labels say together."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from statistics import fmean
from typing import Any, Final, NamedTuple

from penstock.kernel.digests import content_hash
from penstock.rules.annotation.labels import LabelKind, LabelSchema, spans_of
from penstock.rules.statistics.cohen import counted_kappa
from penstock.rules.statistics.intervals import Interval, t_interval
from penstock.rules.statistics.krippendorff import LabelScale, krippendorff_alpha

LEAST_ITEMS: Final = 5  # with two labels; with fewer, an agreement says nothing
MAX_PAIRS: Final = 45  # pairs of annotators with a kappa: those with the most common items

ItemLabels = Mapping[str, Any]  # the label of each annotator of one item
CountedLabels = Sequence[tuple[ItemLabels, int]]  # how many items have these labels


class LabelCounts(NamedTuple):
    """Items with a label, with two or more, and with labels that are not all the same."""

    labelled: int
    shared: int
    differing: int


class PairAgreement(NamedTuple):
    """Two annotators on the items that both have labelled. `reason`: why there is no kappa."""

    first: str
    second: str
    items: int
    agreed: int
    kappa: Interval | None
    reason: str


class QueueAgreement(NamedTuple):
    """The agreement over the `items` that were compared: the first, of the `shared` ones with two
    labels or more, of `labelled` ones. `measure`: which figure `estimate` is. `reason`: why it, or
    its interval, is none."""

    labelled: int
    shared: int
    items: int
    differing: int
    measure: str
    estimate: float | None
    interval: Interval | None
    reason: str
    pairs: tuple[PairAgreement, ...]


def agreement_of(schema: LabelSchema, counts: LabelCounts, shared: CountedLabels) -> QueueAgreement:
    """Returns the agreement of the labels of the items that have two or more: Krippendorff's alpha
    of the schema's scale, or for spans the mean of F1 of all pairs of labels (G. Hripcsak, A.
    Rothschild, Agreement, the F-Measure, and Reliability in Information Retrieval (2005): where
    what nobody marked cannot be counted, kappa approaches F1)."""
    compared = schema.kind is not LabelKind.TEXT
    items = sum(count for _, count in shared) if compared else counts.shared
    estimate, interval = None, None
    if compared and items >= LEAST_ITEMS:
        estimate, interval = _overall(schema, shared)
    return QueueAgreement(
        counts.labelled,
        counts.shared,
        items,
        counts.differing,
        _measure(schema),
        estimate,
        interval,
        "" if interval else _reason(schema, items, estimate),
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


def _overall(schema: LabelSchema, shared: CountedLabels) -> tuple[float | None, Interval | None]:
    if schema.kind is LabelKind.SPANS:
        means = [1 - disagreement(schema, list(each.values())) for each, _ in shared]
        return fmean(means), t_interval(means)
    number = _numbers(schema)
    patterns = Counter[tuple[float, ...]]()
    for labels, count in shared:
        patterns[tuple(sorted(map(number, labels.values())))] += count
    found = krippendorff_alpha(patterns, _scale(schema))
    return (found.estimate, found.interval) if found else (None, None)


def _reason(schema: LabelSchema, items: int, estimate: float | None) -> str:
    if schema.kind is LabelKind.TEXT:
        return "Free texts have no agreement: compare them by reading."
    if items < LEAST_ITEMS:
        return f"Items with two labels: {items}; at least {LEAST_ITEMS} are needed."
    if estimate is None:
        return "All labels are the same one: random ones would agree as well."
    return "There is no interval: the items do not show how much agreement varies."


def _pairs(schema: LabelSchema, shared: CountedLabels) -> Iterator[PairAgreement]:
    """Yields the pairs of annotators with the most common items."""
    sizes = Counter[tuple[str, str]]()
    for labels, count in shared:
        for pair in combinations(sorted(labels), 2):
            sizes[pair] += count
    most = sorted(sizes, key=lambda pair: (-sizes[pair], pair))[:MAX_PAIRS]
    if schema.kind in (LabelKind.TEXT, LabelKind.SPANS):
        yield from (_pair_without_kappa(schema, *pair, shared) for pair in most)
        return
    common = {pair: Counter[tuple[Any, Any]]() for pair in most}
    for labels, count in shared:
        for pair in combinations(sorted(labels), 2):
            if pair in common:
                common[pair][labels[pair[0]], labels[pair[1]]] += count
    yield from (_pair(*pair, common[pair]) for pair in most)


def _pair(first: str, second: str, labels: Counter[tuple[Any, Any]]) -> PairAgreement:
    items = labels.total()
    agreed = sum(count for (one, other), count in labels.items() if one == other)
    kappa, reason = None, ""
    if items < LEAST_ITEMS:
        reason = f"Items that both have labelled: {items}; at least {LEAST_ITEMS} are needed."
    else:
        kappa = counted_kappa(labels)
        reason = "" if kappa else "Both give one label only: random ones would agree as well."
    return PairAgreement(first, second, items, agreed, kappa, reason)


def _pair_without_kappa(
    schema: LabelSchema, first: str, second: str, shared: CountedLabels
) -> PairAgreement:
    same = [
        not differs(schema, (labels[first], labels[second]))
        for labels, _ in shared
        if first in labels and second in labels
    ]
    reason = f"Labels of the kind {schema.kind.value} have no kappa."
    return PairAgreement(first, second, len(same), sum(same), None, reason)


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
