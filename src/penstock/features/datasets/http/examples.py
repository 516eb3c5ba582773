"""`…/datasets/{name}/from-traces`: recorded calls become items."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.datasets.http.datasets import PREFIX, TAGS
from penstock.features.datasets.http.selection import CallSelectionBody
from penstock.features.datasets.http.views import CommittedChangeView
from penstock.features.datasets.model import MAX_TEXT_CHARS
from penstock.features.datasets.rules import CallSelection, check_selection
from penstock.features.datasets.service.changes import DatasetChange, DatasetChanges
from penstock.features.datasets.service.examples import MAX_SPANS, ExampleReader, SkippedSpan
from penstock.features.traces.model import TimeRange
from penstock.infra.web.moments import Moment
from penstock.infra.web.schemas import RequestBody
from penstock.kernel.errors import InvalidRequest
from penstock.kernel.time import LATEST_NS, unix_ns

_Id = Annotated[str, Field(max_length=32)]


class CallFilterBody(CallSelectionBody):
    """Selects the newest calls, or the calls of the newest feedback, in a range of time."""

    start: Annotated[Moment | None, Field(alias="from")] = None
    end: Annotated[Moment | None, Field(alias="to")] = None
    limit: Annotated[int, Field(ge=1, le=MAX_SPANS)] = MAX_SPANS

    def within(self) -> TimeRange:
        """Returns the range of time."""
        end = unix_ns(self.end) if self.end else LATEST_NS
        return TimeRange(unix_ns(self.start) if self.start else 0, end)

    def selection(self) -> CallSelection:
        """Returns the selection. Raises `InvalidRequest` for a dimension that does not exist."""
        selection = CallSelection(**self.fields())
        check_selection(selection)
        return selection


class FromTracesBody(RequestBody):
    """Calls to add: by their span ids, or the newest that a filter selects. `keep_output`: the
    recorded answer stands in the metadata."""

    span_ids: Annotated[list[_Id], Field(max_length=MAX_SPANS, default_factory=list[str])]
    filter: CallFilterBody | None = None
    keep_output: bool = True
    message: Annotated[str, Field(max_length=MAX_TEXT_CHARS)] = ""


class SkippedSpanView(BaseModel):
    """A call that is no example, and why."""

    span_id: str
    code: str
    detail: str

    @classmethod
    def of(cls, skipped: SkippedSpan) -> "SkippedSpanView":
        return cls(span_id=skipped.span_id, code=skipped.code, detail=skipped.detail)


class AddedCallsView(BaseModel):
    """The result: `change` is null if no call could be added."""

    change: CommittedChangeView | None
    corrected: int
    skipped: list[SkippedSpanView]


def dataset_example_routes(
    require: RequirePermission, changes: DatasetChanges, examples: ExampleReader
) -> APIRouter:
    """Returns the route that adds calls."""
    router = APIRouter(prefix=PREFIX, tags=[*TAGS])
    may_write = Depends(require(Permission.DATASETS_WRITE))

    @router.post("/{name}/from-traces")
    def add_calls_to_dataset(
        access: Annotated[Access, may_write], name: str, body: FromTracesBody
    ) -> AddedCallsView:
        """Adds recorded calls as items: one new version. A correction in feedback becomes what is
        expected. An item with the same input changes only if there is a correction."""
        if bool(body.span_ids) == bool(body.filter):
            raise InvalidRequest("Give either `span_ids` or `filter`.", param="span_ids")
        project_id, spans = access.project_id, body.span_ids
        if body.filter is not None:
            chosen = body.filter
            spans = examples.find(project_id, chosen.within(), chosen.selection(), chosen.limit)
        found = examples.read(project_id, spans, keep_output=body.keep_output)
        change = DatasetChange(
            items=found.corrected, additions=found.others, message=body.message or "From traces"
        )
        done = None
        if found.corrected or found.others:
            done = CommittedChangeView.of(
                changes.change(access.principal, project_id, name, change)
            )
        return AddedCallsView(
            change=done,
            corrected=len(found.corrected),
            skipped=[SkippedSpanView.of(each) for each in found.skipped],
        )

    return router
