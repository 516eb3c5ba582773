"""What the files of another evaluation tool have, as values of ours."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from msgspec.structs import replace

from penstock.entrypoints.cli.foreign_prompts.imported import ForeignPrompt
from penstock.kernel.errors import InvalidRequest
from penstock.rules.evaluation.items import MAX_ID_CHARS, DatasetItem, checked_item
from penstock.rules.evaluation.measurements import Measurement, scored, unmeasured
from penstock.rules.evaluation.metrics import MetricKind
from penstock.rules.scores.vocabulary import MAX_LABEL_CHARS, MAX_NAME_CHARS, ScoreState

MAX_ITEMS: Final = 100_000  # of an evaluation that is imported
MAX_LEFT_OUT: Final = 1000  # lines of the list of what is not imported; the rest is counted
MAX_METRICS: Final = 32  # of an imported run, as of any other
MAX_RUNS: Final = 200  # of one file
_NOT_OF_A_NAME: Final = re.compile(r"[^a-z0-9_.-]+")


@dataclass(slots=True)
class LeftOut:
    """The list of what is not imported: each thing once, with its first place and a count."""

    found: dict[tuple[str, str], list[Any]] = field(
        default_factory=dict[tuple[str, str], list[Any]]
    )
    more: int = 0

    def add(self, place: object, what: str, reason: str) -> None:
        """Notes that something at a place has no counterpart, and why."""
        key = (what[:200], reason[:500])
        if key in self.found:
            self.found[key][1] += 1
        elif len(self.found) < MAX_LEFT_OUT:
            self.found[key] = [str(place), 1]
        else:
            self.more += 1

    def rows(self) -> list[dict[str, Any]]:
        """Returns the lines of a table."""
        rows: list[dict[str, Any]] = [
            {"what": what, "first_at": place, "times": count, "reason": reason}
            for (what, reason), (place, count) in self.found.items()
        ]
        if self.more:
            rows.append({"what": "and more", "first_at": "", "times": self.more, "reason": ""})
        return rows


@dataclass(slots=True)
class ForeignOutput:
    """An output of an item, or the error that came instead, with its scores there."""

    item_id: str
    output: str = ""
    error: str = ""
    repeat: int = 0
    latency_ms: float | None = None
    cost_usd: float | None = None
    scores: dict[str, Measurement] = field(default_factory=dict[str, Measurement])


@dataclass(slots=True)
class ForeignRun:
    """A run there: of one target on all items. `label` names it, the same each time it is read."""

    label: str
    outputs: list[ForeignOutput] = field(default_factory=list[ForeignOutput])
    _repeats: Counter[str] = field(default_factory=Counter[str])

    def add(self, output: ForeignOutput) -> None:
        """Adds an output; one more of an item is its next repeat."""
        output.repeat = self._repeats[output.item_id]
        self._repeats[output.item_id] += 1
        self.outputs.append(output)

    @property
    def repeats(self) -> int:
        """Returns the number of repeats of an item, at most."""
        return max(self._repeats.values(), default=1)

    def kinds(self) -> dict[str, MetricKind]:
        """Returns the metrics of the scores, those first that most outputs have, and what their
        values are: all booleans, all numbers (or booleans), or texts."""
        seen: dict[str, set[type]] = {}
        counts: Counter[str] = Counter()
        for each in self.outputs:
            for name, score in each.scores.items():
                counts[name] += 1
                types = seen.setdefault(name, set())
                if score.state is ScoreState.SCORED:
                    types.add(type(score.value))
        return {name: _kind(seen[name]) for name, _ in counts.most_common()}


@dataclass(slots=True)
class ForeignEvaluation:
    """An evaluation: items, runs and prompts. `evaluators` are those, as options of commands, that
    measure what it measured; `judged`: one of them asks a model."""

    product: str
    name: str
    items: list[DatasetItem] = field(default_factory=list[DatasetItem])
    runs: list[ForeignRun] = field(default_factory=list[ForeignRun])
    prompts: list[ForeignPrompt] = field(default_factory=list[ForeignPrompt])
    evaluators: list[str] = field(default_factory=list[str])
    left_out: LeftOut = field(default_factory=LeftOut)


def _kind(types: set[type]) -> MetricKind:
    if str in types:
        return MetricKind.LABEL
    return MetricKind.MEAN if types - {bool} else MetricKind.RATE


def numbered(items: Iterable[DatasetItem]) -> list[DatasetItem]:
    """Returns valid items with ids of their own: the second of one content gets `-2`. Raises
    `InvalidRequest` that names the place of one that is not valid, or if there are too many."""
    counts: Counter[str] = Counter()
    made: list[DatasetItem] = []
    for item in items:
        if len(made) >= MAX_ITEMS:
            raise InvalidRequest(f"The file has more than {MAX_ITEMS:,} items: divide it.")
        whole = checked_item(item, "items")
        counts[whole.id] += 1
        if (count := counts[whole.id]) > 1:
            whole = replace(whole, id=f"{whole.id[: MAX_ID_CHARS - 8]}-{count}")
        made.append(whole)
    return made


def metric_name(text: str) -> str:
    """Returns the name of a metric here: lower case, what is not allowed is a hyphen."""
    name = _NOT_OF_A_NAME.sub("-", text.lower()).strip("-._")[:MAX_NAME_CHARS].rstrip("-._")
    return name if name[:1].isalpha() else f"m-{name}"[:MAX_NAME_CHARS].rstrip("-._")


def score_of(value: object, reason: str = "") -> Measurement:
    """Returns a score: a boolean, a finite number or a short text; anything else is
    `unmeasured`."""
    if isinstance(value, int | float) and (isinstance(value, bool) or math.isfinite(value)):
        return scored(value, reason)
    if isinstance(value, float):
        return unmeasured(reason or f"The score is {value}.")
    if isinstance(value, str) and 0 < len(value) <= MAX_LABEL_CHARS:
        return scored(value, reason)
    return unmeasured(reason or "There is no score.")


def mapping_of(value: object) -> Mapping[str, Any]:
    """Returns an object; an empty one for anything else."""
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def list_of(value: object) -> Sequence[Any]:
    """Returns a list; an empty one for anything else."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def number_of(value: object) -> float | None:
    """Returns a finite number that is not negative; `None` for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and value >= 0 else None
