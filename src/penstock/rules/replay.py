"""Documents of replays: the request that an attempt sent, built again by a gateway."""

from typing import Final

from penstock.rules.document import Document

REBUILD_PATH: Final = "/internal/v1/rebuild"
# Of the document with the request, whose body takes four thirds of its size in it. Requests are
# recorded up to a setting of the gateway, which is far below this.
MAX_REBUILD_BYTES: Final = 24 * 1024 * 1024

# A call that the server sends for somebody, through all stages: its body is the request.
SENT_CALL_PATH: Final = "/internal/v1/call"
SENT_AS: Final = b"x-penstock-sent-as"  # header: `<project id>/<key id>`
SENT_TO: Final = b"x-penstock-sent-to"  # header: path and query at the gateway
SENT_RELEASE: Final = b"x-penstock-sent-release"  # header: the hash of the release that made it
ANSWER_SPAN: Final = b"x-penstock-span-id"  # header of its answer
# Header of its answer: USD, absent if unknown. What the answer has cost when it was paid for: also
# one that comes again because of its idempotency key.
ANSWER_COST: Final = b"x-penstock-cost"


class RebuildRequest(Document, frozen=True):
    """A request as the record of its attempt describes it. `body` is the caller's, in the
    `dialect` of its surface; `headers` are the lines that the attempt recorded. `send_model` names
    the model for another call with the same request."""

    project_id: str
    operation: str
    dialect: str
    request_model: str
    stream: bool
    provider: str
    model: str
    body: bytes
    credential: str = ""
    headers: tuple[str, ...] = ()
    send_model: str = ""


class CallerRequest(Document, frozen=True):
    """The request of a caller to the gateway. `path` may have a query."""

    path: str
    body: bytes
    headers: tuple[str, ...] = ()
    content_type: str = "application/json"


class RebuiltRequest(Document, frozen=True):
    """A provider's request without its credential. `digest` is that of `rules.sent_request` in hex,
    `codec` the version of what built it, `changes` what its translation left out or changed.
    `again` is the caller's request to the model that was asked for."""

    url: str
    body: bytes
    digest: str
    codec: int
    snapshot: str
    method: str = "POST"
    headers: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    again: CallerRequest | None = None
