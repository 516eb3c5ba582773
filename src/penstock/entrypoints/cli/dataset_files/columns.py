"""Makes items of rows: which column is what."""

import base64
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final, cast

import msgspec
from msgspec.structs import replace as replace_fields

from penstock.entrypoints.cli.dataset_files.rows import FileRow
from penstock.kernel.errors import InvalidRequest
from penstock.rules.evaluation.items import DatasetItem, ItemSource, checked_item

_INPUTS: Final = ("input", "question", "prompt", "query", "instruction", "messages", "text")
_EXPECTED: Final = (
    *("expected", "expected_output", "answer", "output", "completion", "reference"),
    *("ground_truth", "label"),
)
_USUAL: Final[Mapping[str, tuple[str, ...]]] = {
    "expected": _EXPECTED,
    "context": ("context", "contexts"),
    "id": ("id",),
    "split": ("split",),
    "group": ("group",),
}
_OWN: Final = frozenset((*DatasetItem.__struct_fields__, "findings"))


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """The columns of items. Several of `inputs` become an object of variables. Columns that are not
    named become metadata, or only those of `metadata` if it is given. Cells of `json` are parsed.
    Without inputs the columns are found by their usual names."""

    inputs: tuple[str, ...] = ()
    expected: str = ""
    context: str = ""
    id: str = ""
    split: str = ""
    group: str = ""
    metadata: tuple[str, ...] | None = None
    json: tuple[str, ...] = ()

    def used(self) -> frozenset[str]:
        """Returns the columns that are not metadata."""
        single = (self.expected, self.context, self.id, self.split, self.group)
        return frozenset((*self.inputs, *filter(None, single)))


@dataclass(slots=True)
class ItemReader:
    """Turns rows into checked items; counts what their inputs are, for a dry run."""

    columns: ColumnMap
    input_kinds: dict[str, int] = field(default_factory=dict[str, int])

    def items(self, rows: Iterable[FileRow]) -> Iterator[DatasetItem]:
        """Yields the items of rows. Raises `InvalidRequest` that names the row and the column."""
        columns: ColumnMap | None = None
        for row in rows:
            columns = columns or _found(self.columns, row)
            made = checked_item(_item(row, columns), row.place)
            kind = _kind(made.input)
            self.input_kinds[kind] = self.input_kinds.get(kind, 0) + 1
            yield made


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return "text"
    return "messages" if isinstance(value, list) else "object"


def _found(given: ColumnMap, row: FileRow) -> ColumnMap:
    """Returns the columns, found by their names in the first row if they are not given."""
    if given.inputs:
        return given
    name = next((each for each in _INPUTS if each in row.fields), "")
    if not name:
        raise InvalidRequest(
            f"{row.place}: no column is named {', '.join(_INPUTS)}.",
            hint=f"Add --input COLUMN; there are: {', '.join(row.fields)}",
            code="dataset_columns_unknown",
        )
    usual = {
        field: next((each for each in names if each in row.fields and each != name), "")
        for field, names in _USUAL.items()
    }
    named = {field: getattr(given, field) or column for field, column in usual.items()}
    return replace(given, inputs=(name,), **named)


def _item(row: FileRow, columns: ColumnMap) -> DatasetItem:
    if _OWN.issuperset(row.fields) and "input" in row.fields:
        return _own_item(row)
    fields = {
        name: _parsed(row, name) if name in columns.json else _plain(value)
        for name, value in row.fields.items()
    }
    expected = _column(row, fields, columns.expected)
    return DatasetItem(
        id=_text(row, fields, columns.id),
        input=_input(row, fields, columns.inputs),
        expected=None if expected == "" else expected,
        context=_context(row, fields, columns.context),
        metadata=_metadata(fields, columns),
        split=_text(row, fields, columns.split) or row.split,
        group=_text(row, fields, columns.group),
        source=ItemSource("file", place=row.place),
    )


def _own_item(row: FileRow) -> DatasetItem:
    """Returns an item of a file that `penstock dataset export` wrote."""
    fields = {name: value for name, value in row.fields.items() if name != "findings"}
    try:
        item = msgspec.convert({"id": ""} | fields, DatasetItem)
    except msgspec.ValidationError as error:
        raise _wrong(row, str(error)) from error
    source = item.source if item.source.kind else ItemSource("file", place=row.place)
    return replace_fields(item, split=item.split or row.split, source=source)


def _input(row: FileRow, fields: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    if len(names) == 1:
        return _column(row, fields, names[0])
    return {name: _column(row, fields, name) for name in names}


def _metadata(fields: Mapping[str, Any], columns: ColumnMap) -> dict[str, Any]:
    used = columns.used()
    chosen = fields if columns.metadata is None else columns.metadata
    kept = {name: fields.get(name) for name in chosen if name not in used}
    return {name: value for name, value in kept.items() if value not in (None, "")}


def _column(row: FileRow, fields: Mapping[str, Any], name: str) -> Any:
    if not name:
        return None
    if name not in fields:
        raise _wrong(row, f"it has no column {name!r}, only {', '.join(fields)}")
    return fields[name]


def _text(row: FileRow, fields: Mapping[str, Any], name: str) -> str:
    value = _column(row, fields, name)
    if value is None:
        return ""
    if isinstance(value, dict | list):
        raise _wrong(row, f"the column {name!r} is not a text or a number")
    return str(value).strip()


def _context(row: FileRow, fields: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = _column(row, fields, name)
    if value is None or value == "":
        return ()
    passages = cast("list[Any]", value if isinstance(value, list) else [value])
    if not all(isinstance(each, str) for each in passages):
        raise _wrong(row, f"the column {name!r} is not a text or a list of texts")
    return tuple(passages)


def _parsed(row: FileRow, name: str) -> Any:
    value = row.fields[name]
    try:
        return msgspec.json.decode(value) if isinstance(value, str) and value else value
    except msgspec.DecodeError as error:
        raise _wrong(row, f"the column {name!r} is not valid JSON ({error})") from error


def _plain(value: Any) -> Any:
    """Returns a JSON value: files have types that JSON does not have."""
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, list):
        return [_plain(each) for each in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in cast("dict[Any, Any]", value).items()}
    return value


def _wrong(row: FileRow, why: str) -> InvalidRequest:
    return InvalidRequest(f"{row.place}: {why}.", code="dataset_row_invalid")
