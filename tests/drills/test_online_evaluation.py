"""Online evaluation of a stream of calls: planted bad answers are found again within the interval,
whatever is killed; an evaluator from the documentation works; a canary is rolled back.

`--drill-full`: 20,000 calls.
"""

import asyncio
import json
import random
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from drills.installation import kill
from installation import Installation, wait_until
from penstock.rules.sampling import is_sampled

pytestmark = [pytest.mark.drill, pytest.mark.timeout(1800)]

ROOT = Path(__file__).parents[2]
SEED = 12  # of what is planted; `--drill-seed` draws another stream
BAD = 0.05
AT_ONCE = 16
STREAM = "stream"  # the use case of its calls; the call that waits for the start has none


@dataclass(frozen=True)
class Planted:
    """A call of the stream: its trace, and its faults."""

    trace: str
    faults: frozenset[str]

    @property
    def answer(self) -> str:
        """The text that the application answers: the simulated judge takes its values from it."""
        toxic = str("toxic" in self.faults).lower()
        grounded = str("hallucinated" not in self.faults).lower()
        within = str("off_topic" not in self.faults).lower()
        said = f"toxic: {toxic}, met: {grounded}, within: {within}, abstain: false"
        return f"Call {self.trace[:8]}. {said}"


def stream(size: int, seed: int) -> list[Planted]:
    """Calls with exactly 5 % of each fault, in random order."""
    draws = random.Random(seed)
    faults: list[set[str]] = [set() for _ in range(size)]
    for name in ("toxic", "hallucinated", "off_topic"):
        for at in draws.sample(range(size), round(size * BAD)):
            faults[at].add(name)
    return [Planted(f"{draws.getrandbits(128):032x}", frozenset(each)) for each in faults]


@pytest.fixture
def it(tmp_path: Path) -> Iterator[Installation]:
    installation = Installation(tmp_path / "home")
    installation.extra["PYTHONPATH"] = str(tmp_path / "plugins")
    try:
        yield installation
    finally:
        installation.kill()


def send(it: Installation, calls: list[Planted]) -> None:
    """Makes the calls, as many at once as an application might."""

    async def run() -> None:
        slots = asyncio.Semaphore(AT_ONCE)
        headers = {"authorization": f"Bearer {it.gateway_key}", "x-penstock-use-case": STREAM}
        async with httpx.AsyncClient(base_url=it.gateway, headers=headers, timeout=60) as client:

            async def one(call: Planted) -> None:
                step = json.dumps({"text": call.answer})
                message = {"role": "user", "content": f"Question?\nx-sim-step: {step}"}
                tool = {"type": "function", "function": {"name": "none", "parameters": {}}}
                body = {"model": "sim/sim-small", "messages": [message], "tools": [tool]}
                parent = {"traceparent": f"00-{call.trace}-{call.trace[:16]}-01"}
                async with slots:
                    sent = await client.post("/v1/chat/completions", json=body, headers=parent)
                assert sent.status_code == 200, sent.text

            async with asyncio.TaskGroup() as group:
                for call in calls:
                    group.create_task(one(call))

    asyncio.run(run())


def judged(it: Installation, share: float, daily: int) -> None:
    """Sets the online evaluation, with the simulated provider as the judge."""
    judge = {"model": "sim/sim-small"}
    criteria = judge | {"criteria": "It says what the sources say.", "shown": []}
    topic = judge | {"domain": "Water."}
    it.run(
        *("online", "set", "quality", "--share", str(share), "--daily-calls", str(daily)),
        *("--only", f"use_case={STREAM}"),
        *("--budget", "1000", "--evaluator", f"toxic=toxicity:{json.dumps(judge)}"),
        *("--evaluator", f"grounded=rubric:{json.dumps(criteria)}"),
        *("--evaluator", f"on_topic=topic:{json.dumps(topic)}"),
    )


