"""One call on its way through the pipeline, with the results of each stage.

The only mutable object that stages share; it lives as long as the call.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, MutableMapping
from dataclasses import InitVar, dataclass, field
from typing import Any, Final

from penstock.gateway.attempt import OpenAttempt
from penstock.gateway.cache_entry import CacheEntry
from penstock.gateway.call_guard import CallGuard
from penstock.gateway.errors import ClientDisconnected
from penstock.gateway.fetched_media import FetchedMedia
from penstock.gateway.ids import Ids
from penstock.gateway.kept_call import KeptCall
from penstock.gateway.released import CallRelease
from penstock.gateway.reserved import Reserved
from penstock.gateway.route_run import RouteRun
from penstock.gateway.shadow_rule import ShadowRule
from penstock.gateway.snapshot.snapshot import Snapshot
from penstock.gateway.stream_budget import StreamBudget
from penstock.gateway.target import Target
from penstock.gateway.trace_context import read_traceparent
from penstock.gateway.uploads import Upload
from penstock.kernel.errors import PenstockError
from penstock.rules.call import CallBegin, Caller
from penstock.rules.formats.json_array import JsonArray
from penstock.rules.neutral.conversation import RequestHead
from penstock.rules.operations import NO_TRAITS, OperationTraits, traits_of
from penstock.rules.priorities import PRIORITY_HEADER, Priority, priority_of
from penstock.rules.snapshot.access import KeyContext
from penstock.spi.surface import Surface

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = dict[bytes, bytes]
_PRIORITY: Final = PRIORITY_HEADER.encode()
_NOBODY: Final = Caller()


@dataclass(slots=True, eq=False, repr=False)
class Call:
    """One request of a caller. A class with slots, because its fields are read hundreds of times;
    and in Python 3.11 a default of the class takes four times as long to read.
    """

    surface: Surface
    operation: str
    headers: Headers
    receive: Receive
    send: Send
    ids: InitVar[Ids]
    start_ns: int
    path: str = ""
    query: bytes = b""
    method: str = "POST"
    raw_path: bytes = b""
    traits: OperationTraits = NO_TRAITS
    trace_id: str = ""
    span_id: str = ""
    parent_span_id: str = ""
    flags: str = "01"
    ready_ns: int = 0  # the request is complete: from here on time counts as overhead
    client: tuple[str, int] | None = None  # address and port of the caller
    # set by the stages
    snapshot: Snapshot | None = None
    key_context: KeyContext | None = None
    caller: Caller = _NOBODY
    origin: bytes = b""  # of the web page that may read the answer
    body: bytes = b""
    request_size: int = 0
    upload: Upload | None = None  # its body, if that is on disk
    upload_bytes: int = 0  # reserved on the disk
    held_bytes: int = 0  # of the body, as `InFlight` counts them
    memory_bytes: int = 0  # of an answer that waits, or that guardrail checks read; the same
    head: RequestHead | None = None
    array: JsonArray | None = None  # the caller wants the stream as one
    target: Target | None = None
    cache: CacheEntry | None = None  # if the caller wants a cached answer
    kept: KeptCall | None = None  # if it concerns something that a provider keeps
    own_ids: Mapping[str, str] | None = None  # the provider's, by those that its chat names
    released: CallRelease | None = None  # if the caller's model names a use case
    route: RouteRun | None = None  # if the caller's model names a route
    waited_ns: int = 0  # for the turn of the next attempt
    media: FetchedMedia | None = None  # if a target needs what the request names by URL
    fetched_ns: int = 0  # time that fetching it took
    shadow: ShadowRule | None = None  # of its use case
    follow_ups: tuple[Callable[[], None], ...] = ()  # what begins once the call has ended
    shadow_of: str = ""  # the trace of the original, if this is a shadow call
    begin: CallBegin | None = None
    attempts: tuple[OpenAttempt, ...] = ()
    reserved: Reserved | None = None  # on the counters of limits
    budget: StreamBudget | None = None  # if a limit may cut its stream
    limit_headers: tuple[tuple[bytes, bytes], ...] = ()
    guard: CallGuard | None = None  # if a guardrail policy is for it
    judged: bool = False  # by the checks of requests; the record has no request before
    overruns: tuple[str, ...] = ()  # limits of which it used more than it had reserved
    # the answer
    reply_started: bool = False
    streaming: bool = False
    committed: bool = False  # no other attempt can answer any more
    keep_alive: Callable[[], Coroutine[Any, Any, None]] | None = None  # while a stream waits
    http_status: int = 0
    first_token_ns: int = 0
    recorded: bool = False
    # when the stages ended; 0: not reached, or not needed
    resolved_ns: int = 0
    reserved_ns: int = 0
    guarded_ns: int = 0
    looked_up_ns: int = 0
    # read by the watch in `inflight`
    entered: float = 0.0
    reading_since: float = 0.0
    sending_since: float = 0.0
    watched: bool = False
    over: bool = False
    ended_by: PenstockError | None = None
    kept_alive: float = 0.0
    _keeping: asyncio.Task[None] | None = None
    _task: asyncio.Task[Any] | None = field(default_factory=asyncio.current_task)

    def __post_init__(self, ids: Ids) -> None:
        self.traits = traits_of(self.operation)
        parent = read_traceparent(self.headers.get(b"traceparent"))
        if parent is None:
            self.trace_id, self.span_id = ids.call()
        else:
            self.trace_id, self.parent_span_id, self.flags = parent
            self.span_id = ids.span()
        self.ready_ns = self.start_ns

    @property
    def attempt(self) -> OpenAttempt | None:
        """The last attempt, if there is one."""
        return self.attempts[-1] if self.attempts else None

    @property
    def open_attempt(self) -> OpenAttempt:
        """The attempt in progress."""
        return self.attempts[-1]

    @property
    def priority(self) -> Priority:
        """Its place in the queue of a target: what its header asks for, within what its key may."""
        of_key = self.key_context.key.priority if self.key_context else ""
        return priority_of(of_key, self.headers.get(_PRIORITY))

    def end(self, reason: PenstockError) -> None:
        """Cancels the call; the pipeline records it with this reason."""
        if not self.over and self.ended_by is None and self._task is not None:
            self.ended_by = reason
            self._task.cancel()

    def watch(self) -> None:
        """Ends the call when the client disconnects."""
        self.watched = True
        asyncio.ensure_future(self.receive()).add_done_callback(self._received)

    def send_keep_alive(self, now: float) -> None:
        """Sends headers and a comment of a stream that waits; not twice at a time."""
        if self.keep_alive is not None and (self._keeping is None or self._keeping.done()):
            self.kept_alive = now
            self._keeping = asyncio.ensure_future(self.keep_alive())

    def _received(self, future: "asyncio.Future[Message]") -> None:
        if self.over or future.cancelled():
            return
        if future.result()["type"] == "http.disconnect":
            self.end(ClientDisconnected("The client disconnected."))
        else:
            self.watch()  # the end of a body whose length was known
