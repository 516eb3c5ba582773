"""What the application asks of a vendor's format. Each vendor is a folder with one of these."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeAlias

from penstock.kernel.errors import PenstockError
from penstock.sim.controls import Controls
from penstock.sim.rate_limits import RateLimitState
from penstock.sim.script import Script


class Received(NamedTuple):
    """A request as it arrived, for the check of its credential. `path` is percent-encoded; the
    names of headers are in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class SimRequest:
    """A checked request. `options`: the `x-sim-…` options of its body. `answer` takes the controls
    (defaults filled in) and the Unix time in seconds, and returns the answer's id and script."""

    model: str
    stream: bool
    options: Mapping[str, str]
    answer: Callable[[Controls, int], tuple[str, Script]]


Endpoint: TypeAlias = Callable[[bytes], SimRequest]


class SimVendor(Protocol):
    """A vendor's paths, credentials and errors. Pure, except for what a vendor remembers."""

    def endpoint(self, path: str, query: str, content_type: str, /) -> Endpoint | None:
        """Returns what reads a POST to this path. Its errors: `InvalidRequest`, `NotFound`."""
        ...

    def page(self, path: str, query: str, models: Sequence[str], /) -> dict[str, Any] | None:
        """Returns the document of a GET, if the path has one. Raises `NotFound` for a model."""
        ...

    def check_credential(self, request: Received, /) -> str:
        """Returns the API key. Raises if it is invalid, or if a required header is missing. A key
        that contains `invalid` is invalid."""
        ...

    def headers(
        self, request_id: str, limit: RateLimitState | None, /
    ) -> list[tuple[bytes, bytes]]:
        """Returns the headers that each answer of the vendor has."""
        ...

    def retry_headers(self, seconds: int, /) -> list[tuple[bytes, bytes]]:
        """Returns the headers that tell a client when to retry."""
        ...

    def error_document(self, error: PenstockError) -> bytes:
        """Returns the document of an error."""
        ...

    def status_document(self, status: int, retry_after_s: int, /) -> bytes:
        """Returns the vendor's typical error document for a status."""
        ...
