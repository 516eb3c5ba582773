"""What commands print: tables for people, JSON for programs. Nothing else goes to stdout."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import typer

Row = Mapping[str, Any]


def show_json(value: object, *, lines: bool = False) -> None:
    """One JSON document, indented; or on a line of its own."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=None if lines else 2, default=str))


def show_list(rows: Iterable[Row], columns: Sequence[str], *, as_json: bool, empty: str) -> None:
    """A table of `columns` (keys of the rows), or the rows as a JSON array."""
    found = list(rows)
    if as_json:
        show_json(found)
    elif not found:
        typer.echo(empty, err=True)
    else:
        _table(found, columns)


def show_record(record: Row, *, as_json: bool) -> None:
    """Key and value on each line, or the record as JSON."""
    if as_json:
        show_json(record)
        return
    width = max(map(len, record), default=0)
    for name, value in record.items():
        typer.echo(f"{name.replace('_', ' '):{width}}  {text(value)}")


def text(value: object) -> str:
    """A value as people read it: nothing for nothing, commas in lists."""
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


def _table(rows: Sequence[Row], columns: Sequence[str]) -> None:
    from rich.box import SIMPLE_HEAD  # lazy: 70 ms that --json and --help do without
    from rich.console import Console  # lazy: the same
    from rich.table import Table  # lazy: the same

    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(text(row.get(column)) for column in columns))
    Console(width=None if sys.stdout.isatty() else 200).print(table)
