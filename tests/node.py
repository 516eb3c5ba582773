"""Runs a script with Node and the official clients of `examples/package.json`."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

_EXAMPLES = Path(__file__).parents[1] / "examples"


def run_script(script: Path, folder: Path, *arguments: str) -> Any:
    """Runs a copy of the script in `folder`, and returns the JSON that it prints. Skips the test
    without Node or its packages."""
    node, modules = shutil.which("node"), _EXAMPLES / "node_modules"
    if node is None or not modules.exists():
        pytest.skip("no Node or no `npm ci` in examples")  # needs: node
    (folder / "node_modules").symlink_to(modules)
    shutil.copy(script, folder)
    command = [node, str(folder / script.name), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
