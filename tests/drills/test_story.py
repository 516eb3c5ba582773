"""The story of `penstock demo --story`, with real calls: a worse version of a prompt is rolled back
by itself, a better one promoted. Quality enters by the scores of users only.

`pytest -s -m drill tests/drills/test_story.py --drill-full` tells it for 20 seeds, in one
installation.
"""

import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from installation import PENSTOCK, Installation

pytestmark = [pytest.mark.drill, pytest.mark.timeout(7200)]  # as `--drill-full`

NAME = "demo-story"
RIGHT = {"v2": "roll_back", "v3": "promote"}


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    it = Installation(tmp_path / "home")
    try:
        it.start("--demo")
        it.wait_for(it.answers)
        yield it
    finally:
        it.kill()


def tell(it: Installation, seed: int) -> dict[str, Any]:
    """Returns the story as the command prints it."""
    done = subprocess.run(
        [str(PENSTOCK), "demo", "--story", "--seed", str(seed), "--json"],
        env=it.environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_worse_version_is_rolled_back_and_a_better_one_promoted(
    installation: Installation, drill_full: bool, drill_seed: int
) -> None:
    it = installation
    decided: Counter[str] = Counter()
    calls: Counter[str] = Counter()
    seconds: dict[str, list[float]] = {name: [] for name in RIGHT}
    seeds = range(drill_seed, drill_seed + (20 if drill_full else 1))
    for seed in seeds:
        shown = tell(it, seed)
        calls.update(shown["calls"])
        for name, end in shown["canaries"].items():
            decided["right" if end["action"] == RIGHT[name] else "wrong"] += 1
            seconds[name].append(end["seconds"])
            assert end["author"] == "rule of the rollout", (seed, end)
    spans = {name: f"{min(each):.0f} to {max(each):.0f} s" for name, each in seconds.items()}
    print(f"{len(seeds)} seeds from {drill_seed}: {dict(decided)}, {spans}, {dict(calls)}")
    assert decided == {"right": 2 * len(seeds)}
    assert set(calls) == {"answered"}
    check_what_is_seen(it, stories=len(seeds))


def check_what_is_seen(it: Installation, stories: int) -> None:
    """The console and the audit log show what happened, and why."""
    project = f"/api/v1/projects/{it.get('/api/v1/projects')['items'][0]['id']}"
    place = f"{project}/rollouts/{NAME}/production"
    [arm] = it.get(place)["arms"]
    assert arm["name"] == "v3"
    decisions = it.get(f"{place}/decisions?limit=100")["items"]
    assert [each["decision"] for each in decisions] == ["promote", "roll_back"] * stories
    assert "score:thumbs of v2 is" in decisions[1]["reason"]
    actions = [each["action"] for each in it.get(f"{place}/history?limit=4")["items"]]
    assert actions == ["promote", "compare", "roll_back", "compare"]
    events = it.get(f"{project}/audit?limit=100")["items"]
    found = [each for each in events if each["action"] == "rollout.decided"]
    assert [each["after"]["decision"] for each in found[:2]] == ["promote", "roll_back"]
    assert found[1]["after"]["metrics"][0]["beyond"] >= 20
    said = it.get(f"/api/v1/scores?{urlencode({'use_case': NAME, 'name': 'thumbs'})}")["items"]
    assert {each["arm"] for each in said} >= {"v3"}
    after = datetime.fromisoformat(decisions[1]["decided_at"]) + timedelta(seconds=1)
    query = {"use_case": NAME, "arm": "v2", "from": after.isoformat()}
    assert it.get(f"/api/v1/traces?{urlencode(query)}")["items"] == []
