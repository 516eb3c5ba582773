"""Where Cohere's chat API has its texts."""

from typing import Final

from penstock.rules.guards.places import TextPlaces
from penstock.rules.guards.policies import Place

COHERE_PLACES: Final = TextPlaces(
    members={"tool_calls": Place.TOOL_ARGUMENTS, "documents": Place.CONTEXT},
    types={"document": Place.CONTEXT},
    roles={"tool": Place.TOOL_RESULTS},
    parts=frozenset(("content",)),
    deltas=frozenset(("text", "thinking", "tool_plan", "arguments")),
    ends=("-end",),
    terminal=frozenset(("message-end",)),
)
