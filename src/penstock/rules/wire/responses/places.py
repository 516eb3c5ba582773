"""Where the Responses API has its texts."""

from typing import Final

from penstock.rules.guards.places import TextPlaces
from penstock.rules.guards.policies import Place

_ARGUMENTS: Final = (
    *("function_call", "custom_tool_call", "computer_call", "web_search_call"),
    *("local_shell_call", "shell_call", "apply_patch_call", "image_generation_call"),
    *(
        f"response.{kind}.{step}"
        for kind in (
            *("function_call_arguments", "mcp_call_arguments"),
            *("custom_tool_call_input", "code_interpreter_call_code"),
        )
        for step in ("delta", "done")
    ),
)
_RESULTS: Final = (
    *("function_call_output", "custom_tool_call_output", "computer_call_output"),
    *("local_shell_call_output", "shell_call_output", "apply_patch_call_output"),
)

RESPONSES_PLACES: Final = TextPlaces(
    types={
        **dict.fromkeys(_ARGUMENTS, Place.TOOL_ARGUMENTS),
        **dict.fromkeys(_RESULTS, Place.TOOL_RESULTS),
        "file_search_call": Place.CONTEXT,
    },
    in_types={
        "mcp_call": {
            "arguments": Place.TOOL_ARGUMENTS,
            "output": Place.TOOL_RESULTS,
            "error": Place.TOOL_RESULTS,
        },
        "code_interpreter_call": {
            "code": Place.TOOL_ARGUMENTS,
            "outputs": Place.TOOL_RESULTS,
        },
    },
    parts=frozenset(("content",)),
    deltas=frozenset(("delta", "text", "refusal")),
    ends=(".done", ".completed", ".incomplete", ".failed"),
    terminal=frozenset(("response.completed", "response.incomplete", "response.failed")),
)
