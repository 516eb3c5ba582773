"""Rerankings in the format that Cohere, Jina and vLLM share. The key is a bearer token."""

import msgspec

from penstock.kernel.errors import InvalidRequest, PenstockError
from penstock.plugins.surfaces.openai import OpenAISurface
from penstock.rules.call import Operation
from penstock.rules.neutral.answer import ProviderError
from penstock.rules.neutral.conversation import Conversation
from penstock.rules.wire.openai.errors import render_error, render_provider_error
from penstock.rules.wire.rerank import DIALECT
from penstock.spi.surface import SurfaceRoute


class RerankSurface(OpenAISurface):
    """`spi.surface.Surface`. An error has the members of all three vendors."""

    dialect = DIALECT
    prefix = "/v2/rerank"
    routes = tuple(
        SurfaceRoute("POST", path, Operation.RERANK.value) for path in ("/v1/rerank", "/v2/rerank")
    )

    def must_translate(self, body: bytes) -> bool:  # noqa: ARG002 - the provider does, if it has to
        return False

    def read_conversation(self, body: bytes) -> Conversation:  # noqa: ARG002 - no chat
        raise InvalidRequest("This request is not translated.", code="not_translatable")

    def render_error(self, error: PenstockError) -> bytes:
        return _with_message(render_error(error), error.sentence())

    def render_provider_error(self, error: ProviderError, status: int) -> bytes:
        return _with_message(render_provider_error(error, status), error.message)


def _with_message(document: bytes, message: str) -> bytes:
    """Adds `message` (Cohere) and `detail` (Jina) to OpenAI's `error` (vLLM)."""
    text = msgspec.json.encode(message)
    return b'{"message":%b,"detail":%b,%b' % (text, text, document[1:])
