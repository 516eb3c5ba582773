"""Tests of a promptfoo configuration: where they stand, their variables, what all of them share."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, cast

from penstock.entrypoints.cli.dataset_files.rows import read_rows
from penstock.entrypoints.cli.declared.located import FilePosition
from penstock.entrypoints.cli.foreign_evaluations.contained_files import (
    ContainedFiles,
    RefusedReference,
    is_reference,
)
from penstock.entrypoints.cli.foreign_evaluations.documents import read_yaml
from penstock.entrypoints.cli.foreign_evaluations.imported import LeftOut, list_of, mapping_of
from penstock.entrypoints.cli.foreign_evaluations.promptfoo_columns import row_as_test
from penstock.kernel.errors import InvalidRequest

MAX_COMBINATIONS: Final = 10_000  # of the values of one test's variables
MAX_NESTED_FILES: Final = 5  # files of tests that name files of tests
_TABLES: Final = (".csv", ".jsonl")
_DOCUMENTS: Final = (".yaml", ".yml", ".json")
_TEXTS: Final = (".txt", ".md", ".json", ".yaml", ".yml", ".csv")
_NETWORK: Final = ("http://", "https://", "huggingface://", "az://", "s3://")
_OPTIONS: Final = ("disableVarExpansion", "disableDefaultAsserts")
_TAKEN: Final = frozenset(("description", "vars", "assert", "metadata", "options"))
_REASONS: Final = {
    "threshold": "All checks of an item must hold.",
    "provider": "A run names its target.",
    "providers": "A run names its target.",
    "prompts": "A run names its prompt.",
}


@dataclass(frozen=True, slots=True)
class TestCase:
    """A test with one value for each variable. `place` is where it stands."""

    __test__ = False  # no class of tests for pytest

    place: str
    variables: Mapping[str, Any]
    asserts: Sequence[Any] = ()
    description: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(slots=True)
class TestReader:
    """Reads tests, also from files inside the folder of the configuration."""

    __test__ = False

    files: ContainedFiles
    left_out: LeftOut

    def cases(self, document: Mapping[str, Any], place: FilePosition) -> Iterator[TestCase]:
        """Yields the tests of a configuration with what `defaultTest` adds."""
        shared = self._shared(document.get("defaultTest"), place.at("defaultTest"))
        tests: list[tuple[str, Mapping[str, Any]]] = list(
            self._tests(document.get("tests"), place.at("tests"))
        )
        for at, each in enumerate(list_of(document.get("scenarios"))):
            tests += self._scenario(each, place.at("scenarios", at))
        if not tests and not document.get("tests") and not document.get("scenarios"):
            tests = [(str(place), dict[str, Any]())]
        for where, test in tests:
            yield from self._expanded(_merged(shared, test), where)

    def _shared(self, value: Any, place: FilePosition) -> Mapping[str, Any]:
        if is_reference(value):
            try:
                value, _ = read_yaml(self.files.text(value, _DOCUMENTS), str(value))
            except RefusedReference as error:
                self.left_out.add(place, "defaultTest", str(error))
                return {}
        return mapping_of(value)

    def _tests(
        self, value: Any, place: FilePosition, depth: int = 0
    ) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yields tests as they are written, each with its place."""
        if isinstance(value, dict) and "path" in value:
            value = cast("dict[str, Any]", value)["path"]
        if isinstance(value, str):
            try:
                yield from self._of_file(value, place, depth)
            except RefusedReference as error:
                self.left_out.add(place, "tests", str(error))
        elif isinstance(value, dict):
            yield str(place), cast("dict[str, Any]", value)
        for at, each in enumerate(list_of(cast("object", value))):
            yield from self._tests(each, place.at(at), depth)

    def _of_file(
        self, name: str, place: FilePosition, depth: int
    ) -> Iterator[tuple[str, Mapping[str, Any]]]:
        if name.startswith(_NETWORK):
            raise RefusedReference(f"{name[:100]} is not read: download it, and name the file.")
        if depth >= MAX_NESTED_FILES:
            raise InvalidRequest(f"{place}: files of tests name each other.")
        path = self.files.path(name, (*_TABLES, *_DOCUMENTS))
        if path.suffix.lower() in _TABLES:
            yield from self._of_table(path)
            return
        found, inside = read_yaml(self.files.text(name, _DOCUMENTS), path.name)
        yield from self._tests(found, inside, depth + 1)

    def _of_table(self, path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for row in read_rows(path):
            if path.suffix.lower() == ".csv":
                yield row.place, row_as_test(row, self.left_out)
            else:
                yield row.place, row.fields

    def _scenario(self, value: Any, place: FilePosition) -> Iterator[tuple[str, Mapping[str, Any]]]:
        scenario = mapping_of(value)
        if not scenario:
            self.left_out.add(
                place, "scenarios", "It is no object; files of scenarios are not read."
            )
        for config in list_of(scenario.get("config")):
            for where, test in self._tests(scenario.get("tests"), place.at("tests")):
                yield where, _merged(mapping_of(config), test)

    def _expanded(self, test: Mapping[str, Any], place: str) -> Iterator[TestCase]:
        """Yields a test for each combination of the values of its variables."""
        options = mapping_of(test.get("options"))
        self._name_left_out(test, options, place)
        try:
            variables = self._variables(test.get("vars"))
        except RefusedReference as error:
            self.left_out.add(place, "test", str(error))
            return
        case = TestCase(
            place,
            variables,
            list_of(test.get("assert")),
            str(test.get("description") or ""),
            mapping_of(test.get("metadata")),
        )
        alone = options.get("disableVarExpansion") is True
        for each in [variables] if alone else _combined(variables, place):
            yield replace(case, variables=each)

    def _name_left_out(
        self, test: Mapping[str, Any], options: Mapping[str, Any], place: str
    ) -> None:
        for name in test.keys() - _TAKEN:
            reason = _REASONS.get(name, "It has no counterpart.")
            self.left_out.add(place, f"test.{name}", reason)
        for name in options.keys() - set(_OPTIONS):
            self.left_out.add(place, f"test.options.{name}", "It has no counterpart.")

    def _variables(self, value: Any) -> dict[str, Any]:
        """Returns variables; those in files are read. Raises `RefusedReference`."""
        found: dict[str, Any] = {}
        for each in [value] if isinstance(value, str) else list_of(value):
            part, _ = read_yaml(self.files.text(str(each), _DOCUMENTS), str(each))
            found |= mapping_of(part)
        found |= mapping_of(value)
        return {name: self._variable(name, each) for name, each in found.items()}

    def _variable(self, name: str, value: Any) -> Any:
        if isinstance(value, list):
            return [self._variable(name, each) for each in cast("list[Any]", value)]
        if is_reference(value):
            return self.files.text(value, _TEXTS).strip()
        if isinstance(value, str) and "{{" in value:
            reason = "Its value is a template: it is kept as it stands."
            self.left_out.add("", f"vars.{name}", reason)
        return value


def _merged(shared: Mapping[str, Any], test: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a test with what it shares with others; its own values win, assertions add up."""
    made = {**shared, **test}
    for name in ("vars", "metadata", "options"):
        own, others = test.get(name), shared.get(name)
        if isinstance(own, dict) and isinstance(others, dict):
            made[name] = {**cast("dict[str, Any]", others), **cast("dict[str, Any]", own)}
    alone = mapping_of(test.get("options")).get("disableDefaultAsserts") is True
    before: Sequence[Any] = () if alone else list_of(shared.get("assert"))
    made["assert"] = [*before, *list_of(test.get("assert"))]
    return made


def _combined(variables: Mapping[str, Any], place: str) -> list[dict[str, Any]]:
    """Returns the combinations of the values of variables that are lists of texts."""
    made: list[dict[str, Any]] = [{}]
    for name, value in variables.items():
        values = list_of(value)
        expands = bool(values) and isinstance(values[0], str)
        chosen = values if expands else [value]
        if len(made) * len(chosen) > MAX_COMBINATIONS:
            raise InvalidRequest(
                f"{place}: its variables have more than {MAX_COMBINATIONS:,} combinations."
            )
        made = [{**one, name: each} for one in made for each in chosen]
    return made
