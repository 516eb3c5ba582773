"""Tags: free pairs of key and value on keys and calls, within limits.

In the header they have the form of W3C baggage: `key=value,key2=value2`, values percent-encoded.
What is not a valid tag is left out: attribution never fails a call.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import unquote

HEADER: Final = "x-penstock-tags"
MAX_TAGS: Final = 16
MAX_VALUE_CHARS: Final = 256
MAX_HEADER_BYTES: Final = 8192
RESERVED: Final = "penstock."  # begins the keys of tags that the gateway sets itself
KEY_PATTERN: Final = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}"

_KEY: Final = re.compile(KEY_PATTERN)


def is_key(text: str) -> bool:
    """Returns whether the text is a valid key of a tag."""
    return _KEY.fullmatch(text) is not None


def is_reserved(key: str) -> bool:
    """Returns whether only the gateway may set a tag: budgets count calls by some of them."""
    return key.startswith(RESERVED)


def unreserved(tags: Mapping[str, str]) -> dict[str, str]:
    """Returns tags without reserved ones."""
    return {key: value for key, value in tags.items() if not is_reserved(key)}


def parse_tags(header: bytes) -> dict[str, str]:
    """Returns the valid tags of a header, at most `MAX_TAGS`, without reserved ones. Of equal keys
    the last one wins."""
    members = header[:MAX_HEADER_BYTES].decode("utf-8", "replace").split(",")
    pairs = (member.split(";")[0].partition("=") for member in members)
    given = ((key.strip(), unquote(value.strip())) for key, _, value in pairs)
    return bounded_tags(pair for pair in given if not is_reserved(pair[0]))


def bounded_tags(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Returns the valid tags within the limits; longer values are cut, empty ones left out."""
    tags: dict[str, str] = {}
    for key, value in pairs:
        if value and is_key(key) and (key in tags or len(tags) < MAX_TAGS):
            tags[key] = value[:MAX_VALUE_CHARS]
    return tags


def merged_tags(of_key: Mapping[str, str], of_call: Mapping[str, str]) -> dict[str, str]:
    """Returns the tags of a call; those of its key override the header's, and count first."""
    return bounded_tags([*of_key.items(), *((k, v) for k, v in of_call.items() if k not in of_key)])
