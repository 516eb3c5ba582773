"""Files of examples: each format becomes the same items, and an error names its line."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from openpyxl import Workbook
from pyarrow import parquet

from penstock.entrypoints.cli.dataset_files import rows
from penstock.entrypoints.cli.dataset_files.columns import ColumnMap, ItemReader
from penstock.entrypoints.cli.dataset_files.folders import read_all
from penstock.kernel.errors import InvalidRequest
from penstock.rules.evaluation.items import DatasetItem

ROWS: Sequence[Mapping[str, Any]] = (
    {"question": "Who?", "answer": "Ann", "level": "easy"},
    {"question": 'Say "hi",\nplease', "answer": "hi", "level": ""},
)


def write_csv(path: Path) -> None:
    path.write_text('\ufeffquestion,answer,level\nWho?,Ann,easy\n"Say ""hi"",\nplease",hi,\n')


def write_json_lines(path: Path) -> None:
    path.write_text("\n".join(map(json.dumps, ROWS)) + "\n\n")


def write_parquet(path: Path) -> None:
    parquet.write_table(pa.Table.from_pylist(list(ROWS)), path)


def write_excel(path: Path) -> None:
    sheets = Workbook()
    for row in (list(ROWS[0]), *(list(each.values()) for each in ROWS)):
        sheets.worksheets[0].append(row)
    sheets.save(path)


def items_of(path: Path, columns: ColumnMap | None = None, config: str = "") -> list[DatasetItem]:
    return list(ItemReader(columns or ColumnMap()).items(read_all(path, config)))


@pytest.mark.parametrize(
    ("name", "write", "place"),
    [
        ("a.csv", write_csv, "a.csv, line 3"),
        ("a.jsonl", write_json_lines, "a.jsonl, line 2"),
        ("a.parquet", write_parquet, "a.parquet, row 2"),
        ("a.xlsx", write_excel, "a.xlsx, row 3"),
    ],
)
def test_each_format_becomes_the_same_items(
    tmp_path: Path, name: str, write: Callable[[Path], None], place: str
) -> None:
    write(tmp_path / name)
    first, second = items_of(tmp_path / name)
    assert (first.input, first.expected, first.metadata) == ("Who?", "Ann", {"level": "easy"})
    assert (second.input, second.metadata) == ('Say "hi",\nplease', {})
    assert second.source.place == place


def test_columns_are_chosen_and_cells_parsed(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    row = {"q": "Who?", "lang": "en", "gold": '{"n": 1}', "docs": ["x", "y"], "no": 7, "of": "g"}
    path.write_text(json.dumps(row))
    columns = ColumnMap(
        inputs=("q", "lang"),
        expected="gold",
        context="docs",
        id="no",
        group="of",
        metadata=(),
        json=("gold",),
    )
    (item,) = items_of(path, columns)
    assert (item.id, item.input) == ("7", {"q": "Who?", "lang": "en"})
    assert (item.expected, item.context, item.group) == ({"n": 1}, ("x", "y"), "g")
    assert item.metadata == {}


def test_an_exported_item_is_read_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    item = {"id": "a", "input": [{"role": "user"}], "context": ["x"], "metadata": {"k": [1]}}
    item |= {"source": {"kind": "span", "span_id": "s"}, "split": "test", "findings": []}
    path.write_text(json.dumps(item))
    (found,) = items_of(path)
    assert (found.id, found.input, found.metadata) == ("a", [{"role": "user"}], {"k": [1]})
    assert (found.source.span_id, found.split) == ("s", "test")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "question\nfine\na,b\n", "a.csv, line 3 cannot be read: it has 2 columns"),
        ("a.csv", 'question\nfine\n"open\n', "a.csv, line 3 cannot be read: unexpected end"),
        ("a.csv", "q,q\n1,2\n", "no names of columns, or not different ones"),
        ("a.csv", "question\n\xff\n", "cannot be read"),
        ("a.jsonl", '{"input": "x"}\n{"input": \n', "a.jsonl, line 2 cannot be read"),
        ("a.jsonl", '["no object"]', "a.jsonl, line 1 cannot be read"),
        ("a.jsonl", '{"text": "x"}\n{"other": "y"}', "a.jsonl, line 2: it has no column 'text'"),
        ("a.jsonl", '{"question": 3}', "a.jsonl, line 1: `input` is a number"),
        ("a.jsonl", '{"question": ""}', "a.jsonl, line 1: `input` is missing or empty"),
        ("a.jsonl", '{"title": "x"}', "Add --input COLUMN; there are: title"),
        ("a.parquet", "no parquet", "a.parquet cannot be read"),
        ("a.xlsx", "no excel", "a.xlsx cannot be read"),
        ("a.doc", "", "has a format that is not known"),
    ],
)
def test_an_error_names_the_place(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content, encoding="latin-1")
    with pytest.raises(InvalidRequest) as caught:
        items_of(tmp_path / name)
    assert message in caught.value.sentence()


def test_a_line_that_is_too_long_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with path.open("wb") as file:
        file.write(b'{"input": "x"}\n')
        file.truncate(rows.MAX_LINE_BYTES * 4)
    with pytest.raises(InvalidRequest, match="line 2 cannot be read: the line is longer than"):
        items_of(path)


def test_a_folder_has_splits_by_names(tmp_path: Path) -> None:
    write_parquet(parent(tmp_path / "data" / "train-00000-of-00001.parquet"))
    write_json_lines(tmp_path / "data" / "test.jsonl")
    assert sorted(each.split for each in items_of(tmp_path)) == ["test"] * 2 + ["train"] * 2


def test_a_folder_has_splits_by_its_metadata(tmp_path: Path) -> None:
    write_csv(parent(tmp_path / "en" / "one.csv"))
    write_csv(parent(tmp_path / "de" / "two.csv"))
    outside = tmp_path.with_name(tmp_path.name + "-outside.csv")
    write_csv(outside)
    (tmp_path / "README.md").write_text(
        "---\nconfigs:\n- config_name: en\n  data_files:\n  - split: gold\n    path: en/*.csv\n"
        f"- config_name: de\n  data_files: ['de/*.csv', '../{outside.name}']\n---\n# Data\n"
    )
    assert [each.split for each in items_of(tmp_path, config="en")] == ["gold", "gold"]
    assert {each.source.place.split(",")[0] for each in items_of(tmp_path, config="de")} == {
        "de/two.csv"
    }
    with pytest.raises(InvalidRequest) as caught:
        items_of(tmp_path)
    assert "Add --config; there are: en, de" in caught.value.sentence()


def test_a_folder_without_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="no data files"):
        items_of(tmp_path)


def parent(path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    return path