def test_planted_faults_are_found_again_within_the_interval(
    it: Installation, drill_full: bool, request: pytest.FixtureRequest
) -> None:
    given = request.config.getoption("--drill-seed")
    size, share = (20_000, 0.1) if drill_full else (400, 0.5)
    calls = stream(size, SEED if given is None else int(given))
    drawn = [each for each in calls if is_sampled(each.trace, share)]
    it.start()
    it.wait_for(it.answers)
    judged(it, share, len(drawn) + 100)
    send(it, calls)
    path = f"/api/v1/projects/{it.get('/api/v1/projects')['items'][0]['id']}/online-evaluations"

    def shown() -> Any:
        return it.get(f"{path}/quality")

    kills = 0
    for part in (0.3, 0.6):
        wait_until(lambda goal=part: shown()["counts"]["measured"] >= goal * len(drawn), 900)
        if worker := it.children().get("worker"):
            kill(worker)
            kills += 1
    wait_until(lambda: shown()["counts"]["measured"] >= len(drawn), 900)
    wait_until(lambda: shown()["waiting"] == 0)
    counts, figures = shown()["counts"], it.get(f"{path}/quality/figures")
    assert (counts["eligible"], counts["drawn"], counts["measured"]) == (
        size,
        len(drawn),
        len(drawn),
    )

    planted = Counter(fault for each in drawn for fault in each.faults)
    metrics = figures["total"]["metrics"]
    pairs = {"toxic": "toxic", "grounded": "hallucinated", "on_topic": "off_topic"}
    for name, fault in pairs.items():
        found = metrics[name]
        assert set(found["states"]) <= {"scored", "unmeasured"}, found
        bad = found["estimate"]["mean"] if name == "toxic" else 1 - found["estimate"]["mean"]
        low, high = found["estimate"]["low"], found["estimate"]["high"]
        print(
            f"{fault}: {planted[fault]} of {len(drawn)} drawn; rate {bad:.4f} of {size} calls,"
            f" {low:.4f} to {high:.4f} ({name}), {kills} kills"
        )
        assert abs(bad * found["scored"] - planted[fault]) < 0.5
        assert low <= (BAD if name == "toxic" else 1 - BAD) <= high
        assert high - low < 0.2
    worst = it.get(f"{path}/quality/worst?metric=toxic&limit=5")["items"]
    traces = {each.trace: each for each in drawn}
    assert all("toxic" in traces[each["trace_id"]].faults for each in worst)
    scores = it.get(f"/api/v1/scores?name=toxic&trace_id={worst[0]['trace_id']}")["items"]
    assert [each["author"] for each in scores] == ["online:quality"]


def test_an_evaluator_of_the_documentation_measures_live_traffic(
    it: Installation, tmp_path: Path
) -> None:
    """The twenty lines of docs/evaluators.md, installed as it says."""
    text = (ROOT / "docs" / "evaluators.md").read_text()
    block = next(
        each for each in re.findall(r"```bash\n(.*?)```", text, re.DOTALL) if "acme" in each
    )
    subprocess.run(["bash", "-euo", "pipefail", "-c", block], cwd=tmp_path, check=True)
    install = ("-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation")
    target = ("--target", str(tmp_path / "plugins"), str(tmp_path / "acme"))
    subprocess.run([sys.executable, *install, *target], check=True)
    it.start()
    it.wait_for(it.answers)
    only = ("--only", f"use_case={STREAM}")
    it.run("online", "set", "greetings", *only, "--share", "1", "--evaluator", "greets")
    send(it, [Planted(f"{at:032x}", frozenset()) for at in range(1, 6)])
    wait_until(lambda: it.json("online", "list")[0]["counts"]["measured"] == 5, 180)
    figures = it.json("online", "show", "greetings")["figures"]
    assert figures["total"]["metrics"]["greets"]["scored"] == 5
    assert figures["total"]["metrics"]["greets"]["estimate"]["mean"] == 0.0


def release(it: Installation, folder: Path, name: str, quality: float) -> str:
    """A release whose answers help in this share of the calls."""
    path = folder / f"{name}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    head = "---\nparameters: {}\n---\n"
    path.write_text(f"{head}[system]\nx-sim-quality: {quality}\n\n[messages messages]\n")
    it.run("prompts", "push", str(path), "--dir", str(folder), "-m", "made")
    made = it.json("release", "create", "--model", "sim/sim-small", "--prompt", name)
    digest = str(made["digest"])
    it.run("release", "evidence", digest, "--kind", "smoke", "--result", "passed")
    return digest


def test_a_canary_with_bad_scores_of_an_online_evaluation_is_rolled_back(
    it: Installation, tmp_path: Path
) -> None:
    it.start()
    it.wait_for(it.answers)
    it.run("use-case", "set", "support", "--status", "active")
    good, bad = (
        release(it, tmp_path / "prompts", name, quality)
        for name, quality in (("good", 1.0), ("bad", 0.1))
    )
    it.run("rollout", "start", "support", good)
    wait_until(lambda: it.answers("support"))
    helps = 'helpful=regex:{"pattern": "^This simulated answer helps"}'
    chosen = ("--only", "use_case=support", "--share", "1", "--evaluator", helps)
    it.run("online", "set", "support", *chosen)
    project = it.get("/api/v1/projects")["items"][0]["id"]
    place = f"/api/v1/projects/{project}/rollouts/support/production"
    guard = {"metric": "score", "score": "helpful", "margin": 0.1, "minimum": 20}
    steps = [{"percent": 50, "hold_s": 3600}]
    plan = {"guards": [guard], "steps": steps, "period_s": 5}
    it.post(f"{place}/canary", {"release": bad, "seen": 1, "plan": plan})
    made = 0

    def rolled_back() -> bool:
        nonlocal made
        for _ in range(3):
            it.chat(f"Question {made}?", model="support")
            made += 1
        time.sleep(0.5)
        return len(it.get(place)["arms"]) == 1

    it.wait_for(rolled_back, 300)
    assert it.get(place)["arms"][0]["release"] == good
    (decision,) = it.json("rollout", "decisions", "support")
    print(f"rolled back after {made} calls: {decision['reason']}")
    assert decision["decision"] == "roll_back"
    assert "helpful" in decision["reason"]
