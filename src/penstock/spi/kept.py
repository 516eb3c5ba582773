"""The interface of formats for files and batches, which a provider keeps under ids of its own.

A part of a surface, and pure like it.
"""

from typing import NamedTuple, Protocol

from penstock.rules.formats.form import FormBytes
from penstock.rules.provider_ids import IdSigner


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

    def seal_batch(self, body: bytes, model: str, signer: IdSigner) -> bytes:
        """Returns an answer about a batch with ids for the caller. Raises `UpstreamFailed`."""
        ...
