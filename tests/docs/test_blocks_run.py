"""Runs every fenced block of the documents, in order, against a real `penstock up`.

A block that cannot run here has a comment above it: `<!-- not run: reason -->`.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from installation import PENSTOCK, Installation
from penstock.infra.settings import every_setting

pytestmark = pytest.mark.drill

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
    if "```" in path.read_text()
)
BLOCK = re.compile(
    r"(?:^<!-- not run: (?P<why>.+?) -->\n)?^```(?P<language>\w*)\n(?P<code>.*?)^```",
    re.MULTILINE | re.DOTALL,
)


@dataclass
class Reader:
    """Pastes one block after the other into the same shell."""

    installation: Installation
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in (".venv", "examples", "docs"):  # what blocks name; what they write is ours
            (self.folder / name).symlink_to(ROOT / name)

    def paste(self, language: str, code: str) -> None:
        for ours, theirs in (
            ("127.0.0.1:4000", f"127.0.0.1:{self.installation.gateway_port}"),
            ("127.0.0.1:4001", f"127.0.0.1:{self.installation.server_port}"),
            (".venv/bin/penstock", str(PENSTOCK)),
        ):
            code = code.replace(ours, theirs)
        match language:
            case "bash":
                stored = self.folder / "environment"
                self._run(["bash", "-euo", "pipefail", "-c", f"{code}\nenv -0 > {stored}"])
                pairs = (line.partition("=") for line in stored.read_text().split("\0") if line)
                self.environment = {name: value for name, _, value in pairs}
            case "python":
                self._run([sys.executable, "-W", "error", "-c", code])
            case "js":
                self._run_node(code)
            case "toml":
                known = {setting.key for setting in every_setting()}
                assert set(_keys(tomllib.loads(code))) <= known
            case _:
                assert language in {"", "text", "json"}, f"cannot run {language}"

    def _run_node(self, code: str) -> None:
        node, modules = shutil.which("node"), ROOT / "examples" / "node_modules"
        if node is None or not modules.exists():
            pytest.skip("no Node or no `npm ci` in examples")  # needs: node
        (self.folder / "node_modules").symlink_to(modules)
        (self.folder / "block.mjs").write_text(code)
        self._run([node, str(self.folder / "block.mjs")])

    def _run(self, command: list[str]) -> None:
        environment = self.environment or self.installation.environment
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=environment | {"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == 0, f"{command[-1]}\n{done.stdout}\n{done.stderr}"


def _keys(table: dict[str, object], prefix: str = "") -> Iterator[str]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _keys(value, f"{prefix}{name}.")
        else:
            yield prefix + name


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    it = Installation(tmp_path_factory.mktemp("docs") / "home")
    it.start()
    yield it
    it.kill()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_block_runs(installation: Installation, tmp_path: Path, document: str) -> None:
    reader = Reader(installation, tmp_path)
    for block in BLOCK.finditer((ROOT / document).read_text()):
        if not block["why"]:
            reader.paste(block["language"], block["code"])


@pytest.mark.parametrize(
    ("language", "name"), [("python", "quickstart.py"), ("js", "quickstart.mjs")]
)
def test_the_readme_contains_the_examples(language: str, name: str) -> None:
    blocks = BLOCK.finditer((ROOT / "README.md").read_text())
    shown = [block["code"] for block in blocks if block["language"] == language]
    assert shown == [(ROOT / "examples" / name).read_text()]
