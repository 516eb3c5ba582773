"""The plugin of pytest, in a pytest of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from installation import Installation
from penstock.sdk import Datasets
from penstock.sdk.pytest_plugin import problems_of

SOURCE = """
import pytest

def add(text):
    one, other = map(int, text.split("+"))
    return str(one + other)

@pytest.mark.penstock(at_least={"equals": 1.0}, at_most={"length": 1})
def test_right(penstock_evaluate):
    report = penstock_evaluate(add, "sums", ["equals", "length"])
    assert report["rows"] == {"measured": 4}

@pytest.mark.penstock(at_least={"equals": 0.5})
def test_wrong(penstock_evaluate):
    penstock_evaluate(lambda text: text[0], "sums", ["equals"])

@pytest.mark.penstock(at_least={"equals": 0.5, "other": 1})
def test_lost(penstock_evaluate):
    penstock_evaluate(lambda text: add(text) if text[0] != "0" else 1 // 0, "sums", ["equals"])
"""


@pytest.fixture(scope="module")
def it(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    it = Installation(tmp_path_factory.mktemp("plugin") / "home")
    try:
        it.start()
        it.wait_for(it.answers)
        yield it
    finally:
        it.kill()


def pytest_of(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_sums.py").write_text(SOURCE)
    ours = {name: v for name, v in os.environ.items() if not name.startswith("PENSTOCK_")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-rs", "-p", "no:cacheprovider", "--strict-markers", "."],
        cwd=folder,
        env=ours | variables,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_test_fails_below_its_thresholds_and_names_the_run(
    it: Installation, tmp_path: Path
) -> None:
    project = it.get("/api/v1/projects")["items"][0]["id"]
    key = it.post(f"/api/v1/projects/{project}/keys", {"name": "ci", "role": "editor"})["secret"]
    datasets = Datasets(it.server, key)
    datasets.create("sums")
    datasets.append("sums", [{"input": f"{n}+{n}", "expected": str(2 * n)} for n in range(4)])
    done = pytest_of(tmp_path, PENSTOCK_SERVER_URL=it.server, PENSTOCK_API_KEY=key)
    assert "1 passed" in done.stdout, done.stdout
    assert "2 failed" in done.stdout
    assert "equals: 0.25 is below 0.5 (4 of 4 scored)" in done.stdout
    assert "equals: too few values (3 of 4 scored, 1 unmeasured)" in done.stdout
    assert "other: the run has no such metric, only equals" in done.stdout
    assert key not in done.stdout
    runs = it.get(f"/api/v1/projects/{project}/evaluations?dataset=sums")["items"]
    assert {each["label"].rpartition("::")[2] for each in runs} == {
        "test_right",
        "test_wrong",
        "test_lost",
    }
    assert any(each["id"] in done.stdout for each in runs)


def test_without_a_server_tests_are_skipped_and_say_what_to_set(tmp_path: Path) -> None:
    done = pytest_of(tmp_path)
    assert done.returncode == 0, done.stdout
    assert "3 skipped" in done.stdout
    assert "set PENSTOCK_SERVER_URL and PENSTOCK_API_KEY" in done.stdout


def metric(mean: float | None, scored: int, samples: int) -> dict[str, Any]:
    states = {"scored": scored, "judge_error": samples - scored}
    return {
        "name": "m",
        "estimate": {"mean": mean},
        "scored": scored,
        "samples": samples,
        "states": states,
    }


@pytest.mark.parametrize(
    ("found", "bounds", "says"),
    [
        (metric(0.9, 10, 10), {"at_least": {"m": 0.9}}, ""),
        (metric(0.9, 9, 10), {"at_least": {"m": 0.9}, "scored": 0.9}, ""),
        (metric(0.9, 9, 10), {"at_least": {"m": 0.9}}, "too few values"),
        (metric(None, 0, 10), {"at_least": {"m": 0.0}, "scored": 0}, "no mean"),
        (metric(2.0, 10, 10), {"at_most": {"m": 1.5}}, "2 is above 1.5"),
    ],
)
def test_thresholds(found: dict[str, Any], bounds: dict[str, Any], says: str) -> None:
    problems = problems_of({"metrics": [found]}, **bounds)
    assert (says in problems[0]) if says else problems == []
