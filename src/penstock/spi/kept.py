"""The interfaces of formats for what a provider keeps under ids of its own: files, batches and
responses. Parts of a surface, and one of provider plugins, all pure.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from penstock.rules.batches import BatchAnswer, BatchState
from penstock.rules.formats.form import FormBytes
from penstock.rules.formats.json_places import FoundString
from penstock.rules.neutral.conversation import RequestHead
from penstock.rules.provider_ids import IdSigner
from penstock.rules.redaction import Redaction
from penstock.spi.chat import ProviderConfig
from penstock.spi.http import HttpRequest


class AnswerIds(Protocol):
    """Writes ids for callers into one answer of a provider. All other bytes stay."""

    def whole(self, body: bytes) -> bytes:
        """Returns a whole answer. Raises `UpstreamFailed` if it is not JSON."""
        ...

    def beginning(self, body: bytes) -> bytes:
        """Returns the beginning of an answer that is too large to keep whole, for `piece`. Raises
        `UpstreamFailed` if it is not JSON."""
        ...

    def piece(self, body: bytes) -> tuple[bytes, bytes]:
        """Returns what may go out of a piece of such an answer, and the rest, with which the next
        piece begins; of a piece that is not empty it is not empty."""
        ...

    def end(self, rest: bytes) -> bytes:
        """Returns the rest of the last piece."""
        ...

    def events(self, events: bytes) -> bytes:
        """Returns whole events of a stream. Raises `UpstreamFailed` if one is not JSON."""
        ...


class ChatIds(Protocol):
    """The ids of files and responses in requests for chats, and in their answers."""

    def may_be_named(self, head: RequestHead, body: bytes) -> bool:
        """Returns whether a request may name some: a quick search."""
        ...

    def named(self, body: bytes) -> Sequence[FoundString]:
        """Returns the ids in a request that was read. The label of each is its `IdKind`. Raises
        `InvalidRequest` for one that cannot be served."""
        ...

    @property
    def of_answer(self) -> Callable[[RequestHead, IdSigner], AnswerIds] | None:
        """Returns what writes ids into the answer to a request; `None` if answers have none that
        are kept."""
        ...


class UploadedForm(NamedTuple):
    """The form of an upload. `model` is the one that a batch file names, empty for any other file;
    `shown` is what the record keeps."""

    model: str
    shown: bytes


class KeptFormat(Protocol):
    """Reads and writes what names a file or a batch."""

    def read_upload(self, content_type: bytes, body: FormBytes) -> UploadedForm:
        """Reads the form of an upload. Raises `InvalidRequest`, also with the line of a batch file
        that is not a request, or that names another model."""
        ...

    def read_input_id(self, body: bytes) -> str:
        """Returns the input file of a new batch. Raises `InvalidRequest`."""
        ...

    def with_input_id(self, body: bytes, plain: str) -> bytes:
        """Returns the request for a batch with the provider's own id of its input file."""
        ...

    def seal_file(self, body: bytes, model: str, signer: IdSigner) -> bytes:
        """Returns an answer about a file with the id for the caller. Raises `UpstreamFailed`."""
        ...

    def of_answer(self, signer: IdSigner) -> AnswerIds:
        """Returns what writes ids into an answer that is a stored response."""
        ...

    def seal_items(self, body: bytes, signer: IdSigner) -> bytes:
        """Returns what the request of a stored response contained, with ids for the caller. Raises
        `UpstreamFailed`."""
        ...

    def seal_batch(self, body: bytes, model: str, signer: IdSigner) -> bytes:
        """Returns an answer about a batch with ids for the caller. Raises `UpstreamFailed`."""
        ...


@runtime_checkable
class BatchReader(Protocol):
    """A provider plugin that reads batches and the answers to their requests."""

    def batch_request(self, provider: ProviderConfig, batch_id: str) -> HttpRequest:
        """Builds the request for the state of a batch."""
        ...

    def content_request(self, provider: ProviderConfig, file_id: str) -> HttpRequest:
        """Builds the request for the content of a file."""
        ...

    def read_batch(self, body: bytes, redaction: Redaction) -> BatchState:
        """Reads the state of a batch. Raises `UpstreamFailed` for anything else."""
        ...

    def read_batch_line(self, line: bytes, dialect: str, redaction: Redaction) -> BatchAnswer:
        """Reads one line of a file of answers. Raises `UpstreamFailed` for a line that is none, or
        that contains the provider's credential."""
        ...

    def read_request_line(self, line: bytes) -> tuple[str, bytes] | None:
        """Returns the id and the body of one request of a batch; `None` for another line."""
        ...
