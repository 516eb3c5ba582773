"""Where Gemini's API has its texts. Names may be written in snake case too."""

from typing import Final

from penstock.rules.guards.places import TextPlaces
from penstock.rules.guards.policies import Place

GEMINI_PLACES: Final = TextPlaces(
    members={
        "functionCall": Place.TOOL_ARGUMENTS,
        "function_call": Place.TOOL_ARGUMENTS,
        "executableCode": Place.TOOL_ARGUMENTS,
        "executable_code": Place.TOOL_ARGUMENTS,
        "functionResponse": Place.TOOL_RESULTS,
        "function_response": Place.TOOL_RESULTS,
        "codeExecutionResult": Place.TOOL_RESULTS,
        "code_execution_result": Place.TOOL_RESULTS,
    },
    parts=frozenset(("parts",)),
    deltas=frozenset(("text",)),
    finished=frozenset(("finishReason", "finish_reason")),
)
