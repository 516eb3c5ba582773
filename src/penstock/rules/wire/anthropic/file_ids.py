"""The ids of files in messages. No provider with Anthropic's format keeps files through the
gateway, so none of them can be ours."""

from typing import Final

from penstock.kernel.errors import InvalidRequest
from penstock.rules.formats.json_places import find_in_request, names_of
from penstock.rules.provider_ids import IdKind

_PARTS: Final = ("source.file_id", "content.*.source.file_id", "file_id")
_REQUEST: Final = names_of(
    dict.fromkeys([f"messages.*.content.*.{part}" for part in _PARTS], IdKind.FILE)
)


def require_no_file(body: bytes) -> None:
    """Raises `InvalidRequest` for a request that names a file."""
    if find_in_request(body, _REQUEST):
        raise InvalidRequest(
            "The gateway serves no files in Anthropic's format: nothing says to which project one"
            " belongs.",
            hint="Send the content itself: a source of the type base64, text or url.",
            code="file_not_served",
            param="file_id",
        )
