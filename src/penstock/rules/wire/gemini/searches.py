"""Counts the searches of an answer as they are billed: Gemini 3 and later for each search, earlier
models once for each answer that was grounded by searches.

Source: https://ai.google.dev/gemini-api/docs/google-search, section on pricing; empty queries are
free, and repeated ones count once.
"""

import re
from typing import Final

import msgspec

from penstock.rules.call import Usage, UsageSource
from penstock.rules.formats.json_text import decode_json

MAX_SEARCHES: Final = 1000  # of one answer; further ones are not counted
_ONCE: Final = re.compile(r"(models/)?gemini-[12](\D|$)")


class _Grounding(msgspec.Struct, rename="camel"):
    web_search_queries: list[str] | None = None


_decoder: Final = msgspec.json.Decoder(_Grounding)


class SearchCount:
    """The searches of one answer, which its chunks may repeat."""

    __slots__ = ("_queries",)

    def __init__(self) -> None:
        self._queries: set[int] = set()  # their hashes: a query may be long

    def add(self, grounding: msgspec.Raw | bytes) -> None:
        """Adds those of one `groundingMetadata`, which may be absent or of another shape."""
        if not grounding:
            return
        try:
            found = decode_json(_decoder, bytes(grounding))
        except msgspec.DecodeError:
            return
        for query in found.web_search_queries or ():
            if query and len(self._queries) < MAX_SEARCHES:
                self._queries.add(hash(query))

    def added_to(self, usage: Usage, model: str) -> Usage:
        """Returns the usage with the searches that are billed."""
        if not self._queries or usage.source is UsageSource.INVALID:
            return usage
        count = 1 if _ONCE.match(model) else len(self._queries)
        return msgspec.structs.replace(usage, web_searches=count)
