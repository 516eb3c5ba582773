"""Values of queues: what is asked, of whom, and where items come from. No SQL, no HTTP."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from penstock.kernel.errors import InvalidRequest
from penstock.rules.annotation.labels import LabelSchema, check_schema
from penstock.rules.document import Document
from penstock.rules.scores.vocabulary import MAX_ID_CHARS, MAX_NAME_CHARS, NAME_PATTERN

MAX_QUEUES: Final = 500  # of a project; more is refused
MAX_OVERLAP: Final = 10  # annotators of one item; more is refused
MAX_ANNOTATORS: Final = 100  # that a queue names; more is refused
MAX_GUIDELINES_CHARS: Final = 50_000  # of the guidelines of a queue; more is refused
MAX_DESCRIPTION_CHARS: Final = 4_000  # of a queue; more is refused
MAX_FILLED: Final = 10_000  # items that one request adds to a queue; more is refused
MAX_CHOSEN_IDS: Final = 1_000  # spans or items that one request names; more is refused
MAX_DAILY_CAP: Final = 10_000  # items that the rule of a queue adds on one UTC day; more is refused
MAX_METRICS: Final = 8  # metrics by which results are chosen; more is refused
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


class ResultChoice(StrEnum):
    """The results of a run that come into a queue."""

    ALL = "all"
    LOW = "low"  # a metric is at most a value or false; at least or true, where less is better
    DISAGREEMENT = "disagreement"  # two of the metrics do not say the same


class ItemSelection(Document, frozen=True):
    """Items to add: of a `dataset`, results of a `run`, or items of another `queue` on which its
    annotators differ; only for rules, calls of live traffic that the evaluation `online` has
    measured. `other_run`: its outputs are the second ones of pairs. `share`: the part of the items
    that is taken. `choose` is by `metrics` of the run or of `online`; `suggest` names the metric
    whose values are shown as suggestions."""

    dataset: str = ""
    run: str = ""
    other_run: str = ""
    queue: str = ""
    online: str = ""
    item_ids: tuple[str, ...] = ()
    split: str = ""
    share: float = 1.0
    choose: ResultChoice = ResultChoice.ALL
    metrics: tuple[str, ...] = ()
    at_most: float = 0.5
    suggest: str = ""
    limit: int = 1_000


class QueueRule(Document, frozen=True):
    """A rule that fills a queue again and again: with the new items of a dataset, with results of
    each new `runs` of it, with what annotators of another queue differ on, or with what an online
    evaluation measures. A dataset may grow by a rule of its own: so other recorded calls come
    here."""

    selection: ItemSelection
    runs: bool = False
    daily_cap: int = 100
    paused: bool = False


class AnnotationQueue(Document, frozen=True):
    """A queue. `overlap`: annotators of each item. `annotators` are e-mail addresses; none: all who
    may annotate. `adjudicator`: who alone decides where labels differ; empty: all who may manage
    queues. `score`: the name of the score that labels become, and of the metric of the judges that
    they calibrate."""

    id: str
    name: str
    schema: LabelSchema
    score: str
    description: str = ""
    guidelines: str = ""
    overlap: int = 1
    annotators: tuple[str, ...] = ()
    adjudicator: str = ""
    shows_suggestions: bool = True
    author: str = ""
    created_ms: int = 0


def check_queue(queue: AnnotationQueue) -> None:
    """Raises `InvalidRequest` for a queue that is not valid."""
    if not _NAME.fullmatch(queue.name):
        raise _invalid(
            f"{queue.name[:63]!r} is not a valid name.",
            "name",
            "Use up to 63 lower-case letters, digits, and . _ -",
        )
    if len(queue.score) > MAX_NAME_CHARS or not re.fullmatch(NAME_PATTERN, queue.score):
        raise _invalid(f"{queue.score[:64]!r} is no name of a score.", "score")
    if len(queue.guidelines) > MAX_GUIDELINES_CHARS:
        limit = f"{MAX_GUIDELINES_CHARS:,}"
        raise _invalid(f"Guidelines have at most {limit} characters.", "guidelines")
    if len(queue.description) > MAX_DESCRIPTION_CHARS:
        limit = f"{MAX_DESCRIPTION_CHARS:,}"
        raise _invalid(f"A description has at most {limit} characters.", "description")
    if not 1 <= queue.overlap <= MAX_OVERLAP:
        raise _invalid(f"An item has 1 to {MAX_OVERLAP} annotators.", "overlap")
    annotators = (*queue.annotators, queue.adjudicator)
    if len(queue.annotators) > MAX_ANNOTATORS or any(len(one) > MAX_ID_CHARS for one in annotators):
        raise _invalid(f"A queue names at most {MAX_ANNOTATORS} annotators.", "annotators")
    if queue.annotators and len(set(queue.annotators)) < queue.overlap:
        raise _invalid("The overlap is larger than the number of annotators.", "overlap")
    check_schema(queue.schema)


def check_rule(rule: QueueRule, own: str) -> None:
    """Raises `InvalidRequest` for a rule that cannot fill the queue `own`."""
    chosen = rule.selection
    if chosen.run or chosen.other_run or chosen.item_ids:
        raise _invalid("A rule names a dataset or a queue, no run and no items.", "rule")
    if sum(map(bool, (chosen.dataset, chosen.queue, chosen.online))) != 1:
        raise _invalid(
            "A rule follows one dataset, one other queue, or one online evaluation.",
            "rule.dataset",
        )
    if chosen.queue == own:
        raise _invalid("A queue cannot follow itself.", "rule.queue")
    if rule.runs and not chosen.dataset:
        raise _invalid("Runs are of datasets: name one.", "rule.dataset")
    if chosen.online and chosen.split:
        raise _invalid("Only items of a dataset have splits.", "rule.split")
    measured = rule.runs or chosen.online
    if not measured and (chosen.choose is not ResultChoice.ALL or chosen.suggest):
        raise _invalid(
            "Only results of runs and of online evaluations are chosen by metrics.", "rule.choose"
        )
    check_choice(chosen)


def check_choice(chosen: ItemSelection) -> None:
    """Raises `InvalidRequest` for a choice by metrics that says nothing."""
    least = {ResultChoice.ALL: 0, ResultChoice.LOW: 1, ResultChoice.DISAGREEMENT: 2}
    if not least[chosen.choose] <= len(set(chosen.metrics)) <= MAX_METRICS:
        raise _invalid(
            f"Name {least[chosen.choose]} to {MAX_METRICS} metrics for {chosen.choose.value!r}.",
            "metrics",
        )


def check_metrics(chosen: ItemSelection, known: Mapping[str, object]) -> None:
    """Raises `InvalidRequest` for a metric that the online evaluation does not have."""
    for name in (*chosen.metrics, *((chosen.suggest,) if chosen.suggest else ())):
        if name not in known:
            raise _invalid(
                f"The online evaluation {chosen.online!r} has no metric {name[:64]!r}.",
                "rule.metrics",
                f"It has: {', '.join(known)}",
            )


def _invalid(message: str, param: str, hint: str = "") -> InvalidRequest:
    return InvalidRequest(message, hint=hint, code="annotation_invalid", param=param)
