"""A canary whose prompt makes the provider fail is rolled back by itself, under real calls."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from installation import Installation, wait_until

pytestmark = pytest.mark.drill


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    it = Installation(tmp_path / "home")
    try:
        it.start()
        it.wait_for(it.answers)
        yield it
    finally:
        it.kill()


def ask(it: Installation) -> int:
    body = {"model": "support", "messages": [{"role": "user", "content": "hello"}]}
    request = urllib.request.Request(
        f"{it.gateway}/v1/chat/completions",
        json.dumps(body).encode(),
        {"authorization": f"Bearer {it.gateway_key}", "content-type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            answer.read()
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.read()
        return error.code


def release(it: Installation, folder: Path, last: str) -> str:
    """A release whose prompt ends with a message of the user."""
    name = f"support/{last.partition(':')[0]}"
    path = folder / f"{name}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"---\nparameters: {{}}\n---\n[messages messages]\n\n[user]\n{last}\n")
    it.run("prompts", "push", str(path), "--dir", str(folder), "-m", "made")
    made = it.json("release", "create", "--model", "sim/sim-small", "--prompt", name)
    return str(made["digest"])


def test_a_failing_canary_is_rolled_back_by_itself(
    installation: Installation, tmp_path: Path
) -> None:
    it = installation
    it.run("use-case", "set", "support", "--status", "active")
    good = release(it, tmp_path / "prompts", "thanks: a lot")
    bad = release(it, tmp_path / "prompts", "x-sim-fault: 400")
    for each in (good, bad):
        it.run("release", "evidence", each, "--kind", "smoke", "--result", "passed")
    it.run("rollout", "start", "support", good)
    wait_until(lambda: ask(it) == 200)
    project = it.get("/api/v1/projects")["items"][0]["id"]
    place = f"/api/v1/projects/{project}/rollouts/support/production"
    plan: dict[str, Any] = {
        "guards": [{"metric": "errors", "margin": 0.05, "minimum": 20}],
        "steps": [{"percent": 50, "hold_s": 600}],
        "period_s": 5,
    }
    it.post(f"{place}/canary", {"release": bad, "seen": 1, "plan": plan})
    answers: list[int] = []

    def rolled_back() -> bool:
        answers.extend(ask(it) for _ in range(5))
        return len(it.get(place)["arms"]) == 1

    it.wait_for(rolled_back, 120)
    assert {200, 400} <= set(answers)
    assert it.get(place)["arms"][0]["release"] == good
    (decision,) = it.json("rollout", "decisions", "support")
    print(f"rolled back after {len(answers)} calls: {decision['reason']}")
    assert decision["decision"] == "roll_back"
    wait_until(lambda: ask(it) == 200)
    assert {ask(it) for _ in range(30)} == {200}
