"""Reads the documents of other tools: bounded, and with the place of what is wrong."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final, cast

import yaml

from penstock.entrypoints.cli.declared.located import FilePosition, parse_yaml
from penstock.kernel.errors import InvalidRequest, SetupError

MAX_CONFIG_BYTES: Final = 4 * 1024 * 1024  # of a configuration in YAML or JSON
MAX_EXPORT_BYTES: Final = 256 * 1024 * 1024  # of a file of results
MAX_EXPORT_LINE_BYTES: Final = 16 * 1024 * 1024  # of one line of JSON lines


def read_text(path: Path, max_bytes: int) -> str:
    """Returns the text of a file. Raises `SetupError` if it is missing or too large."""
    try:
        with path.expanduser().open("rb") as file:
            content = file.read(max_bytes + 1)
        if len(content) > max_bytes:
            raise SetupError(f"{path} is larger than {max_bytes:,} bytes.")
        return content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"{path} cannot be read: {error}.") from error


def read_json(text: str | bytes, shown: str) -> Any:
    """Returns a JSON document; `NaN` is a number of it, as Python's tools write it. Raises
    `InvalidRequest` that names the line."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidRequest(f"{shown}:{error.lineno}: this is no JSON: {error.msg}.") from error
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"{shown}: this cannot be read as JSON: {error}.") from error


def read_json_lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields the objects of JSON lines, each with its place. Raises `InvalidRequest`."""
    try:
        with path.expanduser().open("rb") as file:
            number = 0
            while line := file.readline(MAX_EXPORT_LINE_BYTES + 1):
                number += 1
                place = f"{path.name}:{number}"
                if len(line) > MAX_EXPORT_LINE_BYTES:
                    raise InvalidRequest(f"{place}: longer than {MAX_EXPORT_LINE_BYTES:,} bytes.")
                if line.strip():
                    yield place, _object(line, path.name, number)
    except OSError as error:
        raise SetupError(f"{path} cannot be read: {error}.") from error


def _object(line: bytes, name: str, number: int) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"{name}:{number}: this is no JSON: {error}.") from error
    if not isinstance(found, dict):
        raise InvalidRequest(f"{name}:{number}: each line is one JSON object.")
    return cast("dict[str, Any]", found)


def read_yaml(text: str, shown: str) -> tuple[Any, FilePosition]:
    """Returns a YAML document as JSON values, and the places of its values. `<<` merges, as other
    tools do. Raises `InvalidRequest`; what aliases repeat counts against its bound."""
    if text.lstrip()[:1] in ("{", "["):  # JSON is quicker, and is YAML
        try:
            return json.loads(text), FilePosition(shown, {})
        except (ValueError, RecursionError):
            pass  # YAML's flow style; else its parser says what is wrong
    try:
        value, place = parse_yaml(text, shown)
    except yaml.YAMLError as error:
        raise InvalidRequest(f"{shown}: this cannot be read as YAML: {error}.") from error
    return _plain(value), place


def _plain(value: Any) -> Any:
    """Dates become texts; `<<` is replaced with the members that it names."""
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        own = {name: _plain(each) for name, each in members.items() if name != "<<"}
        merged = members.get("<<")
        parents = cast("list[Any]", merged if isinstance(merged, list) else [merged])
        for parent in parents:
            if isinstance(parent, dict):
                own = _plain(parent) | own
        return own
    if isinstance(value, list):
        return [_plain(each) for each in cast("list[Any]", value)]
    return value.isoformat() if isinstance(value, date) else value
