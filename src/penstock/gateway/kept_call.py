"""A call about a file, a batch or a response that a provider keeps: its address there, and its
ids."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from penstock.rules.call import Operation
from penstock.rules.provider_ids import IdSigner
from penstock.spi.chat import PassedRequest
from penstock.spi.kept import AnswerIds, KeptFormat

_JSON: Final = ((b"content-type", b"application/json"),)
STORED: Final = (  # responses
    *(Operation.RESPONSE_GET, Operation.RESPONSE_DELETE),
    *(Operation.RESPONSE_CANCEL, Operation.RESPONSE_ITEMS),
)
_BATCHES: Final = (Operation.BATCH_CREATE, Operation.BATCH_GET, Operation.BATCH_CANCEL)


@dataclass(frozen=True, slots=True)
class KeptCall:
    """`path` is the one at the provider. `model`: what the ids of the answer carry. `input_id`: the
    provider's own id of the input file of a batch. `signer` makes ids for callers."""

    format: KeptFormat
    operation: str
    method: str
    path: str
    model: str
    input_id: str
    signer: IdSigner
    query: str = ""

    def request(self, body: bytes, headers: tuple[tuple[bytes, bytes], ...]) -> PassedRequest:
        """Returns the request with the provider's own ids."""
        if self.operation == Operation.FILE_UPLOAD:
            return PassedRequest(self.method, self.path, "", headers, b"")  # its body is a file
        if self.operation == Operation.BATCH_CREATE:
            written = self.format.with_input_id(body, self.input_id)
            return PassedRequest(self.method, self.path, "", _JSON, written)
        return PassedRequest(self.method, self.path, self.query, (), b"")

    @property
    def ids(self) -> AnswerIds | None:
        """Writes ids into an answer that passes: a stored response."""
        if self.operation in STORED and self.operation != Operation.RESPONSE_ITEMS:
            return self.format.of_answer(self.signer)
        return None

    @property
    def rewrite(self) -> Callable[[bytes], bytes] | None:
        """Writes another answer with ids for the caller; `None` for one that passes."""
        if self.operation == Operation.FILE_CONTENT or self.ids is not None:
            return None
        if self.operation == Operation.RESPONSE_ITEMS:
            return lambda body: self.format.seal_items(body, self.signer)
        is_batch = self.operation in _BATCHES
        seal = self.format.seal_batch if is_batch else self.format.seal_file
        return lambda body: seal(body, self.model, self.signer)
