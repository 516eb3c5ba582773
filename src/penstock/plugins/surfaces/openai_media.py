"""OpenAI's images and audio. Credentials and errors are those of its other APIs."""

from collections.abc import Mapping
from typing import Final

from penstock.kernel.errors import InvalidRequest
from penstock.plugins.surfaces.openai import OpenAISurface
from penstock.rules.neutral.conversation import Conversation, RequestHead
from penstock.rules.wire.openai.media_head import is_form, read_media_head
from penstock.rules.wire.openai.paths import MEDIA_DIALECT, MEDIA_PATHS
from penstock.spi.surface import SurfaceRoute

_CONTENT_TYPE: Final = b"content-type"


class OpenAIMediaSurface(OpenAISurface):
    """`spi.surface.Surface`. Nothing is translated."""

    dialect = MEDIA_DIALECT
    prefix = "/v1/images/"
    routes = tuple(
        SurfaceRoute("POST", "/v1" + each.path, each.operation.value) for each in MEDIA_PATHS
    )

    def read_head(self, path: str, query: bytes, body: bytes, content_type: bytes) -> RequestHead:  # noqa: ARG002 - never in the query
        return read_media_head(path.removeprefix("/v1"), body, content_type)

    def must_translate(self, body: bytes) -> bool:  # noqa: ARG002 - nothing is
        return False

    def passed_headers(self, headers: Mapping[bytes, bytes]) -> tuple[tuple[bytes, bytes], ...]:
        content_type = headers.get(_CONTENT_TYPE, b"")
        return ((_CONTENT_TYPE, content_type),) if is_form(content_type) else ()

    def read_conversation(self, body: bytes) -> Conversation:  # noqa: ARG002 - no chat
        raise InvalidRequest("This request is not translated.", code="not_translatable")
