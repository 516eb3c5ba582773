"""Gemini's rules about several members together: functions, schemas, thinking."""

import re
from typing import Any, Final

from penstock.kernel.errors import Forbidden, InvalidRequest
from penstock.sim.gemini.requests import ContentRequest, GeminiConfig, GeminiFunction
from penstock.sim.gemini.schemas import checked_schema
from penstock.sim.prompts import SimTool

_NAME: Final = re.compile(r"^[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}$")
_MOST_BUDGET: Final = 32_768
_NAMING: Final = ("ANY", "VALIDATED")


def check_request(request: ContentRequest) -> None:
    """Raises `InvalidRequest`, or `Forbidden` for a cached content: there is none."""
    if request.cached_content is not None:
        raise Forbidden("CachedContent not found (or permission denied)")
    _check_calling(request)
    _check_thinking(request.generation_config)


def read_functions(request: ContentRequest) -> list[SimTool]:
    """Returns the functions that the model may call. Raises `InvalidRequest`."""
    functions: list[SimTool] = []
    for index, declared in enumerate(request.declarations):
        place = f"tools[0].function_declarations[{index}]"
        if not _NAME.match(declared.name):
            raise InvalidRequest(
                f"* GenerateContentRequest.{place}.name: Invalid function name. Must start with a "
                "letter or an underscore. Must be alphanumeric (a-z, A-Z, 0-9), underscores (_), "
                "dots (.), colons (:), or dashes (-), with a maximum length of 128."
            )
        if any(declared.name == other.name for other in functions):
            raise InvalidRequest(f"Duplicate function declaration found: {declared.name}")
        functions.append(SimTool(declared.name, _parameters(declared, place)))
    allowed = request.tool_config.function_calling_config.allowed_function_names
    return [each for each in functions if not allowed or each.name in allowed]


def read_schema(config: GeminiConfig) -> dict[str, Any] | None:
    """Returns the schema of the answer's document; None = the answer is text."""
    openapi, plain = config.response_schema, config.response_json_schema
    if openapi is not None and plain is not None:
        raise InvalidRequest("Only one of response_schema and response_json_schema may be set.")
    if config.response_mime_type == "text/plain":
        if openapi is not None or plain is not None:
            raise InvalidRequest(
                "* GenerateContentRequest.generation_config.response_mime_type: a response schema "
                "is only supported with the mime types application/json and text/x.enum"
            )
        return None
    place = "generation_config.response_schema"
    if openapi is not None:
        return checked_schema(openapi, place, openapi=True)
    return checked_schema(plain or {}, place, openapi=False)


def _parameters(declared: GeminiFunction, place: str) -> dict[str, Any]:
    if declared.parameters is not None and declared.parameters_json_schema is not None:
        raise InvalidRequest(
            f"{place}: only one of parameters and parameters_json_schema may be set"
        )
    if declared.parameters is not None:
        schema = checked_schema(declared.parameters, f"{place}.parameters", openapi=True)
    elif declared.parameters_json_schema is not None:
        inside = f"{place}.parameters_json_schema"
        schema = checked_schema(declared.parameters_json_schema, inside, openapi=False)
    else:
        return {"type": "object"}
    if schema.get("type", "object") != "object":
        raise InvalidRequest(
            f"* GenerateContentRequest.{place}.parameters: schema should be of type OBJECT"
        )
    return schema


def _check_calling(request: ContentRequest) -> None:
    calling = request.tool_config.function_calling_config
    names = [declared.name for declared in request.declarations]
    if calling.mode in _NAMING and not names:
        raise InvalidRequest("Function calling config is set without function_declarations.")
    if calling.allowed_function_names and calling.mode not in _NAMING:
        raise InvalidRequest(
            "Allowed function names should only be set when function calling mode is ANY or "
            "VALIDATED."
        )
    if unknown := [name for name in calling.allowed_function_names if name not in names]:
        raise InvalidRequest(
            f"allowed_function_names: {unknown[0]} is not among the function declarations."
        )


def _check_thinking(config: GeminiConfig) -> None:
    thinking = config.thinking_config
    if thinking is None or thinking.thinking_budget is None:
        return
    if thinking.thinking_level is not None:
        raise InvalidRequest("You can only set only one of thinking budget and thinking level.")
    if not -1 <= thinking.thinking_budget <= _MOST_BUDGET:
        raise InvalidRequest(
            f"The thinking budget {thinking.thinking_budget} is invalid. Please choose a value "
            f"between 0 and {_MOST_BUDGET}."
        )
