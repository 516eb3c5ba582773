"""What the scores of an online evaluation say about all calls that it is about."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

from penstock.features.context import Context
from penstock.features.evaluations.model import FindEvaluator
from penstock.features.evaluations.online import store
from penstock.features.evaluations.online.model import (
    HOUR_MS,
    DrawCounts,
    Strata,
    facts_of,
)
from penstock.features.evaluations.online.rules import get_rule
from penstock.features.feedback.model import ScoreClusters, StoredScore
from penstock.features.traces.model import TimeRange
from penstock.kernel.errors import NotFound
from penstock.rules.evaluation.metrics import MetricFacts, MetricKind
from penstock.rules.scores.vocabulary import ScoreState
from penstock.rules.statistics.sampled import SampledMean, Stratum, sampled_mean, sampled_rate

MAX_STRATA: Final = 20_000  # hours and releases of figures; older ones are left out
MAX_RELEASES: Final = 20  # releases of figures: those with the most calls
MAX_BUCKETS: Final = 60  # of figures over time
_NS: Final = 1_000_000


class AuthorScores(Protocol):
    """The scores of an author in a range of time."""

    def clusters(
        self, project_id: str, author: str, within: TimeRange, width_ns: int, limit: int
    ) -> Sequence[ScoreClusters]:
        """Returns sums by time bucket, release and name."""
        ...

    def extreme(
        self,
        project_id: str,
        author: str,
        name: str,
        within: TimeRange,
        *,
        lowest: bool | None,
        count: int,
    ) -> Sequence[StoredScore]:
        """Returns those of a name with the lowest or highest values, or the newest."""
        ...


@dataclass(frozen=True, slots=True)
class MetricFigure:
    """The values of a metric in a group of calls. `states` counts the measured calls by state;
    `estimate` is about all eligible calls, `None` where nothing was scored or values are labels."""

    states: Mapping[str, int]
    estimate: SampledMean | None
    labels: Mapping[str, int] = field(default_factory=dict[str, int])

    @property
    def scored(self) -> int:
        """Measured calls with a value."""
        return self.states.get(ScoreState.SCORED.value, 0)


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """The figures of a group of calls, by metric."""

    counts: DrawCounts
    metrics: Mapping[str, MetricFigure]


@dataclass(frozen=True, slots=True)
class OnlineFigures:
    """The figures of a rule: of all its calls, by release, and over time. `bucket_ms`: width of a
    step of time; steps without eligible calls are left out. `facts` by metric."""

    facts: Mapping[str, MetricFacts]
    total: GroupFigures
    releases: Mapping[str, GroupFigures]
    bucket_ms: int
    series: Mapping[int, GroupFigures]


@dataclass(frozen=True, slots=True)
class FigureReader:
    """Reads figures. `scores` are in the column store."""

    context: Context
    find: FindEvaluator
    scores: AuthorScores

    def figures(self, project_id: str, name: str, within: TimeRange) -> OnlineFigures:
        """Returns the figures of the calls that began in a range, which is widened to whole hours.
        Raises `NotFound`."""
        width_ns = HOUR_MS * _NS
        first = within.start_ns // width_ns * HOUR_MS
        end = -(-within.end_ns // width_ns) * HOUR_MS
        with self.context.database.read() as connection:
            rule = get_rule(connection, project_id, name)
            strata = store.counts_between(connection, rule.id, first, end, MAX_STRATA)
        hours = TimeRange(first * _NS, end * _NS)
        sums = self.scores.clusters(project_id, rule.author, hours, width_ns, MAX_STRATA)
        facts = facts_of(rule, self.find)
        group = _Groups(facts, strata, sums)
        width = bucket_ms(first, end)
        releases = group.by(lambda stratum: stratum[1])
        most = sorted(releases, key=lambda each: -releases[each].counts.eligible)[:MAX_RELEASES]
        total = group.by(lambda _: "").get("", GroupFigures(DrawCounts(), {}))
        return OnlineFigures(
            facts,
            total,
            {each: releases[each] for each in most},
            width,
            dict(sorted(group.by(lambda stratum: stratum[0] // width * width).items())),
        )

    def worst(
        self, project_id: str, name: str, metric: str, within: TimeRange, count: int
    ) -> Sequence[StoredScore]:
        """Returns the calls with the worst values of a metric, among equal ones the newest. Raises
        `NotFound`."""
        with self.context.database.read() as connection:
            rule = get_rule(connection, project_id, name)
        facts = facts_of(rule, self.find).get(metric)
        if facts is None:
            raise NotFound(
                f"{name} has no metric {metric[:64]!r}.",
                hint=f"It has: {', '.join(each.name for each in rule.rule.evaluators)}",
            )
        lowest = None if facts.kind is MetricKind.LABEL else facts.higher_is_better
        return self.scores.extreme(
            project_id, rule.author, metric, within, lowest=lowest, count=count
        )


Key = TypeVar("Key", str, int)
_KeyOf = Callable[[tuple[int, str]], Key]


@dataclass(frozen=True, slots=True)
class _Groups:
    """Hours and releases with their counts and scores."""

    facts: Mapping[str, MetricFacts]
    strata: Strata
    sums: Sequence[ScoreClusters]

    def by(self, key_of: _KeyOf[Key]) -> dict[Key, GroupFigures]:
        """Returns the figures of groups of strata."""
        counts: dict[Key, DrawCounts] = {}
        for stratum, found in self.strata.items():
            key = key_of(stratum)
            counts[key] = counts.get(key, DrawCounts()).plus(found)
        scores: defaultdict[Key, list[ScoreClusters]] = defaultdict(list)
        for each in self.sums:
            scores[key_of((each.bucket_ns // _NS, each.release))].append(each)
        return {
            key: GroupFigures(found, self._metrics(scores[key], key, key_of))
            for key, found in counts.items()
        }

    def _metrics(
        self, sums: Sequence[ScoreClusters], key: Key, key_of: _KeyOf[Key]
    ) -> dict[str, MetricFigure]:
        eligible = {
            stratum: found.eligible
            for stratum, found in self.strata.items()
            if key_of(stratum) == key
        }
        return {
            name: _metric(facts, [each for each in sums if each.name == name], eligible)
            for name, facts in self.facts.items()
        }


def _metric(
    facts: MetricFacts, sums: Sequence[ScoreClusters], eligible: Mapping[tuple[int, str], int]
) -> MetricFigure:
    states = {each.value: sum(getattr(one, each.value) for one in sums) for each in ScoreState}
    if facts.kind is MetricKind.LABEL:
        return MetricFigure(states, None, _labels(sums))
    parts = dict(eligible)
    strata = list[Stratum]()
    for each in sums:
        population = parts.pop((each.bucket_ns // _NS, each.release), 0)
        strata.append(
            Stratum(
                population,
                each.size,
                each.total,
                each.clusters,
                each.sizes2,
                each.totals2,
                each.products,
            )
        )
    strata += [Stratum(population) for population in parts.values()]
    estimate = sampled_rate if facts.kind is MetricKind.RATE else sampled_mean
    return MetricFigure(states, estimate(strata))


def _labels(sums: Iterable[ScoreClusters]) -> dict[str, int]:
    counts: defaultdict[str, int] = defaultdict(int)
    for each in sums:
        for label, count in each.labels.items():
            counts[label] += count
    return dict(sorted(counts.items(), key=lambda each: -each[1]))


def bucket_ms(from_ms: int, to_ms: int) -> int:
    """Returns the smallest width of whole hours that makes at most `MAX_BUCKETS` steps."""
    hours = (1, 2, 3, 6, 12, 24, 48, 168)
    fitting = (each for each in hours if (to_ms - from_ms) <= each * HOUR_MS * MAX_BUCKETS)
    return next(fitting, 24 * 30) * HOUR_MS
