"""Evaluators of retrieval: the ids that were retrieved, against those that are relevant."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, cast

from msgspec import Meta

from penstock.rules.evaluation import ranking
from penstock.rules.evaluation.json_values import is_array, is_object, json_or_text
from penstock.rules.evaluation.measurements import Measurement, scored, unmeasured
from penstock.rules.evaluation.metrics import MetricFacts, MetricKind
from penstock.rules.evaluation.samples import Sample
from penstock.spi.function_evaluator import EvaluatorOptions, evaluator

MAX_IDS: Final = 10_000  # of one sample
Figure = Literal["precision", "recall", "hit_rate", "mrr", "map", "ndcg"]


class RetrievalOptions(EvaluatorOptions, frozen=True):
    """The figure over the first `k` places. `retrieved` and `relevant` name fields of the metadata:
    lists of ids, and for relevant ones also an object of ids with their gains."""

    figure: Figure = "recall"
    k: Annotated[int, Meta(ge=1, le=MAX_IDS)] = 10
    retrieved: str = "retrieved"
    relevant: str = "relevant"


def _facts(options: RetrievalOptions) -> MetricFacts:
    if options.figure == "hit_rate":
        return MetricFacts(MetricKind.RATE, needs=("metadata",))
    return MetricFacts(MetricKind.MEAN, least=0, most=1, needs=("metadata",))


@evaluator(_facts, RetrievalOptions)
def retrieval(sample: Sample, options: RetrievalOptions) -> Measurement:
    """Precision, recall, hit rate, MRR, MAP or nDCG of the retrieved ids at k.

    C. Manning, P. Raghavan, H. Schütze, Introduction to Information Retrieval (2008), chapter 8; K.
    Järvelin, J. Kekäläinen, Cumulated Gain-based Evaluation of IR Techniques (2002).
    """
    retrieved = _ids(sample.metadata.get(options.retrieved))
    gains = _gains(sample.metadata.get(options.relevant))
    if retrieved is None or gains is None:
        lacking = options.retrieved if retrieved is None else options.relevant
        return unmeasured(f"The metadata has no list of ids {lacking!r}.")
    if max(len(retrieved), len(gains)) > MAX_IDS:
        return unmeasured(f"There are more than {MAX_IDS} ids.")
    relevant = [name for name, gain in gains.items() if gain > 0]
    if not relevant:
        return unmeasured("No id is relevant.")
    value = _value(options, retrieved, relevant, gains)
    return unmeasured("No id is relevant.") if value is None else scored(value)


def _value(
    options: RetrievalOptions,
    retrieved: Sequence[str],
    relevant: Sequence[str],
    gains: Mapping[str, float],
) -> float | bool | None:
    match options.figure:
        case "precision":
            return ranking.precision_at(retrieved, relevant, options.k)
        case "recall":
            return ranking.recall_at(retrieved, relevant, options.k)
        case "hit_rate":
            return ranking.hit_at(retrieved, relevant, options.k)
        case "mrr":
            return ranking.reciprocal_rank(retrieved, relevant, options.k)
        case "map":
            return ranking.average_precision(retrieved, relevant, options.k)
        case "ndcg":
            return ranking.ndcg_at(retrieved, gains, options.k)


def _ids(value: Any) -> list[str] | None:
    value = json_or_text(value)
    if not is_array(value):
        return None
    return [str(each) for each in cast("Sequence[object]", value)]


def _gains(value: Any) -> dict[str, float] | None:
    value = json_or_text(value)
    if not is_object(value):
        ids = _ids(value)
        return None if ids is None else dict.fromkeys(ids, 1.0)
    pairs = cast("Mapping[str, Any]", value).items()
    numbers = {str(key): gain for key, gain in pairs if isinstance(gain, int | float)}
    if len(numbers) < len(value) or any(not 0 <= gain < 1e9 for gain in numbers.values()):
        return None
    return {key: float(gain) for key, gain in numbers.items()}
