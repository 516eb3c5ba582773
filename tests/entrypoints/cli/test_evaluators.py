"""`penstock evaluator`, without a server."""

import json
from pathlib import Path

import pytest

from penstock.entrypoints.cli.main import run

SAMPLES = [
    {"item_id": "a", "output": "Paris", "expected": "paris"},
    {"item_id": "b", "output": "Rome", "expected": "paris"},
    {"output": "x"},
]


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "samples.jsonl"
    path.write_text("\n".join(map(json.dumps, SAMPLES)) + "\n\n")
    return str(path)


def test_it_measures_a_file(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["evaluator", "test", "classification", file, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    summary = found["summary"]
    assert (summary["samples"], summary["scored"], summary["unmeasured"]) == (3, 2, 1)
    assert summary["rate"] == 0.5
    assert summary["figures"]["classification"]["confusion"] == [
        ["paris", "paris", 1],
        ["paris", "rome", 1],
    ]
    assert [each["item_id"] for each in found["samples"]] == ["a", "b", "3"]


def test_options_change_the_result(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["evaluator", "test", "equals", file, "-o", "ignore_case=false", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["summary"]["rate"] == 0


def test_a_judge_without_models_is_an_error(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["-o", "model=m", "-o", "criteria=good"]
    assert run(["evaluator", "test", "rubric", file, *options]) == 1
    assert "infrastructure_error" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "part"),
    [
        (["regex"], 1, "pattern"),
        (["nothing"], 4, "Installed:"),
        (["equals", "-o", "x"], 2, "NAME=VALUE"),
    ],
)
def test_wrong_calls_say_what_to_do(
    file: str, arguments: list[str], code: int, part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name, *rest = arguments
    assert run(["evaluator", "test", name, file, *rest]) == code
    assert part in capsys.readouterr().err


@pytest.mark.parametrize("line", ['{"output": 3}', "[]", "{", '{"peers": [{"relation": "x"}]}'])
def test_a_wrong_line_is_named(
    line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "wrong.jsonl"
    path.write_text(f'{{"output": "x"}}\n{line}\n')
    assert run(["evaluator", "test", "length", str(path)]) == 1
    assert "wrong.jsonl:2" in capsys.readouterr().err


def test_lists_show_square_brackets(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["evaluator", "list"]) == 0
    assert "as [1] or [id]" in capsys.readouterr().out
    assert run(["evaluator", "show", "rouge"]) == 0
    assert "Lin, ROUGE" in capsys.readouterr().out
