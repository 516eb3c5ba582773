"""Parses YAML and TOML, and remembers the line of each value."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

import yaml

from penstock.kernel.errors import InvalidRequest

MAX_DEPTH: Final = 32  # of nested values
MAX_VALUES: Final = 200_000  # of one file, those that aliases repeat included
Path = tuple[str | int, ...]
_HEADER: Final = re.compile(r"\s*(\[\[?)([^\[\]]+)\]\]?\s*(?:#.*)?$")
_KEY: Final = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*[\w-]+)*)\s*=""")


@dataclass(frozen=True, slots=True)
class FilePosition:
    """A position in a file. `lines` has the line of each value by its path."""

    file: str
    lines: Mapping[Path, int]
    path: Path = ()

    def at(self, *path: str | int) -> "FilePosition":
        """Returns the position of a value below this one."""
        return FilePosition(self.file, self.lines, (*self.path, *path))

    def __str__(self) -> str:
        path = self.path
        while path and path not in self.lines:
            path = path[:-1]
        return f"{self.file}:{self.lines[path]}" if path in self.lines else self.file


def parse_yaml(text: str, file: str) -> tuple[object, FilePosition]:
    """Returns the value of a YAML document and its place. Raises `InvalidRequest` for what cannot
    be read, a key that stands there twice, or too much of anything."""
    lines: dict[Path, int] = {}
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        value = _Nodes(loader, lines, file).value(node, ()) if node is not None else None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InvalidRequest(f"{file}:{line}: {error.problem or 'this is no YAML'}.") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InvalidRequest(f"{file}: this cannot be read as YAML: {error}.") from error
    return value, FilePosition(file, lines)


class _Nodes:
    """Builds plain values from the nodes of a document."""

    def __init__(self, loader: yaml.SafeLoader, lines: dict[Path, int], file: str) -> None:
        self._loader = loader
        self._lines = lines
        self._file = file
        self._count = 0

    def value(self, node: yaml.Node, path: Path) -> object:
        self._count += 1
        line = cast("int", node.start_mark.line) + 1
        self._lines.setdefault(path, line)
        if self._count > MAX_VALUES or len(path) > MAX_DEPTH:
            raise InvalidRequest(
                f"{self._file}:{line}: the file has more than {MAX_VALUES} values, or more than "
                f"{MAX_DEPTH} levels."
            )
        if isinstance(node, yaml.MappingNode):
            return dict(self._members(node, path))
        if isinstance(node, yaml.SequenceNode):
            elements = cast("list[yaml.Node]", node.value)
            return [self.value(each, (*path, at)) for at, each in enumerate(elements)]
        return cast("object", self._loader.construct_object(node))  # pyright: ignore[reportUnknownMemberType] - PyYAML is not typed

    def _members(self, node: yaml.MappingNode, path: Path) -> Iterator[tuple[str, object]]:
        seen: set[str] = set()
        for key, value in cast("list[tuple[yaml.Node, yaml.Node]]", node.value):
            line = cast("int", key.start_mark.line) + 1
            name = str(cast("object", key.value))
            if not isinstance(key, yaml.ScalarNode) or name in seen:
                problem = f"{name!r} stands there twice" if name in seen else "a name is a text"
                raise InvalidRequest(f"{self._file}:{line}: {problem}.")
            seen.add(name)
            self._lines[(*path, name)] = line
            yield name, self.value(value, (*path, name))


def parse_toml(text: str, file: str) -> tuple[object, FilePosition]:
    """Returns the value of a TOML document and its place. Raises `InvalidRequest` for what cannot
    be read."""
    try:
        value: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        place = f"{file}:{line[1]}" if line else file
        raise InvalidRequest(f"{place}: this is no TOML: {error}.") from error
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"{file}: this cannot be read as TOML: {error}.") from error
    return value, FilePosition(file, _lines_of_toml(text))


def _lines_of_toml(text: str) -> dict[Path, int]:
    """The lines of tables and of their keys. The parser of the standard library has none, so inline
    tables have the line of their key."""
    lines: dict[Path, int] = {}
    last: dict[Path, int] = {}  # the number of the last element of each array of tables
    table: Path = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            names = _names(header[2])
            table = _element(names, last)
            if header[1] == "[[":
                array = (*_element(names[:-1], last), names[-1])
                last[array] = last.get(array, -1) + 1
                table = (*array, last[array])
                lines.setdefault(array, number)
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            lines.setdefault((*table, *_names(key[1])), number)
    return lines


def _names(dotted: str) -> tuple[str, ...]:
    return tuple(name.strip().strip("\"'") for name in dotted.split("."))


def _element(names: tuple[str, ...], last: Mapping[Path, int]) -> Path:
    """The path of a table: inside an array of tables, its last element."""
    path: Path = ()
    for name in names:
        path = (*path, name)
        if path in last:
            path = (*path, last[path])
    return path
