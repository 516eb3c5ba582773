"""The rules of ruff and import-linter are enabled at error level: shown with invalid input."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def ruff_codes(text: str, path: str = "src/penstock/rules/sample.py") -> set[str]:
    """The codes that ruff reports for `text` at `path`."""
    command = [sys.executable, "-m", "ruff", "check", "--output-format=concise", "--quiet"]
    command += ["--no-cache", "--stdin-filename", path, "-"]
    answer = subprocess.run(
        command, input=text, cwd=ROOT, capture_output=True, text=True, check=False
    )
    lines = [line for line in answer.stdout.splitlines() if line.startswith(path)]
    return {line.split(": ", 1)[1].split()[0] for line in lines}


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("BLE001", "try:\n    f()\nexcept Exception:\n    g()\n"),
        ("TID251", "import os\n\nx = os.environ['A']\n"),
        ("TID251", "import pickle\n"),
        ("PLW0603", "def f():\n    global x\n    x = 1\n"),
        ("C901", "def f(x):\n" + "    if x:\n        x()\n" * 11),
        ("TID252", "from . import x\n"),
        ("T201", "print()\n"),
        ("RUF100", "x = 1  # noqa: S603 - nothing to suppress\n"),
    ],
)
def test_ruff_reports(code: str, text: str) -> None:
    assert code in ruff_codes(text)


def test_settings_may_read_the_environment() -> None:
    text = '"""Settings."""\n\nimport os\n\nx = os.environ["A"]\n'
    assert ruff_codes(text, "src/penstock/infra/settings.py") == set()


@pytest.mark.parametrize(
    ("module", "text", "contract"),
    [
        ("rules/price2.py", "import penstock.infra", "Imports run one way"),
        ("gateway/app2.py", "import sqlalchemy", "The data plane uses no database"),
        ("features/identity/x.py", "import penstock.features.traces", "Verticals have an order"),
        (
            "features/extra/__init__.py",
            "import penstock.features.traces.store",
            "Only traces and composition roots",
        ),
        ("helpers2/__init__.py", "", "Imports run one way"),
        (
            "features/traces/x.py",
            "import penstock.features.identity.service",
            "Only identity and composition roots",
        ),
        ("sim/x.py", "import penstock.infra", "The simulator does not import infra"),
        ("kernel/x.py", "import clickhouse_connect", "Only infra imports the column store"),
    ],
)
def test_import_contracts_report(tmp_path: Path, module: str, text: str, contract: str) -> None:
    tree = tmp_path / "penstock"
    for file in (ROOT / "src" / "penstock").rglob("*.py"):
        copy = tree / file.relative_to(ROOT / "src" / "penstock")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
    bad = tree / module
    bad.parent.mkdir(parents=True, exist_ok=True)
    bad.write_text(f'"""Bad."""\n\n{text}\n')
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]
    command += ["--no-cache", "--no-logo", "--config", str(ROOT / "pyproject.toml")]
    answer = subprocess.run(
        command,
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    output = answer.stdout + answer.stderr
    assert answer.returncode != 0, output
    assert contract in output.split("Broken contracts")[-1], output
