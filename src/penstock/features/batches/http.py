"""`/api/v1/projects/{project_id}/batches`: batches that were made through the gateways."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, Field

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.batches.model import FollowedBatch, FollowState
from penstock.features.batches.service import BatchService
from penstock.infra.web.pages import Cursor, Limit, Page, decode_cursor, page_of
from penstock.kernel.errors import InvalidRequest
from penstock.kernel.time import rfc3339

_MS = 1_000_000
_MOST_MS = 2**53  # of a time in a cursor; 422 above it


class RequestCountsView(BaseModel):
    """The number of requests of a batch, and of those that are done, as its provider says."""

    total: int
    completed: int
    failed: int


class RecordedBatchView(BaseModel):
    """The recorded calls of a batch. `unreadable` lines of the provider are no answers, or the
    second one to a request; `unpriced` calls went well and have no cost."""

    calls: int
    errors: int
    unreadable: int
    unpriced: int
    input_tokens: int
    output_tokens: int
    cost: Annotated[str, Field(description="USD, over the priced calls")]


class BatchView(BaseModel):
    """A batch. `batch` is the id that its caller has; calls have `id` as `batch_id`. `status` is
    the provider's word, `state` how far the server is with it; `problem` says why it failed, or
    could not be read."""

    id: str
    batch: str
    provider: str
    credential: str
    model: str
    key_id: str
    user: str
    use_case: str
    tags: dict[str, str]
    trace_id: str
    status: str
    state: FollowState
    problem: str
    requests: RequestCountsView
    recorded: RecordedBatchView
    created_at: str
    ended_at: str | None
    updated_at: str

    @classmethod
    def of(cls, batch: FollowedBatch, caller_id: str) -> "BatchView":
        origin, counts, recorded = batch.origin, batch.seen.counts, batch.recorded
        return cls(
            id=batch.id,
            batch=caller_id,
            provider=origin.provider,
            credential=origin.credential,
            model=origin.model,
            key_id=origin.caller.key_id,
            user=origin.caller.user,
            use_case=origin.caller.use_case,
            tags=origin.caller.tags,
            trace_id=origin.trace_id,
            status=batch.seen.status,
            state=batch.state,
            problem=batch.problem,
            requests=RequestCountsView(
                total=counts.total, completed=counts.completed, failed=counts.failed
            ),
            recorded=RecordedBatchView(
                calls=recorded.calls,
                errors=recorded.errors,
                unreadable=recorded.unreadable,
                unpriced=recorded.unpriced,
                input_tokens=recorded.input_tokens,
                output_tokens=recorded.output_tokens,
                cost=f"{recorded.cost:f}",
            ),
            created_at=rfc3339(batch.created_ms * _MS),
            ended_at=rfc3339(batch.ended_ms * _MS) if batch.ended_ms else None,
            updated_at=rfc3339(batch.updated_ms * _MS),
        )


def batch_routes(require: RequirePermission, batches: BatchService) -> APIRouter:
    """Returns the routes."""
    router = APIRouter(prefix="/api/v1/projects/{project_id}/batches", tags=["batches"])
    may_read = Depends(require(Permission.TRACES_READ))

    def view(batch: FollowedBatch) -> BatchView:
        return BatchView.of(batch, batches.caller_id(batch))

    @router.get("")
    def list_batches(
        access: Annotated[Access, may_read], cursor: Cursor = "", limit: Limit = 50
    ) -> Page[BatchView]:
        """Lists the batches that the project's keys have made, newest first."""
        found = batches.list(access.project_id, _position(cursor), limit + 1)
        return page_of(found, limit, view, lambda each: f"{each.created_ms} {each.id}")

    @router.get("/{batch_id}")
    def get_batch(
        access: Annotated[Access, may_read], batch_id: Annotated[str, Path(max_length=64)]
    ) -> BatchView:
        """Returns a batch by its `id`."""
        return view(batches.get(access.project_id, batch_id))

    return router


def _position(cursor: str) -> tuple[int, str] | None:
    text = decode_cursor(cursor)
    if not text:
        return None
    created, _, batch_id = text.partition(" ")
    if not (created.isdecimal() and len(created) <= 16 and int(created) <= _MOST_MS):
        raise InvalidRequest(
            "The cursor is not valid.", hint="Start without a cursor.", param="cursor"
        )
    return int(created), batch_id
