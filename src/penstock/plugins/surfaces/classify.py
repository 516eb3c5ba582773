"""`POST /v1/classify`: labels and spans of texts, in vLLM's format with `labels` and `spans`."""

from penstock.kernel.errors import InvalidRequest
from penstock.plugins.surfaces.openai import OpenAISurface
from penstock.rules.call import Operation
from penstock.rules.neutral.conversation import Conversation
from penstock.rules.wire.classification import DIALECT
from penstock.spi.surface import SurfaceRoute


class ClassifySurface(OpenAISurface):
    """`spi.surface.Surface`. Credentials and errors are those of OpenAI's API."""

    dialect = DIALECT
    prefix = "/v1/classify"
    routes = (SurfaceRoute("POST", "/v1/classify", Operation.CLASSIFY.value),)

    def must_translate(self, body: bytes) -> bool:  # noqa: ARG002 - the provider does, if it has to
        return False

    def read_conversation(self, body: bytes) -> Conversation:  # noqa: ARG002 - no chat
        raise InvalidRequest("This request is not translated.", code="not_translatable")
