"""Where Bedrock's Converse API has its texts."""

from typing import Final

from penstock.rules.guards.places import TextPlaces
from penstock.rules.guards.policies import Place

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
