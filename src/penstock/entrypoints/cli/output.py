"""Prints results: tables for people, JSON for programs. Nothing else goes to stdout."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, cast

import typer

Row = Mapping[str, Any]
_MARKS: Final = {"insert": ("{+", "+}"), "delete": ("[-", "-]"), "equal": ("", "")}


def show_json(value: object, *, lines: bool = False) -> None:
    """Prints one JSON document, indented, or on a single line if `lines`."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=None if lines else 2, default=str))


def show_list(rows: Iterable[Row], columns: Sequence[str], *, as_json: bool, empty: str) -> None:
    """Prints a table of `columns` (keys of the rows), or the rows as a JSON array."""
    found = list(rows)
    if as_json:
        show_json(found)
    elif not found:
        typer.echo(empty, err=True)
    else:
        _table(found, columns)


def show_record(record: Row, *, as_json: bool) -> None:
    """Prints one key and value per line, or the record as JSON."""
    if as_json:
        show_json(record)
        return
    width = max(map(len, record), default=0)
    for name, value in record.items():
        typer.echo(f"{name.replace('_', ' '):{width}}  {text(value)}")


def show_secret(document: Row, record: Row, *, note: str, as_json: bool) -> None:
    """Prints `document` as JSON, or else `record` for people and `note` on standard error."""
    if as_json:
        show_json(document)
        return
    show_record(record, as_json=False)
    typer.echo(note, err=True)


def text(value: object) -> str:
    """Formats a value for people: a dash for nothing, yes or no, lists with commas."""
    match value:
        case None | "" | []:
            return "–"
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return ", ".join(map(str, cast("Sequence[object]", value)))
        case dict():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return str(value)


def marked(piece: Mapping[str, str]) -> str:
    """Formats a piece of a difference of words as `{+new+}`, `[-old-]`, or its text."""
    start, end = _MARKS[piece["operation"]]
    return f"{start}{piece['text']}{end}"


def _table(rows: Sequence[Row], columns: Sequence[str]) -> None:
    from rich.box import SIMPLE_HEAD  # lazy: 70 ms, not needed for --json and --help
    from rich.console import Console  # lazy: the same
    from rich.table import Table  # lazy: the same
    from rich.text import Text  # lazy: the same

    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(Text(text(row.get(column))) for column in columns))  # no markup of Rich
    Console(width=None if sys.stdout.isatty() else 200).print(table)
