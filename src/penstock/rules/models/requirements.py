"""Judges a model by requirements: each is met, not met, or not known, with a reason.

What the maker of a model denies (a modality, a longer context) holds at all providers; what it
states holds for its own API only, because other servers set other limits. Nothing is guessed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from penstock.rules.models.candidates import CostFigure, ModelCandidate, counted
from penstock.rules.models.facts import Modality


class Need(StrEnum):
    """An ability or a property that a model has or has not."""

    TOOLS = "tools"
    STRUCTURED_OUTPUT = "structured_output"
    REASONING = "reasoning"
    LOGPROBS = "logprobs"
    TUNABLE = "tunable"
    OPEN_WEIGHTS = "open_weights"
    SELF_HOSTED = "self_hosted"


@dataclass(frozen=True, slots=True)
class Requirements:
    """Requirements on a model; `None` and empty require nothing. Costs are USD a call, the error
    rate is a share from 0 to 1, `min_scores` are least means by score. One of the `regions` and one
    of the `licences` is enough. An excluded vendor neither serves nor has made the model."""

    max_cost: Decimal | None = None
    max_latency_ms: float | None = None
    max_latency_p95_ms: float | None = None
    max_error_rate: float | None = None
    min_scores: Mapping[str, float] = field(default_factory=dict[str, float])
    min_context_tokens: int | None = None
    min_output_tokens: int | None = None
    inputs: tuple[Modality, ...] = ()
    outputs: tuple[Modality, ...] = ()
    needs: tuple[Need, ...] = ()
    regions: tuple[str, ...] = ()
    licences: tuple[str, ...] = ()
    excluded_vendors: tuple[str, ...] = ()


class RequirementResult(StrEnum):
    """The result of one requirement."""

    MET = "met"
    UNKNOWN = "unknown"
    UNMET = "unmet"


class RequirementFinding(NamedTuple):
    """The result of one requirement, and a reason for people."""

    about: str
    result: RequirementResult
    reason: str


def judge(
    candidate: ModelCandidate, wanted: Requirements, cost: CostFigure, min_calls: int
) -> list[RequirementFinding]:
    """Returns a finding for each requirement. Figures of fewer than `min_calls` calls are not
    known."""
    return [
        *_cost(cost, wanted.max_cost),
        *_measured(candidate, wanted, min_calls),
        *_tokens("context", _context(candidate), wanted.min_context_tokens, candidate),
        *_tokens("output", _output(candidate), wanted.min_output_tokens, candidate),
        *_modalities(candidate, wanted),
        *(_need(candidate, need) for need in wanted.needs),
        *_region(candidate, wanted.regions),
        *_licence(candidate, wanted.licences),
        *_vendor(candidate, wanted.excluded_vendors),
    ]


def _cost(cost: CostFigure, most: Decimal | None) -> Iterator[RequirementFinding]:
    if most is None:
        return
    if cost.usd is None:
        yield _unknown("cost", cost.basis)
        return
    reason = f"costs {usd(cost.usd)} a call ({cost.basis}), at most {usd(most)} wanted"
    yield RequirementFinding("cost", _met(cost.usd <= most), reason)


def _measured(
    candidate: ModelCandidate, wanted: Requirements, least: int
) -> Iterator[RequirementFinding]:
    found = candidate.measured
    for about, share, value, most in (
        ("latency", "the median", found.latency_ms, wanted.max_latency_ms),
        ("latency_p95", "the 95th percentile", found.latency_p95_ms, wanted.max_latency_p95_ms),
    ):
        if most is None:
            continue
        if value is None or found.answered < least:
            yield _too_few(about, counted(found.answered), least)
            continue
        reason = f"{share} of {counted(found.answered)} took {value:,.0f} ms"
        yield RequirementFinding(
            about, _met(value <= most), f"{reason}, at most {most:,.0f} ms wanted"
        )
    if wanted.max_error_rate is not None:
        yield _errors(candidate, wanted.max_error_rate, least)
    for name, mean in wanted.min_scores.items():
        yield _score(candidate, name, mean, least)


def _errors(candidate: ModelCandidate, most: float, least: int) -> RequirementFinding:
    found = candidate.measured
    if found.calls < least:
        return _too_few("errors", counted(found.calls), least)
    reason = f"{found.errors:,} of {counted(found.calls)} failed, at most {most:.4g} of all wanted"
    return RequirementFinding("errors", _met(found.errors <= most * found.calls), reason)


def _score(candidate: ModelCandidate, name: str, mean: float, least: int) -> RequirementFinding:
    about, found = f"score {name}", candidate.measured.scores.get(name)
    if found is None or found.count < least:
        return _too_few(about, f"{found.count if found else 0:,} scores", least)
    reason = f"{name} is {found.mean:.4g} (mean of {found.count:,}), at least {mean:.4g} wanted"
    return RequirementFinding(about, _met(found.mean >= mean), reason)


def _context(candidate: ModelCandidate) -> int | None:
    return candidate.known.model.context_tokens if candidate.known else None


def _output(candidate: ModelCandidate) -> int | None:
    return candidate.known.model.output_tokens if candidate.known else None


def _tokens(
    about: str, known: int | None, least: int | None, candidate: ModelCandidate
) -> Iterator[RequirementFinding]:
    if least is None:
        return
    if known is None:
        yield _unknown(about, "")
        return
    reason = f"has {known:,} tokens of {about}, at least {least:,} wanted"
    yield _stated(about, candidate, reason, met=known >= least)


def _modalities(candidate: ModelCandidate, wanted: Requirements) -> Iterator[RequirementFinding]:
    facts = candidate.known.model if candidate.known else None
    for verb, needed, listed in (
        ("read", wanted.inputs, facts.inputs if facts else ()),
        ("write", wanted.outputs, facts.outputs if facts else ()),
    ):
        for modality in needed:
            about = f"{verb}s {modality}"
            if not listed:
                yield _unknown(about, "")
            elif modality in listed:
                yield _stated(about, candidate, about, met=True)
            else:
                yield RequirementFinding(
                    about, RequirementResult.UNMET, f"does not {verb} {modality}"
                )


def _need(candidate: ModelCandidate, need: Need) -> RequirementFinding:
    label = need.replace("_", " ")
    if need is Need.SELF_HOSTED:
        value = candidate.own_server
    elif candidate.known is None:
        value = None
    elif need is Need.OPEN_WEIGHTS or candidate.known.by_vendor:
        value = getattr(candidate.known.model, need)
    else:
        return _unknown(need, "other servers than its maker's differ")
    if value is None:
        return _unknown(need, "")
    return RequirementFinding(need, _met(value), f"{label}: {'yes' if value else 'no'}")


def _region(candidate: ModelCandidate, regions: tuple[str, ...]) -> Iterator[RequirementFinding]:
    if not regions:
        return
    wanted = " or ".join(regions)
    known = candidate.known
    if candidate.own_server:
        yield _unknown("region", "you decide where your own server stands")
    elif known is None or not known.by_vendor or not known.vendor.regions:
        yield _unknown("region", "")
    else:
        listed = known.vendor.regions
        met = bool(_folded(regions) & _folded(listed))
        who = known.vendor.title or known.vendor.vendor
        reason = f"{who} offers the regions {', '.join(listed)}; {wanted} wanted"
        yield RequirementFinding("region", _met(met), reason)


def _licence(candidate: ModelCandidate, licences: tuple[str, ...]) -> Iterator[RequirementFinding]:
    if not licences:
        return
    licence = candidate.known.model.licence if candidate.known else ""
    if not licence:
        yield _unknown("licence", "")
        return
    met = licence.casefold() in _folded(licences)
    yield RequirementFinding(
        "licence", _met(met), f"licence {licence}; {' or '.join(licences)} wanted"
    )


def _vendor(candidate: ModelCandidate, excluded: tuple[str, ...]) -> Iterator[RequirementFinding]:
    if not excluded:
        return
    names = _folded(excluded)
    known = candidate.known
    maker = known.vendor.vendor if known else ""
    if candidate.vendor.casefold() in names:
        yield RequirementFinding(
            "vendor", RequirementResult.UNMET, f"served by {candidate.vendor}, which is excluded"
        )
    elif maker.casefold() in names:
        yield RequirementFinding(
            "vendor", RequirementResult.UNMET, f"made by {maker}, which is excluded"
        )
    elif not maker:
        yield _unknown("vendor", "who made the model")
    elif not candidate.vendor and not candidate.own_server:
        yield _unknown("vendor", "who serves the model")
    else:
        by = candidate.vendor or "your own server"
        yield RequirementFinding(
            "vendor", RequirementResult.MET, f"made by {maker}, served by {by}"
        )


def _stated(about: str, candidate: ModelCandidate, reason: str, *, met: bool) -> RequirementFinding:
    """The finding on what the maker says of its model."""
    if not met:
        return RequirementFinding(about, RequirementResult.UNMET, reason)
    if candidate.known is not None and candidate.known.by_vendor:
        return RequirementFinding(about, RequirementResult.MET, reason)
    return _unknown(about, f"its maker says: {reason}; this server may differ")


def _too_few(about: str, counts: str, least: int) -> RequirementFinding:
    return _unknown(about, f"{counts} measured, at least {least:,} needed")


def _unknown(about: str, why: str) -> RequirementFinding:
    label = about.replace("_", " ")
    return RequirementFinding(
        about, RequirementResult.UNKNOWN, f"{label}: not known{f' ({why})' if why else ''}"
    )


def _met(met: bool) -> RequirementResult:  # noqa: FBT001 - the condition
    return RequirementResult.MET if met else RequirementResult.UNMET


def _folded(names: tuple[str, ...]) -> set[str]:
    return {name.casefold() for name in names}


def usd(amount: Decimal) -> str:
    """Returns an amount without an exponent, to four significant digits: `$0.0042`."""
    rounded = Decimal(f"{amount:.4g}").normalize()
    return f"${rounded:f}"
