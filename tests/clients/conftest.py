"""An installation with one simulator behind it, as a provider of each format."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from installation import Installation
from sim.conftest import Sim

ROOT = Path(__file__).parents[2]
ENVIRONMENT = ROOT / ".venv-clients" / "bin"
LIBRARIES = ROOT / ".venv-evaluators" / "bin" / "python"
# By name: kind and path of the simulator.
PROVIDERS = {
    "openai": ("openai-compatible", "/v1"),
    "anthropic": ("anthropic", "/v1"),
    "gemini": ("gemini", "/v1beta"),
}


@dataclass(frozen=True)
class Served:
    """An installation, and the simulator behind it."""

    penstock: Installation
    simulated: Sim

    def simulated_calls(self) -> list[Any]:
        """The calls that the simulator got."""
        return self.simulated.get("/sim/calls?limit=10000")["calls"]

    def spans(self, trace_id: str) -> list[Any]:
        """The stored call of a trace. Waits for it."""
        found: list[Any] = []

        def stored() -> bool:
            with suppress(OSError):
                trace = self.penstock.get(f"/api/v1/traces/{trace_id}")
                found[:] = [span for span in trace["spans"] if span["parent_span_id"] is None]
            return bool(found)

        self.penstock.wait_for(stored)
        return found


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    simulated = Sim({})
    installation = Installation(tmp_path_factory.mktemp("clients") / "home")
    installation.extra["PENSTOCK_EVALUATION__LIBRARIES_PYTHON"] = str(LIBRARIES)
    try:
        installation.start("--no-demo", "--workers", "1")
        add_providers(installation, simulated.address)
        yield Served(installation, simulated)
    finally:
        installation.kill()
        simulated.stop()


def add_providers(installation: Installation, simulated: str) -> None:
    """Adds the simulator as each provider, and waits until the gateway knows them."""
    project = installation.get("/api/v1/projects")["items"][0]["id"]
    for name, (kind, path) in PROVIDERS.items():
        installation.post(
            f"/api/v1/projects/{project}/providers",
            {
                "name": name,
                "kind": kind,
                "base_url": simulated + path,
                "api_key": "sk-simulated",
                "models": ["sim-small"],
                "private_allowed": True,
                "vendor": "",
                "quirks": {"responses": "yes"} if name == "openai" else {},
            },
        )
    for name in PROVIDERS:
        installation.wait_for(lambda name=name: _answers(installation, f"{name}/sim-small"))


def _answers(installation: Installation, model: str) -> bool:
    try:
        return bool(installation.chat(model=model))
    except OSError:
        return False
