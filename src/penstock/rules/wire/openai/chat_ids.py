"""The ids of files in chat completions, also in the form of Mistral's parts."""

from typing import Final

from penstock.rules.formats.json_places import FoundString, find_in_request, names_of
from penstock.rules.provider_ids import IdKind

_REQUEST: Final = names_of(
    {
        "messages.*.content.*.file.file_id": IdKind.FILE,
        "messages.*.content.*.file_id": IdKind.FILE,
    }
)


def named_ids(body: bytes) -> list[FoundString]:
    """Returns the ids in a request that was read. Raises `InvalidRequest`."""
    return find_in_request(body, _REQUEST)
