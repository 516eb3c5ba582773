"""Where Bedrock's Converse API has its texts."""

from typing import Final

from penstock.rules.guardrails import Place
from penstock.rules.text_places import TextPlaces

BEDROCK_PLACES: Final = TextPlaces(
    members={
        "toolUse": Place.TOOL_ARGUMENTS,
        "toolResult": Place.TOOL_RESULTS,
        "searchResult": Place.CONTEXT,
    },
    parts=frozenset(("content",)),
    deltas=frozenset(("text", "input")),
    ends=("contentBlockStop", "messageStop"),
    terminal=frozenset(("metadata",)),
)
