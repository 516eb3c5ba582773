"""What the pipeline must know of each operation: one row for each."""

from collections.abc import Mapping
from typing import Final

import msgspec

from penstock.rules.call import Operation


class OperationTraits(msgspec.Struct, frozen=True):
    """`passes`: it goes to any path of a provider. `streamed`: a caller may ask for a stream.
    `any_type`: the answer may be a text or a file in place of JSON. `has_files`: base64 in its
    answers is left out of the record. `estimated`: the tokens of a call that was cut off follow
    from its bytes. `rewritten`: a provider of the same dialect may need the request in another
    form. `kept`: it concerns files, batches or responses that a provider keeps, calls no model and
    uses no tokens. `uploads`: its body goes to disk."""

    chat: bool = False
    passes: bool = False
    streamed: bool = False
    any_type: bool = False
    has_files: bool = False
    estimated: bool = False
    rewritten: bool = False
    kept: bool = False
    uploads: bool = False


TRAITS: Final[Mapping[str, OperationTraits]] = {
    Operation.CHAT: OperationTraits(chat=True, streamed=True, estimated=True),
    Operation.TEXT_COMPLETION: OperationTraits(streamed=True, estimated=True),
    Operation.EMBEDDINGS: OperationTraits(estimated=True),
    Operation.PASS_THROUGH: OperationTraits(passes=True, estimated=True),
    Operation.COUNT_TOKENS: OperationTraits(estimated=True),
    Operation.MODERATION: OperationTraits(),
    Operation.IMAGE_GENERATION: OperationTraits(streamed=True, has_files=True),
    Operation.IMAGE_EDIT: OperationTraits(streamed=True, has_files=True),
    Operation.SPEECH: OperationTraits(streamed=True, any_type=True),
    Operation.TRANSCRIPTION: OperationTraits(streamed=True, any_type=True),
    Operation.RERANK: OperationTraits(rewritten=True),
    Operation.CLASSIFY: OperationTraits(rewritten=True),
    Operation.TRANSLATION: OperationTraits(any_type=True),
    Operation.FILE_UPLOAD: OperationTraits(kept=True, uploads=True),
    Operation.FILE_LIST: OperationTraits(kept=True),
    Operation.FILE_GET: OperationTraits(kept=True),
    Operation.FILE_DELETE: OperationTraits(kept=True),
    Operation.FILE_CONTENT: OperationTraits(kept=True, any_type=True),
    Operation.BATCH_CREATE: OperationTraits(kept=True),
    Operation.BATCH_LIST: OperationTraits(kept=True),
    Operation.BATCH_GET: OperationTraits(kept=True),
    Operation.BATCH_CANCEL: OperationTraits(kept=True),
    Operation.RESPONSE_GET: OperationTraits(kept=True),
    Operation.RESPONSE_DELETE: OperationTraits(kept=True),
    Operation.RESPONSE_CANCEL: OperationTraits(kept=True),
    Operation.RESPONSE_ITEMS: OperationTraits(kept=True),
}

NO_TRAITS: Final = OperationTraits()


def traits_of(operation: str) -> OperationTraits:
    """Returns the row of an operation; what is none has no traits."""
    return TRAITS.get(operation, NO_TRAITS)
