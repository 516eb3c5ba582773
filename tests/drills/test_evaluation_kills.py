"""An evaluation run survives `kill -9` of the worker, of the gateway, and of everything: it ends
as an undisturbed one, and the provider saw a call twice only if a kill met it.

`--drill-full`: 2,000 items and ten kills.
"""

import json
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from drills.installation import Supervised, kill
from installation import Installation, wait_until
from tests.ports import free_port

pytestmark = [pytest.mark.drill, pytest.mark.timeout(900)]

CONCURRENCY = 8
MARGIN_NS = 1_000_000_000  # an answer that came just before a kill may not have been kept


@dataclass
class World:
    """An installation with a provider of its own that stays up, and a dataset."""

    it: Installation
    log: Path
    project: str
    key: str
    kills_ns: list[int]

    def run(self) -> str:
        body = {
            "dataset": "faq",
            "target": {"model": "slow/sim-small"},
            "evaluators": [
                {"kind": "length", "options": {"least": 1}},
                {"kind": "counterfactual"},  # in the second pass
            ],
            "key_id": self.key,
            "concurrency": CONCURRENCY,
        }
        return str(self.it.post(f"{self.project}/evaluations", body)["id"])

    def get(self, run_id: str) -> Any:
        return self.it.get(f"{self.project}/evaluations/{run_id}")

    def results(self, run_id: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        cursor = ""
        while True:
            path = f"{self.project}/evaluations/{run_id}/results?limit=500&cursor={cursor}"
            page = self.it.get(path)
            for each in page["items"]:
                assert each["item_id"] not in found
                found[each["item_id"]] = [
                    *(each["state"], each["output"], each["input_tokens"], each["answer_cost_usd"]),
                    each["measurements"],
                ]
            cursor = page["next_cursor"]
            if not cursor:
                return found

    def calls(self) -> list[Any]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def strike(self, number: int) -> None:
        """Kills the worker, the gateway, or everything."""
        if number % 3 == 2:
            self.it.kill()
            self.kills_ns.append(time.time_ns())
            self.it.start()
        else:
            kill(self.it.children()["worker" if number % 3 == 0 else "gateway"])
            self.kills_ns.append(time.time_ns())


@pytest.fixture
def items(drill_full: bool) -> int:
    return 2000 if drill_full else 200


@pytest.fixture
def world(tmp_path: Path, items: int) -> Iterator[World]:
    log, port = tmp_path / "calls.jsonl", free_port()
    sim = Supervised(
        tmp_path, ["sim", "--port", str(port), "--log", str(log), "--latency-ms", "250"]
    )
    sim.start()
    it = Installation(tmp_path / "home")
    try:
        it.start("--no-demo")
        project = f"/api/v1/projects/{it.get('/api/v1/projects')['items'][0]['id']}"
        provider = {"name": "slow", "base_url": f"http://127.0.0.1:{port}/v1"}
        it.post(f"{project}/providers", provider | {"private_allowed": True})
        key = it.get(f"{project}/keys")["items"][-1]["id"]
        it.post(f"{project}/datasets", {"name": "faq"})
        for at in range(0, items, 500):
            put = [
                {
                    "id": f"i{each}",
                    "input": f"x-sim-tag: i{each}\nQuestion {each}?",
                    "group": f"g{each // 2}",
                }
                for each in range(at, min(at + 500, items))
            ]
            it.post(f"{project}/datasets/faq/changes", {"put": put})
        wait_until(lambda: it.answers("slow/sim-small"))
        yield World(it, log, project, key, [])
    finally:
        it.kill()
        sim.stop()


def test_a_run_ends_as_if_nothing_was_killed(
    world: World, items: int, drill_full: bool, drill_seed: int
) -> None:
    draws = random.Random(drill_seed)
    kills = 10 if drill_full else 3
    run, seen = world.run(), 0
    for number in range(kills):
        at_least = seen + draws.randint(1, max(1, (items - seen) // (kills - number) // 2))
        wait_until(lambda goal=at_least: world.get(run)["progress"]["done"] >= goal, 120)
        wait_until(lambda: "worker" in world.it.children(), 60)
        world.strike(number)
        wait_until(world.it.answers_rest, 60)
        seen = world.get(run)["progress"]["done"]
    wait_until(lambda: world.get(run)["state"] not in {"queued", "running"}, 600)
    ended = world.get(run)
    assert (ended["state"], ended["progress"]["done"]) == ("done", items), ended
    twice = require_only_struck_calls_again(world, items)
    print(f"seed {drill_seed}: {items} items, {kills} kills, {twice} calls made again")
    undisturbed = world.run()
    wait_until(lambda: world.get(undisturbed)["state"] == "done", 600)
    results = world.results(run)
    assert results == world.results(undisturbed)
    compared = [each[-1]["counterfactual"]["state"] for each in results.values()]
    assert compared == ["scored"] * items


def require_only_struck_calls_again(world: World, items: int) -> int:
    """Returns how many calls the provider saw again. Each of them was under way at a kill."""
    by_item: dict[str, list[Any]] = defaultdict(list)
    for call in world.calls():
        if call["tag"]:
            by_item[call["tag"]].append(call)
    assert len(by_item) == items
    again = 0
    for calls in by_item.values():
        calls.sort(key=lambda each: each["started_ns"])
        for call in calls[:-1]:
            again += 1
            assert any(
                call["started_ns"] <= at and call["ended_ns"] + MARGIN_NS >= at
                for at in world.kills_ns
            ), (calls, world.kills_ns)
    assert again <= len(world.kills_ns) * CONCURRENCY
    return again
