"""`POST /api/v1/projects/{project_id}/models/shortlist`: which models meet requirements."""

from decimal import Decimal
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.catalog.http.models import RetirementView
from penstock.features.catalog.service.shortlist import ShortlistService
from penstock.infra.web.schemas import Name, RequestBody
from penstock.rules.models.candidates import CallTokens, CostFigure, Measured
from penstock.rules.models.facts import Modality
from penstock.rules.models.requirements import (
    Need,
    RequirementFinding,
    RequirementResult,
    Requirements,
)
from penstock.rules.models.shortlist import (
    ExcludedModel,
    Preference,
    RankedModel,
    Shortlist,
    ShortlistQuery,
    UnknownFacts,
)

MOST_PREFERENCES: Final = 10  # of one request; more are refused
MOST_NAMES: Final = 20  # of regions, licences, vendors
MOST_SCORES: Final = 10  # of one requirement
LONGEST_DAYS: Final = 90  # of measured calls
MOST_SHOWN: Final = 200  # models, of the ranked and of the excluded ones each
_MOST_TOKENS: Final = 10**9  # of a call or a context window; more are refused
Milliseconds = Annotated[float | None, Field(ge=0, le=1e9)]
TokenCount = Annotated[int | None, Field(ge=1, le=_MOST_TOKENS)]
Names = Annotated[tuple[Name, ...], Field(max_length=MOST_NAMES)]


class CallTokensBody(RequestBody):
    """The tokens of a typical call."""

    input: Annotated[int, Field(ge=0, le=_MOST_TOKENS)]
    output: Annotated[int, Field(ge=0, le=_MOST_TOKENS)]


class RequirementsBody(RequestBody):
    """Requirements on a model. Latencies, the error rate (0 to 1) and the least means of scores are
    compared with the project's own calls; costs are USD a call. One of the `regions` and one of the
    `licences` is enough. An excluded vendor neither serves nor has made the model."""

    max_cost: Annotated[Decimal | None, Field(ge=0, le=1_000_000)] = None
    max_latency_ms: Milliseconds = None
    max_latency_p95_ms: Milliseconds = None
    max_error_rate: Annotated[float | None, Field(ge=0, le=1)] = None
    min_scores: Annotated[
        dict[Name, Annotated[float, Field(ge=-1e12, le=1e12)]], Field(max_length=MOST_SCORES)
    ] = Field(default_factory=dict[str, float])
    min_context_tokens: TokenCount = None
    min_output_tokens: TokenCount = None
    inputs: Annotated[tuple[Modality, ...], Field(max_length=len(Modality))] = ()
    outputs: Annotated[tuple[Modality, ...], Field(max_length=len(Modality))] = ()
    needs: Annotated[tuple[Need, ...], Field(max_length=len(Need))] = ()
    regions: Names = ()
    licences: Names = ()
    excluded_vendors: Names = ()

    def value(self) -> Requirements:
        return Requirements(**{name: getattr(self, name) for name in type(self).model_fields})


class ShortlistRequest(RequestBody):
    """`required` excludes models, `preferred` orders them, the most important first; ties go by
    cost. `tokens`: without them, the measured costs are compared. Figures of fewer than `min_calls`
    calls of the last `days` days are not known. `unknown`: what happens to a model of which it is
    not known whether it meets a requirement."""

    required: RequirementsBody = Field(default_factory=RequirementsBody)
    preferred: Annotated[
        list[RequirementsBody],
        Field(max_length=MOST_PREFERENCES, default_factory=list[RequirementsBody]),
    ]
    tokens: CallTokensBody | None = None
    unknown: UnknownFacts = UnknownFacts.PASS
    search: Annotated[str, Field(max_length=200, description="Part of the model's id.")] = ""
    days: Annotated[int, Field(ge=1, le=LONGEST_DAYS)] = 30
    min_calls: Annotated[int, Field(ge=1, le=1_000_000)] = 20
    limit: Annotated[int, Field(ge=1, le=MOST_SHOWN)] = 20

    def value(self) -> ShortlistQuery:
        return ShortlistQuery(
            required=self.required.value(),
            preferred=tuple(preference.value() for preference in self.preferred),
            tokens=CallTokens(self.tokens.input, self.tokens.output) if self.tokens else None,
            min_calls=self.min_calls,
            unknown=self.unknown,
        )


