"""Evaluation runs on a Ray cluster of two nodes: as on one machine, also when a node is killed."""

import os
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from installation import Installation, wait_until
from sim.conftest import Sim

pytestmark = [pytest.mark.ray, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-ray" / "bin" / "python"
ITEMS = 80
CONCURRENCY = 4
PROGRAM = """#!{python}
import sys
from penstock.entrypoints.cli.main import main
sys.exit(main())
"""


class RayNodes:
    """The cluster as another process."""

    def __init__(self, folder: Path) -> None:
        environment = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0"}
        self._log = (folder / "ray.log").open("w")
        self._process = subprocess.Popen(
            [str(PYTHON), str(Path(__file__).with_name("cluster.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env=environment,
        )
        self.address = self._line()

    def kill_node(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("kill\n")
        self._process.stdin.flush()
        assert self._line() == "killed"

    def stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._log.close()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ray")


@pytest.fixture(scope="module")
def nodes(folder: Path) -> Iterator[RayNodes]:
    found = RayNodes(folder)
    try:
        yield found
    finally:
        found.stop()


@pytest.fixture(scope="module")
def simulated() -> Iterator[Sim]:
    sim = Sim({"latency_ms": 200})
    try:
        yield sim
    finally:
        sim.stop()


@pytest.fixture(scope="module")
def it(folder: Path, nodes: RayNodes, simulated: Sim) -> Iterator[Installation]:
    """An installation whose runs are done by Ray."""
    program = folder / "penstock"
    program.write_text(PROGRAM.format(python=PYTHON))
    program.chmod(0o755)
    found = Installation(folder / "home", program)
    found.extra["PENSTOCK_EVALUATION__RAY_ADDRESS"] = nodes.address
    try:
        found.start("--no-demo")
        _fill(found, simulated)
        yield found
    finally:
        found.kill()


def test_cancel_and_cost_cap_hold_on_a_cluster(it: Installation, simulated: Sim) -> None:
    capped = _start(it, cost_cap_usd=0.5)
    wait_until(lambda: _get(it, capped)["state"] not in {"queued", "running"}, 120)
    ended = _get(it, capped)
    assert ended["state"] == "cap_reached", ended
    assert 0.3 < ended["progress"]["cost_usd"] <= 0.5 + 0.01 * CONCURRENCY
    run = _start(it, repeats=5)
    wait_until(lambda: _get(it, run)["progress"]["done"] >= 1, 120)
    it.post(f"{_path(it)}/{run}/cancel", {})
    wait_until(lambda: _get(it, run)["state"] == "cancelled", 60)
    time.sleep(1)
    before = len(_calls(simulated))
    time.sleep(2)
    assert len(_calls(simulated)) == before
    assert 0 < _get(it, run)["progress"]["done"] < 5 * ITEMS


def test_a_run_on_a_cluster_that_loses_a_node_ends_as_on_one_machine(
    it: Installation, nodes: RayNodes, simulated: Sim
) -> None:
    before = len(_calls(simulated))
    run = _start(it)
    wait_until(lambda: _get(it, run)["progress"]["done"] >= 10, 120)
    nodes.kill_node()
    wait_until(lambda: _get(it, run)["state"] not in {"queued", "running"}, 200)
    ended = _get(it, run)
    assert (ended["state"], ended["progress"]["done"]) == ("done", ITEMS), ended
    seen = Counter(each["tag"] for each in _calls(simulated)[before:] if _is_answer(each))
    assert len(seen) == ITEMS
    again = sum(seen.values()) - ITEMS
    assert again <= CONCURRENCY  # those of the node that was killed
    it.stop()
    del it.extra["PENSTOCK_EVALUATION__RAY_ADDRESS"]
    it.start("--no-demo")
    wait_until(lambda: it.answers("slow/sim-small"))
    alone = _start(it)
    wait_until(lambda: _get(it, alone)["state"] == "done", 120)
    assert _results(it, run) == _results(it, alone)


def _fill(it: Installation, simulated: Sim) -> None:
    project = _path(it).removesuffix("/evaluations")
    provider = {"name": "slow", "base_url": f"{simulated.address}/v1", "private_allowed": True}
    it.post(f"{project}/providers", provider)
    price = {"unit": "requests", "price": "0.01", "per": 1}
    it.post(f"{project}/prices", {"provider": "slow", "model": "*", "prices": [price]})
    it.post(f"{project}/datasets", {"name": "faq"})
    put = [
        {"id": f"i{each}", "input": f"x-sim-tag: i{each}\nQuestion {each}?"}
        for each in range(ITEMS)
    ]
    it.post(f"{project}/datasets/faq/changes", {"put": put})
    wait_until(lambda: it.answers("slow/sim-small"))


def _start(it: Installation, **more: Any) -> str:
    rubric = {"model": "slow/sim-large", "criteria": "It answers the question."}
    body = {
        "dataset": "faq",
        "target": {"model": "slow/sim-small"},
        "evaluators": [
            {"kind": "length", "options": {"least": 1}},
            {"kind": "rubric", "options": rubric},
        ],
        "key_id": it.get(_path(it).removesuffix("evaluations") + "keys")["items"][-1]["id"],
        "concurrency": CONCURRENCY,
    }
    return str(it.post(_path(it), body | more)["id"])


def _get(it: Installation, run: str) -> Any:
    return it.get(f"{_path(it)}/{run}")


def _path(it: Installation) -> str:
    return f"/api/v1/projects/{it.get('/api/v1/projects')['items'][0]['id']}/evaluations"


def _calls(simulated: Sim) -> list[Any]:
    return simulated.get("/sim/calls?limit=10000")["calls"]


def _is_answer(call: Any) -> bool:
    """Returns whether it is a call of the model that the run measures, not of its judge."""
    return bool(call["tag"]) and call["model"] == "sim-small"


def _results(it: Installation, run: str) -> dict[str, Any]:
    page = it.get(f"{_path(it)}/{run}/results?limit=500")
    kept = ("state", "output", "input_tokens", "answer_cost_usd")
    return {
        each["item_id"]: (
            [each[name] for name in kept],
            {
                name: (found["state"], found.get("value"))
                for name, found in each["measurements"].items()
            },
        )
        for each in page["items"]
    }
