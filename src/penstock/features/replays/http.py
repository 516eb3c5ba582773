"""`/api/v1/projects/{project_id}/replays/{span_id}` and `…/calls`: build a recorded request again,
send it again, send a call as a key."""

import base64
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Path
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.replays.model import AnswerSummary
from penstock.features.replays.service import Replay, ReplayedRequest, Replays
from penstock.infra.egress.exchange import UpstreamExchange
from penstock.infra.web.schemas import RequestBody
from penstock.kernel.errors import InvalidRequest
from penstock.rules.formats.form_writer import FormFile, write_form
from penstock.rules.replay import CallerRequest

_UNKNOWN_KEY: Final = 401  # of the gateway; for the server's own clients it means their session
_REJECTED: Final = 422
_RELAYED: Final = (
    *("content-type", "retry-after", "x-penstock-trace-id", "x-penstock-translation"),
    *("x-penstock-cache", "x-penstock-guardrails", "x-penstock-cost"),
)
SpanId = Annotated[str, Path(max_length=64)]
MAX_FILES: Final = 8  # of one form
KeyId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[\w-]+$")]


class RebuiltView(BaseModel):
    """A provider's request as an attempt has sent it, without the credential: its digest is that of
    the attempt. `body` is empty if it is no text; then `body_base64` has it. `cached`: the attempt
    got an answer that came from the cache later."""

    trace_id: str
    span_id: str
    provider: str
    model: str
    method: str
    url: str
    headers: list[str]
    body: str
    body_base64: str
    digest: str
    codec: int
    changes: list[str]
    cached: bool

    @classmethod
    def of(cls, found: ReplayedRequest) -> "RebuiltView":
        """Returns the view of a request."""
        built, attempt = found.built, found.attempt
        text = _text(built.body)
        return cls(
            trace_id=attempt.trace_id,
            span_id=attempt.span_id,
            provider=attempt.provider,
            model=attempt.model,
            method=built.method,
            url=built.url,
            headers=list(built.headers),
            body=text or "",
            body_base64="" if text is not None else base64.b64encode(built.body).decode(),
            digest=built.digest,
            codec=built.codec,
            changes=list(built.changes),
            cached=found.recorded.cached,
        )


class SendAgainBody(RequestBody):
    """`model`: a model or route of the project; empty: the target of the attempt."""

    key_id: KeyId
    model: Annotated[str, Field(max_length=256)] = ""


class ToolCallView(BaseModel):
    """A tool call of an answer."""

    name: str
    arguments: Any


class AnswerSummaryView(BaseModel):
    """The answer of a call. `cost` is in USD, null without a price."""

    trace_id: str
    span_id: str
    status: str
    error: str
    provider: str
    model: str
    text: str
    tool_calls: list[ToolCallView]
    finish_reasons: list[str]
    input_tokens: int
    output_tokens: int
    cost: str | None
    duration_ms: float
    ttft_ms: float | None
    request_digest: str

    @classmethod
    def of(cls, one: AnswerSummary) -> "AnswerSummaryView":
        """Returns the view of an answer."""
        return cls(
            trace_id=one.trace_id,
            span_id=one.span_id,
            status=one.status,
            error=one.error,
            provider=one.provider,
            model=one.model,
            text=one.text,
            tool_calls=[ToolCallView(name=name, arguments=args) for name, args in one.tool_calls],
            finish_reasons=list(one.finish_reasons),
            input_tokens=one.input_tokens,
            output_tokens=one.output_tokens,
            cost=None if one.cost is None else f"{one.cost:f}",
            duration_ms=one.duration_ms,
            ttft_ms=one.ttft_ms,
            request_digest=one.request_digest,
        )


class TextPieceView(BaseModel):
    """A part of both texts, of the new one, or of the old one."""

    operation: Literal["equal", "insert", "delete"]
    text: str


