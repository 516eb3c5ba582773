"""OpenAI's rules about several members of a responses request together: tools, formats, items."""

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any, Final, cast

from penstock.kernel.errors import InvalidRequest, NotFound
from penstock.sim.openai.data_urls import IMAGE_TYPES, check_data_url
from penstock.sim.openai.response_items import (
    FunctionCallItem,
    FunctionOutputItem,
    InputFile,
    InputImage,
    InputItem,
    InputText,
    MessageItem,
    OutputText,
    Refused,
    SealedItem,
)
from penstock.sim.openai.response_requests import ChosenTool, FunctionDeclared, ResponseCount
from penstock.sim.signatures import unseal
from penstock.sim.tool_schemas import schema_error

REASONED: Final = "r"  # ends the id of a call that followed a reasoning item


def check_tools(request: ResponseCount, declared: Sequence[FunctionDeclared]) -> None:
    """Checks functions, their choice and the format of the text. Raises `InvalidRequest`."""
    for index, function in enumerate(declared):
        wrong = _schema_error(function.parameters or {}, strict=bool(function.strict))
        if wrong:
            raise InvalidRequest(
                f"Invalid schema for function '{function.name}': {wrong}.",
                code="invalid_function_parameters",
                param=f"tools[{index}].parameters",
            )
    choice = request.tool_choice
    if choice not in (None, "none", "auto") and not request.tools:
        raise InvalidRequest(
            "Tool choice 'required' must be specified with 'tools' parameter.", param="tool_choice"
        )
    if isinstance(choice, ChosenTool) and choice.type == "function":
        names = {function.name for function in declared}
        if choice.name not in names:
            raise InvalidRequest(
                f"Tool choice 'function' not found in 'tools' parameter: {choice.name!r}.",
                param="tool_choice",
            )
    shape = request.format
    if shape.type != "json_schema":
        return
    for name in ("name", "schema"):
        if getattr(shape, name) is None:
            place = f"text.format.{name}"
            raise InvalidRequest(
                f"Missing required parameter: '{place}'.",
                code="missing_required_parameter",
                param=place,
            )
    if wrong := _schema_error(shape.schema or {}, strict=bool(shape.strict)):
        raise InvalidRequest(
            f"Invalid schema for response_format '{shape.name}': {wrong}.",
            code="invalid_json_schema",
            param="text.format.schema",
        )


def check_items(
    items: Sequence[InputItem],
    stored: Container[str],
    files: Container[str],
    *,
    json_mode: bool,
) -> None:
    """Checks the input. `stored` has the ids of items that the simulator keeps, `files` those of
    files. Raises `InvalidRequest`, or `NotFound` for an item that it does not keep."""
    if not items:
        raise InvalidRequest(
            "Missing required parameter: 'input'.", code="missing_required_parameter", param="input"
        )
    for index, item in enumerate(items):
        if isinstance(item, MessageItem):
            _check_message(f"input[{index}]", item, files)
        if isinstance(item, FunctionOutputItem) and not isinstance(item.output, str):
            for number, part in enumerate(item.output):
                _check_media(f"input[{index}].output[{number}]", part, files)
    _check_ids(items)
    _check_calls(items)
    _check_reasoning(items, stored)
    if json_mode and not any("json" in text.lower() for text in _texts(items)):
        raise InvalidRequest(
            "Response input messages must contain the word 'json' in some form to use "
            "'text.format' of type 'json_object'.",
            param="input",
        )


def _check_message(place: str, item: MessageItem, files: Container[str]) -> None:
    if isinstance(item.content, str):
        return
    for number, part in enumerate(item.parts):
        inside = f"{place}.content[{number}]"
        said = isinstance(part, OutputText | Refused)
        if said != (item.role == "assistant"):
            name = part.__struct_config__.tag
            kinds = "'output_text' and 'refusal'" if item.role == "assistant" else "'input_text', …"
            raise InvalidRequest(
                f"Invalid value: '{name}'. Supported values are: {kinds}.",
                code="invalid_value",
                param=inside,
            )
        _check_media(inside, part, files)


def _check_media(place: str, part: object, files: Container[str]) -> None:
    file_id = part.file_id if isinstance(part, InputImage | InputFile) else None
    if file_id is not None and file_id not in files:
        raise InvalidRequest(f"No such File object: {file_id}", param=f"{place}.file_id")
    match part:
        case InputImage():
            _check_one_of(place, part.image_url, part.file_id)
            if part.image_url is not None:
                check_data_url(f"{place}.image_url", part.image_url, IMAGE_TYPES)
        case InputFile():
            _check_one_of(place, part.file_data, part.file_id, part.file_url)
            if part.file_data is not None:
                check_data_url(f"{place}.file_data", part.file_data, None)
        case _:
            pass


