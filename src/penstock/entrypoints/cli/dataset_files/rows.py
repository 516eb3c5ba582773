"""Reads rows of files, one after the other: memory does not grow with the file."""

import csv
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple
from zipfile import BadZipFile

import msgspec

from penstock.kernel.errors import InvalidRequest, SetupError
from penstock.rules.evaluation.items import MAX_ITEM_BYTES

MAX_LINE_BYTES: Final = 2 * MAX_ITEM_BYTES  # of one line or cell; a longer one is refused
_ROWS_AT_ONCE: Final = 256  # of a Parquet file in memory


class FileRow(NamedTuple):
    """A row with its place for error messages, such as `faq.csv, line 7`, and the split of its
    file, if it has one."""

    place: str
    fields: Mapping[str, Any]
    split: str = ""


def read_rows(path: Path, shown: str = "") -> Iterator[FileRow]:
    """Yields the rows of a file; its name says the format. Raises `InvalidRequest` that names the
    place of what cannot be read."""
    read = _READERS.get(path.suffix.lower())
    if read is None:
        raise InvalidRequest(
            f"{path} has a format that is not known.",
            hint=f"Use one of {', '.join(sorted(_READERS))}, or a folder of such files.",
        )
    try:
        yield from read(path, shown or path.name)
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be read: {error}") from error


def _read_csv(path: Path, shown: str) -> Iterator[FileRow]:
    csv.field_size_limit(MAX_LINE_BYTES)
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        header = list[str]()
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader, None)
            except (csv.Error, UnicodeDecodeError) as error:
                raise _unreadable(f"{shown}, line {line}", str(error)) from error
            if cells is None:
                return
            if not header:
                header = _checked_header(cells, shown)
            elif cells:
                _check_width(cells, header, f"{shown}, line {line}")
                yield FileRow(f"{shown}, line {line}", dict(zip(header, cells, strict=True)))


def _read_json_lines(path: Path, shown: str) -> Iterator[FileRow]:
    with path.open("rb") as file:
        number = 0
        while line := file.readline(MAX_LINE_BYTES + 1):
            number += 1
            place = f"{shown}, line {number}"
            if len(line) > MAX_LINE_BYTES:
                raise _unreadable(place, f"the line is longer than {MAX_LINE_BYTES:,} bytes")
            if line.strip():
                yield FileRow(place, _object(line, place))


def _read_parquet(path: Path, shown: str) -> Iterator[FileRow]:
    try:
        from pyarrow import parquet  # lazy: 0.2 s, for this format only
    except ImportError as error:
        raise SetupError(
            "Parquet files need a package that is not installed: pyarrow.",
            hint="Install it: pip install pyarrow",
        ) from error
    files: Any = parquet
    number = 0
    try:
        with files.ParquetFile(path) as file:
            for batch in file.iter_batches(_ROWS_AT_ONCE):
                for fields in batch.to_pylist():
                    number += 1
                    yield FileRow(f"{shown}, row {number}", fields)
    except (ValueError, NotImplementedError) as error:
        raise _unreadable(shown, str(error)) from error


def _read_excel(path: Path, shown: str) -> Iterator[FileRow]:
    try:
        from openpyxl import load_workbook  # lazy: optional, for this format only
    except ImportError as error:
        raise SetupError(
            "Excel files need a package that is not installed: openpyxl.",
            hint="Install it: pip install 'penstock[excel]', or save the sheet as CSV.",
        ) from error
    try:
        sheet = load_workbook(path, read_only=True, data_only=True).worksheets[0]
        rows = enumerate(sheet.iter_rows(values_only=True), 1)
        header = _checked_header([str(cell or "") for cell in next(rows, (1, ()))[1]], shown)
        for number, cells in rows:
            if any(cell is not None for cell in cells):
                yield FileRow(f"{shown}, row {number}", dict(zip(header, cells, strict=False)))
    except (BadZipFile, ValueError, KeyError, TypeError) as error:
        raise _unreadable(shown, str(error)) from error


_READERS: Final[Mapping[str, Callable[[Path, str], Iterator[FileRow]]]] = {
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".jsonl": _read_json_lines,
    ".ndjson": _read_json_lines,
    ".parquet": _read_parquet,
    ".xlsx": _read_excel,
}
SUFFIXES: Final = frozenset(_READERS)


def _object(line: bytes, place: str) -> Mapping[str, Any]:
    try:
        return msgspec.json.decode(line, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _unreadable(place, f"{error}. Each line is one JSON object") from error


def _checked_header(cells: list[str], shown: str) -> list[str]:
    while cells and not cells[-1].strip():
        cells.pop()
    if not cells or not all(cell.strip() for cell in cells) or len(set(cells)) < len(cells):
        raise _unreadable(shown, "the first row has no names of columns, or not different ones")
    return cells


def _check_width(cells: list[str], header: list[str], place: str) -> None:
    if len(cells) != len(header):
        raise _unreadable(
            place, f"it has {len(cells)} columns, but the first row names {len(header)}"
        )


def _unreadable(place: str, why: str) -> InvalidRequest:
    return InvalidRequest(f"{place} cannot be read: {why}.", code="dataset_file_unreadable")
