"""A worker in a home of its own, with PostgreSQL: it does the runs of a server elsewhere, and a run
goes on after `kill -9` of it."""

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from drills.installation import Supervised, kill
from installation import Installation, wait_until
from penstock.infra.home import Home
from penstock.infra.sql import Database
from tests.ports import free_port
from tests.stores import postgres_cluster

pytestmark = [pytest.mark.drill, pytest.mark.timeout(300)]

ITEMS = 60
CONCURRENCY = 4


@pytest.fixture(scope="module")
def database_url() -> Iterator[str]:
    with postgres_cluster() as running:
        yield running.new_url()


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    port, log = free_port(), tmp_path / "calls.jsonl"
    sim = Supervised(
        tmp_path, ["sim", "--port", str(port), "--log", str(log), "--latency-ms", "400"]
    )
    sim.start()
    try:
        yield port, log
    finally:
        sim.stop()


@pytest.fixture
def it(tmp_path: Path, database_url: str) -> Iterator[Installation]:
    """An installation whose server uses PostgreSQL."""
    found = Installation(tmp_path / "home")
    found.extra["PENSTOCK_SERVER__DATABASE_URL"] = database_url
    try:
        found.start("--no-demo")
        yield found
    finally:
        found.kill()


@pytest.fixture
def elsewhere(tmp_path: Path, it: Installation, database_url: str) -> Iterator[Supervised]:
    """`penstock worker` with what it needs: two addresses and the gateway token."""
    home = tmp_path / "elsewhere"
    home.mkdir(mode=0o700)
    shutil.copy(it.home / "gateway.token", home)
    worker = Supervised(
        tmp_path,
        ["worker", "--home", str(home)],
        PENSTOCK_SERVER__DATABASE_URL=database_url,
        PENSTOCK_GATEWAY_URL=it.gateway,
    )
    worker.start()
    try:
        wait_until(lambda: "The worker uses the gateway" in worker.log())
        yield worker
    finally:
        worker.stop()


def test_a_worker_elsewhere_does_the_runs_and_survives_kills(
    it: Installation,
    elsewhere: Supervised,
    provider: tuple[int, Path],
    database_url: str,
    tmp_path: Path,
) -> None:
    port, log = provider
    project = f"/api/v1/projects/{it.get('/api/v1/projects')['items'][0]['id']}"
    _fill(it, project, port)
    run = _start(it, project)
    name = Home(tmp_path / "elsewhere").worker_name.read_text()
    wait_until(lambda: _workers(database_url) == [name])
    wait_until(lambda: _get(it, project, run)["progress"]["done"] >= 5)
    kill(elsewhere.pids("worker")[0])
    wait_until(lambda: _get(it, project, run)["state"] == "done", 120)
    tags = Counter(
        each["tag"] for each in map(json.loads, log.read_text().splitlines()) if each["tag"]
    )
    assert len(tags) == ITEMS
    assert sum(tags.values()) - ITEMS <= CONCURRENCY  # those under way at the kill
    report = it.get(f"{project}/evaluations/{run}/report")
    assert report["rows"] == {"measured": ITEMS}
    again = _start(it, project)
    wait_until(lambda: _get(it, project, again)["state"] == "done", 120)
    assert _outputs(it, project, run) == _outputs(it, project, again)
    _require_reads(it, project, run, again)
    stopped = _start(it, project, repeats=5)
    wait_until(lambda: _get(it, project, stopped)["progress"]["done"] >= 1)
    it.post(f"{project}/evaluations/{stopped}/cancel", {})
    wait_until(lambda: _get(it, project, stopped)["state"] == "cancelled")
    it.post(f"{project}/evaluations/{stopped}/resume", {})
    wait_until(lambda: _get(it, project, stopped)["state"] == "done", 120)
    assert it.get(f"{project}/evaluations/{stopped}/report")["rows"] == {"measured": 5 * ITEMS}


def _require_reads(it: Installation, project: str, run: str, again: str) -> None:
    """All reads of runs work on PostgreSQL, too."""
    path = f"{project}/evaluations"
    assert it.get(f"{path}/compare?run={run}&run={again}")["runs"] == [run, again]
    worst = it.get(f"{path}/regressions?baseline={run}&candidate={again}&limit=5")
    assert isinstance(worst["items"], list)
    assert it.get(f"{path}/figures?dataset=faq&metric=length")["targets"]
    assert len(it.get(f"{path}?dataset=faq")["items"]) == 2


def _fill(it: Installation, project: str, port: int) -> None:
    provider = {"name": "slow", "base_url": f"http://127.0.0.1:{port}/v1"}
    it.post(f"{project}/providers", provider | {"private_allowed": True})
    it.post(f"{project}/datasets", {"name": "faq"})
    put = [
        {"id": f"i{each}", "input": f"x-sim-tag: i{each}\nQuestion {each}?"}
        for each in range(ITEMS)
    ]
    it.post(f"{project}/datasets/faq/changes", {"put": put})
    wait_until(lambda: it.answers("slow/sim-small"))


def _start(it: Installation, project: str, repeats: int = 1) -> str:
    body = {
        "dataset": "faq",
        "target": {"model": "slow/sim-small"},
        "evaluators": [{"kind": "length", "options": {"least": 1}}],
        "key_id": it.get(f"{project}/keys")["items"][-1]["id"],
        "concurrency": CONCURRENCY,
        "repeats": repeats,
    }
    return str(it.post(f"{project}/evaluations", body)["id"])


def _get(it: Installation, project: str, run: str) -> Any:
    return it.get(f"{project}/evaluations/{run}")


def _outputs(it: Installation, project: str, run: str) -> dict[str, str]:
    page = it.get(f"{project}/evaluations/{run}/results?limit=500")
    return {each["item_id"]: each["output"] for each in page["items"]}


def _workers(database_url: str) -> list[str]:
    """Returns the workers that hold a job."""
    database = Database(database_url)
    try:
        with database.read() as connection:
            rows = connection.execute(text("SELECT worker FROM jobs WHERE state = 'running'"))
            return [row[0] for row in rows]
    finally:
        database.close()