def _check_one_of(place: str, *sources: str | None) -> None:
    if sum(source is not None for source in sources) != 1:
        raise InvalidRequest(
            f"Invalid value for '{place}': exactly one source is required.",
            code="invalid_value",
            param=place,
        )


def _check_ids(items: Sequence[InputItem]) -> None:
    seen: set[str] = set()
    for item in items:
        if item.id is not None and item.id in seen:
            raise InvalidRequest(
                f"Duplicate item found with id {item.id}. Remove duplicate items from your input "
                "and try again.",
                param="input",
            )
        seen.add(item.id or "")


def _check_calls(items: Sequence[InputItem]) -> None:
    """Checks that each call has one output after it, and each output a call."""
    waiting: list[str] = []
    for item in items:
        if isinstance(item, FunctionCallItem):
            if item.call_id in waiting:
                raise InvalidRequest(f"Duplicate call_id {item.call_id}.", param="input")
            waiting.append(item.call_id)
        elif isinstance(item, FunctionOutputItem):
            if item.call_id not in waiting:
                raise InvalidRequest(
                    f"No tool call found for function call output with call_id {item.call_id}.",
                    param="input",
                )
            waiting.remove(item.call_id)
    if waiting:
        raise InvalidRequest(f"No tool output found for function call {waiting[0]}.", param="input")


def _check_reasoning(items: Sequence[InputItem], stored: Container[str]) -> None:
    """Checks that reasoning is unaltered, precedes what the model said, and is not left out."""
    before: set[str] = set()
    for index, item in enumerate(items):
        if isinstance(item, FunctionCallItem) and (item.id or "").endswith(REASONED):
            wanted = f"rs_{(item.id or '')[3:35]}"
            if wanted not in before:
                raise InvalidRequest(
                    f"Item '{item.id}' of type 'function_call' was provided without its required "
                    f"'reasoning' item: '{wanted}'.",
                    param="input",
                )
        if not isinstance(item, SealedItem):
            continue
        _check_sealed(item, stored)
        before.add(item.id or _sealed_id(item))
        follower = items[index + 1] if index + 1 < len(items) else None
        if not isinstance(follower, FunctionCallItem | SealedItem) and not (
            isinstance(follower, MessageItem) and follower.role == "assistant"
        ):
            raise InvalidRequest(
                f"Item '{item.id}' of type 'reasoning' was provided without its required following "
                "item.",
                param="input",
            )


def _check_sealed(item: SealedItem, stored: Container[str]) -> None:
    if item.encrypted_content is None:
        if item.id is None or item.id not in stored:
            raise NotFound(
                f"Item with id '{item.id}' not found. Items are not persisted when `store` is set "
                "to false. Try again with `store` set to true, or remove this item from your "
                "input.",
                code="item_not_found",
                param="input",
            )
    elif not _sealed_id(item) or item.id not in (None, _sealed_id(item)):
        sealed = item.encrypted_content
        raise InvalidRequest(
            f"The encrypted content {sealed[:4]}...{sealed[-4:]} could not be verified.",
            code="invalid_encrypted_content",
        )


def _sealed_id(item: SealedItem) -> str:
    """Returns the id of the reasoning that is sealed in the item."""
    return unseal(item.encrypted_content or "", "reasoning") or ""


def _texts(items: Sequence[InputItem]) -> Iterator[str]:
    for item in items:
        if isinstance(item, MessageItem):
            yield from (part.text for part in item.parts if isinstance(part, InputText))


def _schema_error(schema: Mapping[str, Any], *, strict: bool) -> str:
    if wrong := schema_error(schema):
        return wrong
    return _strict_error(schema, "()") if strict else ""


def _strict_error(schema: Any, context: str) -> str:
    """Returns why a schema is not one of strict mode: objects must be closed, all fields
    required."""
    if not isinstance(schema, Mapping):
        return ""
    node = cast("Mapping[str, Any]", schema)
    if node.get("type") == "object":
        if node.get("additionalProperties") is not False:
            return (
                f"In context={context}, 'additionalProperties' is required to be supplied and to "
                "be false"
            )
        missing = [n for n in node.get("properties", {}) if n not in node.get("required", ())]
        if missing:
            return (
                f"In context={context}, 'required' is required to be supplied and to be an array "
                f"including every key in properties. Missing '{missing[0]}'"
            )
    for keyword in ("properties", "$defs"):
        for name, inner in node.get(keyword, {}).items():
            if wrong := _strict_error(inner, f"('{keyword}', '{name}')"):
                return wrong
    for inner in (node.get("items"), *node.get("anyOf", ())):
        if wrong := _strict_error(inner, f"{context}"):
            return wrong
    return ""
