"""Chooses among models: requirements exclude, preferences and cost order the rest."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple

from penstock.rules.models.candidates import CallTokens, CostFigure, ModelCandidate, cost_of
from penstock.rules.models.requirements import (
    RequirementFinding,
    RequirementResult,
    Requirements,
    judge,
)

_ORDER: Final = (RequirementResult.MET, RequirementResult.UNKNOWN, RequirementResult.UNMET)


class UnknownFacts(StrEnum):
    """Treatment of a model of which it is not known whether it meets a requirement: it passes with
    a mark, after those that certainly do, or it is excluded."""

    PASS = "pass"  # noqa: S105 - no password
    EXCLUDE = "exclude"


@dataclass(frozen=True, slots=True)
class ShortlistQuery:
    """The question. `required` excludes; `preferred` orders, the most important preference first.
    `tokens`: of a typical call, for its cost; `None`: the measured costs are compared. Figures of
    fewer than `min_calls` calls are not known."""

    required: Requirements = field(default_factory=Requirements)
    preferred: tuple[Requirements, ...] = ()
    tokens: CallTokens | None = None
    min_calls: int = 20
    unknown: UnknownFacts = UnknownFacts.PASS


class Preference(NamedTuple):
    """A preference is met if all its parts are, and unmet if one is."""

    result: RequirementResult
    findings: list[RequirementFinding]


@dataclass(frozen=True, slots=True)
class RankedModel:
    """A model that may be used. `findings` are those on the requirements, none of them unmet."""

    candidate: ModelCandidate
    cost: CostFigure
    findings: list[RequirementFinding]
    preferences: list[Preference]

    @property
    def unknown_count(self) -> int:
        """Returns how many requirements it may or may not meet."""
        return sum(one.result is RequirementResult.UNKNOWN for one in self.findings)


@dataclass(frozen=True, slots=True)
class ExcludedModel:
    """A model that is not usable, with the reasons."""

    candidate: ModelCandidate
    findings: list[RequirementFinding]


class Shortlist(NamedTuple):
    """The models that may be used, best first, and the others, those with few reasons first."""

    ranked: list[RankedModel]
    excluded: list[ExcludedModel]


def make_shortlist(candidates: Iterable[ModelCandidate], query: ShortlistQuery) -> Shortlist:
    """Ranks the candidates: the fewest unknown requirements first, then by the preferences in their
    order (met, not known, not met), then by cost (not known last), then by name."""
    ranked: list[RankedModel] = []
    excluded: list[ExcludedModel] = []
    for candidate in candidates:
        cost = cost_of(candidate, query.tokens, query.min_calls)
        findings = judge(candidate, query.required, cost, query.min_calls)
        if against := [*_retired(candidate), *_against(findings, query.unknown)]:
            excluded.append(ExcludedModel(candidate, against))
        else:
            preferences = [
                _preference(candidate, preference, cost, query) for preference in query.preferred
            ]
            ranked.append(RankedModel(candidate, cost, findings, preferences))
    ranked.sort(key=_rank)
    excluded.sort(key=lambda one: (len(one.findings), one.candidate.name))
    return Shortlist(ranked, excluded)


def _rank(one: RankedModel) -> tuple[int, list[int], bool, Decimal, str]:
    preferences = [_ORDER.index(preference.result) for preference in one.preferences]
    cost = one.cost.usd
    return one.unknown_count, preferences, cost is None, cost or Decimal(0), one.candidate.name


def _against(
    findings: Iterable[RequirementFinding], unknown: UnknownFacts
) -> list[RequirementFinding]:
    excluding = (
        {RequirementResult.UNMET, RequirementResult.UNKNOWN}
        if unknown is UnknownFacts.EXCLUDE
        else {RequirementResult.UNMET}
    )
    return [one for one in findings if one.result in excluding]


def _retired(candidate: ModelCandidate) -> list[RequirementFinding]:
    end = candidate.retirement
    if end is None or end.days > 0:
        return []
    return [
        RequirementFinding(
            "retirement", RequirementResult.UNMET, end.sentence(candidate.model).rstrip(".")
        )
    ]


def _preference(
    candidate: ModelCandidate, preference: Requirements, cost: CostFigure, query: ShortlistQuery
) -> Preference:
    findings = judge(candidate, preference, cost, query.min_calls)
    worst = max((one.result for one in findings), key=_ORDER.index, default=RequirementResult.MET)
    return Preference(worst, findings)
