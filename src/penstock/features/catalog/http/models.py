"""`/api/v1/projects/{project_id}/models`: the models of a project with facts and prices.
`/api/v1/models/imports`: facts and prices that were imported from a file."""

from datetime import date, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.catalog.imported_store import ImportedList, ListKind
from penstock.features.catalog.service.imports import ImportService
from penstock.features.catalog.service.models import ModelService, ServedModel, ServingProvider
from penstock.infra.web.moments import moment_of
from penstock.infra.web.pages import MAX_LIMIT, Cursor, Limit, Page, decode_cursor, page_of
from penstock.infra.web.schemas import RequestBody
from penstock.rules.models.facts import KnownFacts, Modality, Retirement
from penstock.rules.prices.charge import UnitRate

IMPORTS_PATH: Final = "/api/v1/models/imports"
MOST_CONTENT: Final = 6_000_000  # characters of an imported file
Search = Annotated[str, Query(max_length=200, description="Part of the model's id.")]
OfProvider = Annotated[str, Query(max_length=63, description="Only models of this provider.")]


class FactSourceView(BaseModel):
    """A page with facts, and the day on which it was read."""

    url: str
    date: date


class ModelPriceView(BaseModel):
    """USD for `per` units. `tiered`: another price applies to calls with a long input."""

    unit: str
    price: str
    per: int
    tiered: bool

    @classmethod
    def of(cls, rate: UnitRate) -> "ModelPriceView":
        price = (rate.base * rate.per / rate.of).normalize()
        return cls(unit=rate.unit, price=f"{price:f}", per=rate.per, tiered=bool(rate.steps))


class ServingProviderView(BaseModel):
    """A provider that lists the model. `send_as` names both in a call. `by_vendor`: the vendor's
    own API, for which all facts hold. `prices` is null if the model is unpriced."""

    provider: str
    send_as: str
    by_vendor: bool
    price_id: str
    prices: list[ModelPriceView] | None

    @classmethod
    def of(cls, offer: ServingProvider, model: str) -> "ServingProviderView":
        rates = offer.rates
        return cls(
            provider=offer.provider,
            send_as=f"{offer.provider}/{model}",
            by_vendor=offer.known is not None and offer.known.by_vendor,
            price_id=rates.price_id if rates else "",
            prices=[ModelPriceView.of(line) for line in rates.lines] if rates else None,
        )


class ModelFactsView(BaseModel):
    """The known facts of a model; null and empty: unknown."""

    title: str
    vendor: str
    context_tokens: int | None
    output_tokens: int | None
    inputs: list[Modality]
    outputs: list[Modality]
    tools: bool | None
    structured_output: bool | None
    reasoning: bool | None
    open_weights: bool | None
    licence: str
    tunable: bool | None
    logprobs: bool | None
    deprecated_on: date | None
    note: str
    regions: list[str]
    privacy: str
    sources: list[FactSourceView]
    vendor_sources: list[FactSourceView]

    @classmethod
    def of(cls, known: KnownFacts) -> "ModelFactsView":
        facts, vendor = known.model, known.vendor
        return cls(
            title=facts.title,
            vendor=vendor.title or vendor.vendor,
            context_tokens=facts.context_tokens,
            output_tokens=facts.output_tokens,
            inputs=list(facts.inputs),
            outputs=list(facts.outputs),
            tools=facts.tools,
            structured_output=facts.structured_output,
            reasoning=facts.reasoning,
            open_weights=facts.open_weights,
            licence=facts.licence,
            tunable=facts.tunable,
            logprobs=facts.logprobs,
            deprecated_on=facts.deprecated_on,
            note=facts.note,
            regions=list(vendor.regions) if known.by_vendor else [],
            privacy=vendor.privacy if known.by_vendor else "",
            sources=[FactSourceView(url=one.url, date=one.date) for one in facts.sources],
            vendor_sources=[FactSourceView(url=one.url, date=one.date) for one in vendor.sources],
        )


class RetirementView(BaseModel):
    """The day on which the vendor retires the model. `warns`: it is near or past."""

    on: date
    days: int
    warns: bool
    replacement: str

    @classmethod
    def of(cls, found: Retirement) -> "RetirementView":
        return cls(on=found.on, days=found.days, warns=found.warns, replacement=found.replacement)


class ModelView(BaseModel):
    """A model of the project."""

    id: str
    facts: ModelFactsView | None
    retirement: RetirementView | None
    providers: list[ServingProviderView]

    @classmethod
    def of(cls, model: ServedModel) -> "ModelView":
        known, end = model.known, model.retirement
        return cls(
            id=model.id,
            facts=ModelFactsView.of(known) if known else None,
            retirement=RetirementView.of(end) if end else None,
            providers=[ServingProviderView.of(offer, model.id) for offer in model.offers],
        )


class ImportRequest(RequestBody):
    """A file: facts of one vendor (TOML), or public prices (JSON of the project genai-prices)."""

    content: Annotated[str, Field(min_length=1, max_length=MOST_CONTENT)]


class ImportView(BaseModel):
    """An imported list, which replaces that of the package."""

    kind: ListKind
    vendor: str
    row_count: int
    digest: str
    imported_at: datetime

    @classmethod
    def of(cls, one: ImportedList) -> "ImportView":
        return cls(
            kind=one.kind,
            vendor=one.vendor,
            row_count=one.row_count,
            digest=one.digest,
            imported_at=moment_of(one.imported_ms),
        )


def model_routes(require: RequirePermission, models: ModelService) -> APIRouter:
    """Returns the route of a project's models."""
    router = APIRouter(prefix="/api/v1/projects/{project_id}/models", tags=["models"])
    may_read = Depends(require(Permission.PROVIDERS_READ))

    @router.get("")
    def list_models(
        access: Annotated[Access, may_read],
        q: Search = "",
        provider: OfProvider = "",
        cursor: Cursor = "",
        limit: Limit = MAX_LIMIT,
    ) -> Page[ModelView]:
        """Lists the models of all providers by id, with facts, prices and retirement."""
        found = models.list_page(
            access.project_id,
            search=q,
            provider=provider,
            after=decode_cursor(cursor),
            limit=limit + 1,
        )
        return page_of(found, limit, ModelView.of, lambda model: model.id)

    return router


def import_routes(require: RequirePermission, imports: ImportService) -> APIRouter:
    """Returns the routes of imported facts and prices."""
    router = APIRouter(prefix=IMPORTS_PATH, tags=["instance"])
    instance = Depends(require(Permission.INSTANCE))

    @router.get("")
    def list_imports(access: Annotated[Access, instance]) -> Page[ImportView]:  # noqa: ARG001 - the guard
        """Lists the imported facts and prices."""
        return Page(items=[ImportView.of(one) for one in imports.list_all()])

    @router.post("", status_code=201)
    def import_file(access: Annotated[Access, instance], body: ImportRequest) -> Page[ImportView]:
        """Replaces the facts or prices of the vendors in a file, or changes nothing."""
        done = imports.import_file(access.principal, body.content)
        return Page(items=[ImportView.of(one) for one in done])

    @router.delete("/{kind}/{vendor}", status_code=204)
    def remove_import(access: Annotated[Access, instance], kind: ListKind, vendor: str) -> None:
        """Removes an imported list; that of the package applies again."""
        imports.remove(access.principal, kind, vendor)

    return router
