"""docs/simulator.md is correct and complete: its commands run, and it names every option."""

import re
import subprocess
from pathlib import Path

import msgspec
import pytest

from penstock.sim.call_log import CallOutcome, LoggedCall
from penstock.sim.config import SimConfig
from penstock.sim.controls import Controls
from penstock.sim.faults import FaultKind
from sim.conftest import Sim

PAGE = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text()
BLOCKS = re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("command", [block for block in BLOCKS if block.startswith("curl")])
def test_its_commands_run(sim: Sim, command: str) -> None:
    sim.raw()
    command = command.replace("127.0.0.1:4010", f"127.0.0.1:{sim.port}")
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, timeout=30, check=True
    )
    assert "sim-small" in done.stdout


def test_it_names_every_control_fault_outcome_and_field() -> None:
    controls = [f"x-sim-{name.replace('_', '-')}" for name in Controls.__struct_fields__]
    faults = [kind for kind in FaultKind if kind is not FaultKind.STATUS]
    names = [*controls, *faults, *CallOutcome, *SimConfig.__struct_fields__]
    assert [name for name in names if f"`{name}`" not in PAGE] == []


def test_its_example_of_a_call_is_one() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert msgspec.json.decode(example, type=LoggedCall)
    assert msgspec.json.decode(example).keys() == set(LoggedCall.__struct_fields__)
