"""The routes of traces. Reads run in the thread pool of the web framework."""

from dataclasses import asdict
from typing import Annotated, Any, Final

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, Header, Path, Query, Request
from pydantic import BaseModel

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.traces.model import Filter
from penstock.features.traces.service import Traces
from penstock.features.traces.wire import (
    ATTRIBUTE_PARAMETERS,
    AttributeFilter,
    CallView,
    FilterQuery,
    ListQuery,
    RangeQuery,
    TailQuery,
    page_view,
    read_attributes,
    tag_filter,
)
from penstock.features.traces.wire_overview import CacheOut, OverviewOut, TargetOut, overview_out
from penstock.features.traces.wire_trace import Trace
from penstock.infra.web.pages import Page

Attributes = Annotated[AttributeFilter, Depends(read_attributes)]
TraceId = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]

_INGESTS: Final = 2  # separate threads: reads never delay ingestion


class IngestAnswer(BaseModel):
    """The result of a batch: numbers of records stored, quarantined and skipped, and of those kept
    because they are of a newer version."""

    stored: int
    quarantined: int
    skipped: int
    kept: int


def build_router(traces: Traces, require: RequirePermission) -> APIRouter:
    """Returns the routes of a project: lists, detail and facets."""
    router = APIRouter(prefix="/api/v1", tags=["traces"])
    granted = Depends(require(Permission.TRACES_READ))

    @router.get("/traces", openapi_extra=ATTRIBUTE_PARAMETERS)
    def list_traces(
        access: Annotated[Access, granted],
        query: Annotated[ListQuery, Query()],
        attributes: Attributes,
    ) -> Page[CallView]:
        return _list(traces, access, query, attributes)

    @router.get("/traces/tail")
    def tail_traces(
        access: Annotated[Access, granted], query: Annotated[TailQuery, Query()]
    ) -> Page[CallView]:
        wanted = Filter(tags=tag_filter(query.tag))
        page = traces.tail(
            access.project_id, after=query.cursor(), limit=query.limit, wanted=wanted
        )
        return page_view(page)

    @router.get("/traces/facets")
    def trace_facets(
        access: Annotated[Access, granted], query: Annotated[RangeQuery, Query()]
    ) -> dict[str, list[str]]:
        return traces.facets(access.project_id, query.range(traces.now_ns()))

    @router.get("/traces/targets", openapi_extra=ATTRIBUTE_PARAMETERS)
    def trace_targets(
        access: Annotated[Access, granted],
        query: Annotated[FilterQuery, Query()],
        attributes: Attributes,
    ) -> Page[TargetOut]:
        time_range, wanted = query.range(traces.now_ns()), query.filter(attributes)
        found = traces.targets(access.project_id, time_range, wanted)
        return Page(items=[TargetOut.of(each) for each in found])

    @router.get("/traces/{trace_id}")
    def get_trace(access: Annotated[Access, granted], trace_id: TraceId) -> Trace:
        found = traces.get_trace(access.project_id, trace_id)
        return Trace.of(found, traces.content, traces.explain(access.project_id))

    return router


def build_overview_router(traces: Traces, require: RequirePermission) -> APIRouter:
    """Returns the routes of a project that add up its calls."""
    router = APIRouter(prefix="/api/v1", tags=["traces"])
    granted = Depends(require(Permission.TRACES_READ))

    @router.get("/overview", openapi_extra=ATTRIBUTE_PARAMETERS)
    def overview(
        access: Annotated[Access, granted],
        query: Annotated[FilterQuery, Query()],
        attributes: Attributes,
    ) -> OverviewOut:
        time_range, wanted = query.range(traces.now_ns()), query.filter(attributes)
        return overview_out(traces.overview(access.project_id, time_range, wanted))

    @router.get("/overview/cache", openapi_extra=ATTRIBUTE_PARAMETERS)
    def cache_use(
        access: Annotated[Access, granted],
        query: Annotated[FilterQuery, Query()],
        attributes: Attributes,
    ) -> CacheOut:
        """Returns how many calls were answered from the cache, and what that has saved."""
        time_range, wanted = query.range(traces.now_ns()), query.filter(attributes)
        return CacheOut.of(traces.cache(access.project_id, time_range, wanted))

    return router


def build_instance_router(traces: Traces, require: RequirePermission) -> APIRouter:
    """Returns the routes for calls without a project (wrong keys), for instance admins."""
    router = APIRouter(prefix="/api/v1/instance", tags=["traces"])
    granted = Depends(require(Permission.INSTANCE))

    @router.get("/traces", openapi_extra=ATTRIBUTE_PARAMETERS)
    def list_unclaimed(
        access: Annotated[Access, granted],
        query: Annotated[ListQuery, Query()],
        attributes: Attributes,
    ) -> Page[CallView]:
        return _list(traces, access, query, attributes)

    @router.get("/traces/{trace_id}")
    def get_unclaimed(access: Annotated[Access, granted], trace_id: TraceId) -> Trace:
        found = traces.get_trace(access.project_id, trace_id)
        return Trace.of(found, traces.content, traces.explain(access.project_id))

    return router


def build_ingest_router(traces: Traces, gateway: Any) -> APIRouter:
    """Returns the route for batches from gateways. `gateway` is the dependency that checks the
    gateway token."""
    router = APIRouter(prefix="/internal/v1", dependencies=[Depends(gateway)])
    limiter = CapacityLimiter(_INGESTS)

    @router.post("/calls", include_in_schema=False)
    async def ingest(
        request: Request, x_penstock_batch: Annotated[str, Header(max_length=200)]
    ) -> IngestAnswer:
        frames = await request.body()
        done = await to_thread.run_sync(traces.ingest, x_penstock_batch, frames, limiter=limiter)
        return IngestAnswer(**asdict(done))

    return router


def _list(
    traces: Traces, access: Access, query: ListQuery, attributes: AttributeFilter
) -> Page[CallView]:
    page = traces.list_calls(
        access.project_id,
        query.range(traces.now_ns()),
        query.filter(attributes),
        after=query.after(),
        limit=query.limit,
    )
    return page_view(page)
