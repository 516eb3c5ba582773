"""`penstock dataset` against a real server."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from penstock.entrypoints.cli.main import run
from tests.server.running import Server, running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("datasets") / "home") as server:
        server.wait_for("/readyz")
        yield server


class Cli:
    """Runs commands as a user of the server."""

    def __init__(self, server: Server, capsys: pytest.CaptureFixture[str]) -> None:
        self._project = server.project_id()
        self._capsys = capsys

    def run(self, *words: str, code: int = 0) -> str:
        assert run(["dataset", *words, "--project", self._project]) == code
        captured = self._capsys.readouterr()
        return captured.out if code == 0 else captured.err

    def json(self, *words: str) -> Any:
        return json.loads(self.run(*words, "--json"))


@pytest.fixture
def cli(server: Server, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.setenv("PENSTOCK_SERVER_URL", f"http://127.0.0.1:{server.port}")
    monkeypatch.setenv("PENSTOCK_API_KEY", server.bootstrap["api_key"])
    monkeypatch.setenv("PENSTOCK_HOME", str(server.home))
    return Cli(server, capsys)


def test_a_file_becomes_a_version_and_a_file_again(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "faq.csv"
    path.write_text("question,answer\n" + "".join(f"q{n},a{n}\n" for n in range(1200)) + "q0,a0\n")
    seen = json.loads(cli.run("import", "faq", str(path), "--dry-run"))
    assert (seen["items"], seen["input_kinds"]) == (1201, {"text": 1201})
    assert cli.json("list") == []
    done = cli.json("import", "faq", str(path))
    assert (done["version"]["item_count"], done["counts"]["duplicates"]) == (1200, 1)
    assert cli.json("import", "faq", str(path))["made"] is False
    cli.run("export", "faq", str(tmp_path / "out.jsonl"))
    done = cli.json("import", "faq", str(tmp_path / "out.jsonl"))
    assert (done["made"], done["counts"]["unchanged"]) == (False, 1200)
    path.write_text("question,answer\nq0,a0\nq1,other\n")
    done = cli.json("import", "faq", str(path), "--replace", "--message", "smaller")
    assert (done["version"]["version"], done["version"]["item_count"]) == (2, 2)
    assert cli.json("versions", "faq")[0]["message"] == "smaller"
    assert (done["counts"]["added"], done["counts"]["removed"]) == (1, 1199)
    (gone,) = cli.json("diff", "faq", "1", "2", "-n", "1")
    assert (gone["before"]["input"], gone["after"]) == ("q1", None)
    assert "q1" in cli.run("items", "faq", "--search", "other")
    cli.run("remove", "faq", "--yes")
    assert "no dataset 'faq'" in cli.run("items", "faq", code=4)


def test_a_wrong_line_leaves_nothing(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "wrong.jsonl"
    lines = [json.dumps({"input": f"question {n}"}) for n in range(700)]
    path.write_text("\n".join([*lines, '{"input": 7}']))
    refused = cli.run("import", "wrong", str(path), code=1)
    assert "wrong.jsonl, line 701: `input` is a number" in refused
    assert cli.json("list") == []
    path.write_text("")
    assert "The file has no items." in cli.run("import", "wrong", str(path), code=1)


def test_splits_keep_together_what_belongs_together(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    long = "the quick brown fox jumps over the lazy dog and runs away from the big bad wolf number"
    rows = [{"input": f"{n} different words in line {n * 7} of {n * 13}"} for n in range(60)]
    rows += [{"input": f"{long} {n}"} for n in range(20)]
    rows += [{"input": f"{n * 31} of one group {n * 17}", "group": "g"} for n in range(20)]
    path.write_text("\n".join(map(json.dumps, rows)))
    cli.json("import", "many", str(path))
    shares = ("--share", "test=0.3", "--share", "train=0.7")
    done = cli.json("split", "many", *shares, "--seed", "1")
    assert (done["version"]["item_count"], sum(done["splits"].values())) == (100, 100)
    items = cli.json("items", "many", "-n", "500")
    splits = [each["split"] for each in items]
    assert len(set(splits[60:80])) == len(set(splits[80:])) == 1
    assert {"test", "train"} == set(splits[:60])
    assert cli.json("split", "many", *shares, "--seed", "1")["made"] is False
    assert "1 together" in cli.run("split", "many", "--share", "test=0.3", code=1)


def test_duplicates_are_removed(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "twice.jsonl"
    texts = ["one and the same question about the weather", "another thing", "One, and the SAME "]
    texts[2] += "question about the weather!"
    rows = [{"id": str(n), "input": text} for n, text in enumerate([*texts, texts[0]])]
    path.write_text("\n".join(map(json.dumps, rows)))
    cli.json("import", "twice", str(path))
    assert cli.json("deduplicate", "twice", "--dry-run")["duplicates"] == 1
    seen = cli.json("deduplicate", "twice")
    assert (seen["duplicates"], seen["version"]) == (1, 2)
    assert cli.json("deduplicate", "twice", "--similarity", "0.9")["duplicates"] == 1
    assert [each["id"] for each in cli.json("items", "twice")] == ["0", "1"]


def test_calls_are_added_by_feedback_and_by_a_rule(cli: Cli) -> None:
    cli.run("create", "complaints")
    added = cli.json("add-traces", "complaints", "--feedback", "low", "--only", "use_case=support")
    assert (added["change"], added["skipped"]) == (None, [])
    missing = cli.json("add-traces", "complaints", "--span", "ab" * 8)
    assert [each["code"] for each in missing["skipped"]] == ["not_found"]
    assert "skipped" in cli.run("add-traces", "complaints", "--only", "tag:plan=gold")
    words = ("--span", "ab" * 8, "--errors")
    assert "either spans or filters" in cli.run("add-traces", "complaints", *words, code=2)
    assert "has no rule" in cli.run("rule", "show", "complaints", code=4)
    words = ("--only", "team=a", "--only", "tag:plan=gold", "--share", "0.5", "--daily-cap", "20")
    rule = cli.json("rule", "set", "complaints", *words)
    assert rule["filter"]["only"] == {"team": ["a"]}
    assert (rule["filter"]["tags"], rule["share"], rule["error"]) == ({"plan": ["gold"]}, 0.5, "")
    assert cli.json("rule", "show", "complaints")["daily_cap"] == 20
    assert "dimension 'colour'" in cli.run(
        "rule", "set", "complaints", "--only", "colour=x", code=1
    )
    cli.run("rule", "remove", "complaints")
    cli.run("rule", "remove", "complaints", code=4)
    cli.run("remove", "complaints", "--yes")
