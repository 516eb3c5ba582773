"""`penstock plan`, `apply` and `export` against a running installation: exit codes and output."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from installation import Installation, wait_until

pytestmark = pytest.mark.drill

SECRET = "sk-canary-0123456789-wxyz"
FILE = """\
providers:
- name: own
  base_url: https://models.example.com/v1
  api_key: env:OWN_KEY
  models: [m]
routes:
- name: support
  targets: [{provider: sim, model: sim-small}, {provider: own, model: m, priority: 1}]
limits:
- {name: many, measure: requests, amount: 1000, window: day}
"""


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    it = Installation(tmp_path_factory.mktemp("configuration") / "home")
    it.start()
    it.extra["OWN_KEY"] = SECRET
    yield it
    it.kill()


def _answered(installation: Installation) -> bool:
    try:
        return bool(installation.chat(model="support")["choices"])
    except OSError:
        return False


def test_a_file_is_planned_applied_and_exported(installation: Installation, tmp_path: Path) -> None:
    file = tmp_path / "penstock.yaml"
    file.write_text(FILE)
    of = ("-f", str(file))
    shown = installation.run("plan", *of, code=2)
    assert "+ provider own" in shown
    assert "api_key of default: env:OWN_KEY" in shown
    assert "\n3 to create.\n" in shown
    done = installation.run("apply", *of)
    assert done.endswith("create: provider own\ncreate: route support\ncreate: limit many\n")
    assert installation.run("plan", *of).startswith("Nothing to do.\n")
    wait_until(lambda: _answered(installation))
    exported = installation.run("export")
    assert SECRET not in shown + done + exported
    file.write_text(exported)
    assert installation.run("plan", *of, "--prune") == "Nothing to do.\n"
    file.write_text("limits: []\nroutes: []\n")
    assert "Aborted" in installation.run("apply", *of, "--prune", code=1)
    installation.run("apply", *of, "--prune", "--yes")
    assert installation.json("limit", "list") == installation.json("route", "list") == []
    left = json.loads(installation.run("plan", *of, "--json"))
    assert left["changes"] == []
    assert {"kind": "provider", "name": "own"} in left["unmanaged"]


def test_every_error_of_a_plan_is_exit_code_one(installation: Installation, tmp_path: Path) -> None:
    file = tmp_path / "penstock.yaml"
    file.write_text("rotes: []\n")
    assert f"{file}:1: there is no field 'rotes'" in installation.run(
        "plan", "-f", str(file), code=1
    )
    assert "cannot be read" in installation.run("plan", "-f", str(tmp_path / "no.yaml"), code=1)
    assert "cannot be read" in installation.run("apply", "-f", str(tmp_path / "no.yaml"), code=2)
    assert "--file" in installation.run("plan", code=1)
