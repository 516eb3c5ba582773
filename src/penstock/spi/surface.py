"""The interface of surfaces: a wire format that clients speak, with its routes and credentials.

A surface is pure: it reads requests and renders answers; the gateway does the I/O.
"""

from collections.abc import Iterable, Mapping
from typing import Final, Protocol

import msgspec

from penstock.kernel.errors import InvalidRequest, PenstockError
from penstock.rules.call import Operation
from penstock.rules.models.facts import ListedModel
from penstock.rules.neutral.answer import AnswerEvent, ProviderError
from penstock.rules.neutral.conversation import Conversation, RequestHead
from penstock.rules.neutral.translation import Written
from penstock.spi.kept import ChatIds, KeptFormat

LIST_MODELS: Final = "models"  # the operation of a route that lists models, or shows one
MAKES_TOKENS: Final = "client_tokens"  # the operation of the route that makes them
NO_CALLS: Final = frozenset((LIST_MODELS, MAKES_TOKENS))  # of models
ANY_METHOD: Final = "*"  # the method of a route that serves all


class SurfaceRoute(msgspec.Struct, frozen=True):
    """One path of a surface. `operation` is a `rules.call.Operation` or one of `NO_CALLS`.

    `{model}` in `path` stands for one segment or more, `{id}` for one. `header`: the route serves
    only requests with this header, and goes before a route of the same path without one.
    """

    method: str
    path: str
    operation: str
    header: bytes = b""


def path_of_operation(routes: Iterable[SurfaceRoute], operation: Operation) -> str:
    """Returns the first path that serves an operation. Raises `InvalidRequest` if there is none."""
    for route in routes:
        if route.operation == operation:
            return route.path
    raise InvalidRequest(f"This format has no path for {operation.value}.", code="not_sent_again")


class AnswerWriter(Protocol):
    """Writes the events of one answer as a stream in the surface's format."""

    def write(self, event: AnswerEvent) -> bytes:
        """Returns the bytes of one event; may be empty."""
        ...

    def end(self) -> bytes:
        """Returns the terminal event. It goes out after the record is written."""
        ...


class Surface(Protocol):
    """One wire format on the side of the clients."""

    @property
    def dialect(self) -> str:
        """The wire format. If the provider has the same one, bytes pass through."""
        ...

    @property
    def prefix(self) -> str:
        """Unknown paths with this prefix get an error in this format."""
        ...

    @property
    def routes(self) -> tuple[SurfaceRoute, ...]:
        """The paths that this surface serves."""
        ...

    @property
    def credential_hint(self) -> str:
        """Describes how to send a key, for an error's hint: `Authorization: Bearer <key>`."""
        ...

    @property
    def keep_alive(self) -> bytes:
        """Bytes that a client of a stream ignores, such as an SSE comment."""
        ...

    @property
    def kept(self) -> KeptFormat | None:
        """The format of files, batches and stored responses, if this surface has them."""
        ...

    @property
    def chat_ids(self) -> ChatIds | None:
        """The ids of files and responses in chats, if this format has them."""
        ...

    def credential(self, headers: Mapping[bytes, bytes], query: bytes) -> bytes | None:
        """The presented key; empty if its header has another form, `None` without the header."""
        ...

    def read_head(self, path: str, query: bytes, body: bytes, content_type: bytes) -> RequestHead:
        """Reads what routing needs. Raises `InvalidRequest` with the position or the field."""
        ...

    def must_translate(self, body: bytes) -> bool:
        """Returns true if the request must be read and written although the provider has the same
        dialect: it contains something that is meant for us."""
        ...

    def passed_headers(self, headers: Mapping[bytes, bytes]) -> tuple[tuple[bytes, bytes], ...]:
        """The caller's headers that a provider of the same dialect needs, such as versions."""
        ...

    def read_conversation(self, body: bytes) -> Conversation:
        """Reads a chat request for a provider of another dialect. Raises `InvalidRequest` for what
        is not a chat request."""
        ...

    def request_to(
        self, operation: Operation, model: str, body: bytes, *, stream: bool
    ) -> tuple[str, bytes]:
        """Returns path (with query) and body of the same request to another model of ours. Raises
        `InvalidRequest` if it cannot be sent again."""
        ...

    def write_conversation(
        self, conversation: Conversation, model: str, head: RequestHead
    ) -> Written:
        """Writes a chat request of this format, with what else `head` says. Raises `InvalidRequest`
        for what the format cannot express."""
        ...

    def answer_writer(self, head: RequestHead, dialect: str) -> AnswerWriter:
        """A writer for one stream of a provider of `dialect`."""
        ...

    def render_answer(
        self, events: Iterable[AnswerEvent], dialect: str, echo: bytes = b""
    ) -> bytes:
        """Renders a whole answer of a provider of `dialect`. `echo`: that of the request's head."""
        ...

    def render_models(self, models: Iterable[ListedModel], created_s: int) -> bytes:
        """Renders the model list. `created_s` is the time of the call in Unix seconds."""
        ...

    def render_model(self, model: ListedModel, created_s: int) -> bytes:
        """Renders one model, for a `LIST_MODELS` route with `{model}`."""
        ...

    def render_error(self, error: PenstockError) -> bytes:
        """Renders an error as a whole body."""
        ...

    def render_error_event(self, error: PenstockError) -> bytes:
        """Renders an error as the last event of a stream."""
        ...

    def render_provider_error(self, error: ProviderError, status: int) -> bytes:
        """Renders a provider's error that concerns the caller."""
        ...
