"""One call on its way through the pipeline, with the results of each stage.

The only mutable object that stages share; it lives as long as the call.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from penstock.gateway.errors import ClientDisconnected
from penstock.gateway.ids import Ids
from penstock.gateway.snapshot.snapshot import Snapshot
from penstock.gateway.target import Target
from penstock.gateway.trace_context import read_traceparent
from penstock.kernel.errors import PenstockError
from penstock.rules.answer import AnswerFacts
from penstock.rules.call import AttemptRecord, CallBegin, Caller, CallStatus
from penstock.rules.conversation import RequestHead
from penstock.rules.snapshot import KeyContext
from penstock.spi.surface import Surface

MAX_MESSAGE_CHARS: Final = 2000  # of an error's message in a record

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = dict[bytes, bytes]


class OpenAttempt:
    """A request to a provider in progress. `end_ns` is set once its answer is complete."""

    __slots__ = (
        "address",
        "end_ns",
        "first_byte_ns",
        "http_status",
        "port",
        "span_id",
        "start_ns",
        "target",
    )

    def __init__(self, target: Target, address: str, port: int, span: str, start_ns: int) -> None:
        self.target = target
        self.address = address
        self.port = port
        self.span_id = span
        self.start_ns = start_ns
        self.first_byte_ns = 0
        self.end_ns = 0
        self.http_status = 0

    def close(self, now_ns: int, status: CallStatus, error: PenstockError | None) -> AttemptRecord:
        return AttemptRecord(
            span_id=self.span_id,
            provider=self.target.entry.name,
            model=self.target.model,
            server_address=self.address,
            server_port=self.port,
            start_ns=self.start_ns,
            end_ns=self.end_ns or now_ns,
            status=status,
            first_byte_ns=self.first_byte_ns,
            http_status=self.http_status,
            error_type=error.code if error else "",
            error_message=error.message[:MAX_MESSAGE_CHARS] if error else "",
            dialect=self.target.plugin.dialect,
        )


class Call:
    """One request of a caller. Defaults are class attributes: most calls change few of them."""

    parent_span_id = ""
    flags = "01"
    client: tuple[str, int] | None = None  # address and port of the caller, or of its proxy
    # set by the stages
    snapshot: Snapshot | None = None
    key_context: KeyContext | None = None
    caller = Caller()
    body = b""
    request_size = 0
    held_bytes = 0  # of the body, as `InFlight` counts them
    head: RequestHead | None = None
    target: Target | None = None
    begin: CallBegin | None = None
    attempt: OpenAttempt | None = None
    # the answer
    reply_started = False
    streaming = False
    translated = False  # surface and provider have different dialects
    http_status = 0
    facts = AnswerFacts()
    delta_count = 0
    response = b""
    response_size = 0
    first_token_ns = 0
    recorded = False
    # read by the watch in `inflight`
    entered = 0.0
    reading_since = 0.0
    sending_since = 0.0
    watched = False
    over = False
    ended_by: PenstockError | None = None

    def __init__(
        self,
        surface: Surface,
        operation: str,
        headers: Headers,
        receive: Receive,
        send: Send,
        *,
        ids: Ids,
        start_ns: int,
        path: str = "",
    ) -> None:
        self.surface = surface
        self.operation = operation
        self.path = path
        self.headers = headers
        self.receive = receive
        self.send = send
        parent = read_traceparent(headers.get(b"traceparent"))
        if parent is None:
            self.trace_id = ids.trace()
        else:
            self.trace_id, self.parent_span_id, self.flags = parent
        self.span_id = ids.span()
        self.start_ns = start_ns
        self.ready_ns = start_ns  # the request is complete: from here on time counts as overhead
        self._task = asyncio.current_task()

    def answered(self, now_ns: int) -> None:
        """Notes that the provider's answer is complete."""
        if self.attempt is not None:
            self.attempt.end_ns = now_ns

    def end(self, reason: PenstockError) -> None:
        """Cancels the call; the pipeline records it with this reason."""
        if not self.over and self.ended_by is None and self._task is not None:
            self.ended_by = reason
            self._task.cancel()

    def watch(self) -> None:
        """Ends the call when the client disconnects."""
        self.watched = True
        asyncio.ensure_future(self.receive()).add_done_callback(self._received)

    def _received(self, future: "asyncio.Future[Message]") -> None:
        if self.over or future.cancelled():
            return
        if future.result()["type"] == "http.disconnect":
            self.end(ClientDisconnected("The client disconnected."))
        else:
            self.watch()  # the end of a body whose length was known