def _plain(usd: Decimal | None) -> str | None:
    """An amount without an exponent, to a millionth of a millionth."""
    return None if usd is None else f"{round(usd, 12).normalize():f}"


class FindingView(BaseModel):
    """The result of one requirement, and the reason."""

    about: str
    result: RequirementResult
    reason: str

    @classmethod
    def of(cls, one: RequirementFinding) -> "FindingView":
        return cls(about=one.about, result=one.result, reason=one.reason)


class PreferenceView(BaseModel):
    """A preference is met if all its parts are."""

    result: RequirementResult
    findings: list[FindingView]

    @classmethod
    def of(cls, preference: Preference) -> "PreferenceView":
        return cls(
            result=preference.result, findings=[FindingView.of(one) for one in preference.findings]
        )


class CallCostView(BaseModel):
    """USD for a call, and how that was found; null: not known, with the reason."""

    usd: str | None
    basis: str

    @classmethod
    def of(cls, cost: CostFigure) -> "CallCostView":
        return cls(usd=_plain(cost.usd), basis=cost.basis)


class MeasuredView(BaseModel):
    """Figures of the project's own calls; latencies of those that succeeded."""

    calls: int
    errors: int
    latency_ms: float | None
    latency_p95_ms: float | None
    cost: str | None
    scores: dict[str, float]

    @classmethod
    def of(cls, one: Measured) -> "MeasuredView":
        return cls(
            calls=one.calls,
            errors=one.errors,
            latency_ms=one.latency_ms,
            latency_p95_ms=one.latency_p95_ms,
            cost=_plain(one.cost),
            scores={name: score.mean for name, score in one.scores.items()},
        )


class RankedModelView(BaseModel):
    """A model that may be used. `send_as` names it in a call."""

    rank: int
    provider: str
    model: str
    send_as: str
    cost: CallCostView
    measured: MeasuredView
    retirement: RetirementView | None
    findings: list[FindingView]
    preferences: list[PreferenceView]

    @classmethod
    def of(cls, rank: int, one: RankedModel) -> "RankedModelView":
        model, end = one.candidate, one.candidate.retirement
        return cls(
            rank=rank,
            provider=model.provider,
            model=model.model,
            send_as=model.name,
            cost=CallCostView.of(one.cost),
            measured=MeasuredView.of(model.measured),
            retirement=RetirementView.of(end) if end else None,
            findings=[FindingView.of(each) for each in one.findings],
            preferences=[PreferenceView.of(preference) for preference in one.preferences],
        )


class ExcludedModelView(BaseModel):
    """A model that is not usable, with the reasons."""

    send_as: str
    reasons: list[FindingView]

    @classmethod
    def of(cls, one: ExcludedModel) -> "ExcludedModelView":
        reasons = [FindingView.of(each) for each in one.findings]
        return cls(send_as=one.candidate.name, reasons=reasons)


class ShortlistView(BaseModel):
    """The first models of both kinds, and how many there are: the best ones, and those that miss
    the fewest requirements."""

    ranked_count: int
    excluded_count: int
    ranked: list[RankedModelView]
    excluded: list[ExcludedModelView]

    @classmethod
    def of(cls, found: Shortlist, limit: int) -> "ShortlistView":
        return cls(
            ranked_count=len(found.ranked),
            excluded_count=len(found.excluded),
            ranked=[RankedModelView.of(at, one) for at, one in enumerate(found.ranked[:limit], 1)],
            excluded=[ExcludedModelView.of(one) for one in found.excluded[:limit]],
        )


def shortlist_routes(require: RequirePermission, shortlists: ShortlistService) -> APIRouter:
    """Returns the route of shortlists."""
    router = APIRouter(prefix="/api/v1/projects/{project_id}/models", tags=["models"])
    may_read = Depends(require(Permission.PROVIDERS_READ))

    @router.post("/shortlist")
    def make_shortlist(
        access: Annotated[Access, may_read], body: ShortlistRequest
    ) -> ShortlistView:
        """Ranks the models that meet the requirements, with the reasons, and names the others."""
        found = shortlists.make(access.project_id, body.value(), search=body.search, days=body.days)
        return ShortlistView.of(found, body.limit)

    return router
