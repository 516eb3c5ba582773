"""The built wheel runs without the working tree."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from installation import Installation

pytestmark = pytest.mark.drill

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_it_contains_the_package_and_its_license_only(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert all(name.startswith(("penstock/", "penstock-")) for name in names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    built = (ROOT / "src" / "penstock" / "console" / "index.html").exists()
    assert ("penstock/console/index.html" in names) is built


def test_it_runs_without_the_working_tree(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--target", str(site), str(wheel)], check=True, capture_output=True)
    installation = Installation(tmp_path / "home", program=site / "bin" / "penstock")
    installation.extra = {"PYTHONPATH": str(site)}
    installation.start()
    try:
        assert installation.answers()
        for pid in installation.children().values():
            environment = Path(f"/proc/{pid}/environ").read_bytes().decode()
            assert f"PYTHONPATH={site}" in environment
        where = [sys.executable, "-c", "import penstock; print(penstock.__file__)"]
        printed = subprocess.run(
            where,
            cwd=tmp_path,
            env=os.environ | installation.extra,
            check=True,
            capture_output=True,
            text=True,
        )
        assert printed.stdout.startswith(str(site))
    finally:
        installation.kill()
