"""Where Anthropic's Messages API has its texts."""

from typing import Final

from penstock.rules.guards.places import TextPlaces
from penstock.rules.guards.policies import Place

_RESULTS: Final = (
    *("tool_result", "mcp_tool_result", "web_search_tool_result", "web_fetch_tool_result"),
    *("code_execution_tool_result", "bash_code_execution_tool_result"),
    *("text_editor_code_execution_tool_result", "tool_search_tool_result"),
)

ANTHROPIC_PLACES: Final = TextPlaces(
    members={"partial_json": Place.TOOL_ARGUMENTS},
    types={
        **dict.fromkeys(("tool_use", "server_tool_use", "mcp_tool_use"), Place.TOOL_ARGUMENTS),
        **dict.fromkeys(_RESULTS, Place.TOOL_RESULTS),
        "document": Place.CONTEXT,
        "search_result": Place.CONTEXT,
    },
    parts=frozenset(("content", "system")),
    deltas=frozenset(("text", "thinking", "partial_json")),
    finished=frozenset(("stop_reason",)),
    ends=("_stop",),
    terminal=frozenset(("message_stop",)),
)
