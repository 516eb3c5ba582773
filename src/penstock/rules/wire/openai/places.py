"""Where chat completions, completions and the other paths of OpenAI's API have their texts."""

from typing import Final

from penstock.rules.guards.places import TextPlaces
from penstock.rules.guards.policies import Place

OPENAI_PLACES: Final = TextPlaces(
    members={
        "tool_calls": Place.TOOL_ARGUMENTS,
        "function_call": Place.TOOL_ARGUMENTS,
        "documents": Place.CONTEXT,  # of rerankings, and of vLLM's chat
        "search_results": Place.CONTEXT,  # Perplexity
    },
    roles={"tool": Place.TOOL_RESULTS, "function": Place.TOOL_RESULTS},
    parts=frozenset(("content",)),
    deltas=frozenset(
        (
            *("content", "refusal", "reasoning_content", "reasoning", "text", "transcript"),
            *("arguments", "input", "name"),  # of tool calls
        )
    ),
    finished=frozenset(("finish_reason",)),
    ends=(".completed", ".done"),  # images, audio
)