class ReplayView(BaseModel):
    """The answer of the call, the one to the same request now, and how they differ: `text` by
    words, `differs` names the other parts."""

    before: AnswerSummaryView
    after: AnswerSummaryView
    text: list[TextPieceView]
    differs: list[str]

    @classmethod
    def of(cls, found: Replay) -> "ReplayView":
        """Returns the view of a replay."""
        return cls(
            before=AnswerSummaryView.of(found.before),
            after=AnswerSummaryView.of(found.after),
            text=[TextPieceView(operation=op, text=text) for op, text in found.diff.text],
            differs=list(found.diff.other),
        )


class SentFileBody(RequestBody):
    """A file of a form. `field` is the name of its field, `content` has base64."""

    field: Annotated[str, Field(max_length=64, pattern=r"^[\w.\[\]-]+$")] = "file"
    name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
    content_type: Annotated[str, Field(max_length=100, pattern=r"^[\w.+-]+/[\w.+-]+$")] = (
        "application/octet-stream"
    )
    content: str

    def read(self) -> FormFile:
        """Returns the file. Raises `InvalidRequest` if its content is not base64."""
        try:
            content = base64.b64decode(self.content, validate=True)
        except ValueError as error:
            raise InvalidRequest(
                f"The content of the file {self.name!r} is not base64.", param="files"
            ) from error
        return FormFile(self.field, self.name, self.content_type, content)


class SentCallBody(RequestBody):
    """A request to the gateway: its path, and its JSON document. With `files` it is sent as a form
    (`multipart/form-data`) whose fields are the members of `body`."""

    key_id: KeyId
    path: Annotated[str, Field(max_length=1024, pattern=r"^/[!-~]+$")] = "/v1/chat/completions"
    body: dict[str, Any]
    files: Annotated[list[SentFileBody], Field(max_length=MAX_FILES)] = Field(
        default_factory=list[SentFileBody]
    )

    def request(self) -> CallerRequest:
        """Returns the request. Raises `InvalidRequest` if a form cannot have what is given."""
        if not self.files:
            return CallerRequest(self.path, json.dumps(self.body, ensure_ascii=False).encode())
        content_type, body = write_form(self.body, [file.read() for file in self.files])
        return CallerRequest(self.path, body, content_type=content_type)


def replay_routes(require: RequirePermission, replays: Replays) -> APIRouter:
    """Returns the routes."""
    router = APIRouter(prefix="/api/v1/projects/{project_id}", tags=["replays"])
    may_read = Depends(require(Permission.TRACES_READ))
    may_send = Depends(require(Permission.CALLS_SEND))

    @router.get("/replays/{span_id}")
    async def rebuild(access: Annotated[Access, may_read], span_id: SpanId) -> RebuiltView:
        """Builds the request that an attempt sent again, and compares its digest. `span_id` is a
        span, or a trace with one call. Sends nothing."""
        return RebuiltView.of(await replays.rebuild(access.project_id, span_id))

    @router.post("/replays/{span_id}")
    async def send_again(
        access: Annotated[Access, may_send], span_id: SpanId, body: SendAgainBody
    ) -> ReplayView:
        """Sends the request of a span again as a key of the project, whose limits and budgets hold,
        and compares the answers."""
        return ReplayView.of(await replays.send_again(access, span_id, body.key_id, body.model))

    @router.post("/calls", response_class=StreamingResponse)
    async def send_call(
        access: Annotated[Access, may_send], body: SentCallBody
    ) -> StreamingResponse:
        """Sends a call through the gateway as a key of the project, whose limits, budgets,
        guardrails and records hold. Answers with the gateway's answer, also as a stream."""
        return _relay(await replays.send(access, body.key_id, body.request()))

    return router


def _relay(exchange: UpstreamExchange) -> StreamingResponse:
    status = _REJECTED if exchange.status == _UNKNOWN_KEY else exchange.status
    found = {name: exchange.header(name.encode()).decode("latin-1") for name in _RELAYED}
    headers = {name: value for name, value in found.items() if value}
    headers["cache-control"] = "no-store"
    return StreamingResponse(_pieces(exchange), status, headers)


async def _pieces(exchange: UpstreamExchange) -> AsyncIterator[bytes]:
    try:
        while piece := await exchange.read():
            yield piece
    finally:
        exchange.abort()


def _text(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None
