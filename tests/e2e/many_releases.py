"""Creates use cases, releases, rollouts, approvals and feedback in realistic numbers.

`python -m e2e.many_releases HOME` fills a new installation and keeps it running until it is ended,
so that its pages can be looked at.
"""

import argparse
from pathlib import Path
from typing import Any, Final

from installation import Installation

SUBJECTS: Final = ("support", "sales", "search", "billing", "legal", "hr", "travel", "claims")
TASKS: Final = ("triage", "answers", "summaries", "extraction", "drafts", "routing", "translation")
MESSAGES: Final = (
    "Shorter answers",
    "Cites the contract, and says so when a clause is missing",
    "Larger model for long threads",
    "Lower temperature",
    "Stricter rules for refunds above 500 EUR",
)
MODELS: Final = ("sim/sim-small", "sim/sim-large", "sim/sim-reasoner")
RISKS: Final = ("minimal", "limited", "high")


def fill(installation: Installation, use_cases: int, releases: int) -> None:
    """Creates use cases with a rollout each, and as many releases, of which some wait for an
    approval, are compared, or have a shadow."""
    base = f"/api/v1/projects/{installation.get('/api/v1/session')['project_id']}"
    names = [f"{SUBJECTS[at % 8]}-{TASKS[at % 7]}-{at:02}" for at in range(use_cases)]
    prompts = [_prompt(installation, base, at) for at in range(min(use_cases, 20))]
    for at, name in enumerate(names):
        _use_case(installation, base, name, at)
    digests: dict[str, list[str]] = {name: [] for name in names}
    for at in range(releases):
        made = _release(installation, base, prompts[at % len(prompts)], at)
        digests[names[at % use_cases]].append(made)
    for at, name in enumerate(names):
        _rollout(installation, base, name, digests[name], at)


def _prompt(installation: Installation, base: str, at: int) -> str:
    name = f"{SUBJECTS[at % 8]}/{TASKS[at % 7]}-{at}"
    content = {
        "kind": "chat",
        "messages": [
            {"role": "system", "content": f"You work on {TASKS[at % 7]}. Be brief and exact."},
            {"placeholder": "messages"},
        ],
    }
    made = installation.post(f"{base}/prompts", {"name": name, "content": content})
    return str(made["version"]["digest"])


def _use_case(installation: Installation, base: str, name: str, at: int) -> None:
    body = {
        "name": name,
        "owner": f"Team {SUBJECTS[at % 8].title()}",
        "purpose": f"{TASKS[at % 7].title()} for {SUBJECTS[at % 8]}: what customers write, in "
        "three languages, with the tone of the brand and with facts only.",
        "risk_tier": RISKS[at % 3],
        "status": "draft" if at % 7 == 3 else "active",
        "data_classes": ["personal", "contract"][: at % 3],
        "criteria": [{"name": "helpful", "at_least": 0.8}],
    }
    installation.post(f"{base}/use-cases", body)


def _release(installation: Installation, base: str, prompt: str, at: int) -> str:
    body: dict[str, Any] = {
        "model": MODELS[at % 3],
        "prompt": prompt,
        "parameters": {"seed": at, "temperature": at % 10 / 10},
        "message": MESSAGES[at % len(MESSAGES)],
    }
    digest = str(installation.post(f"{base}/releases", body)["digest"])
    evidence = {
        "kind": "evals",
        "result": "failed" if at % 11 == 5 else "passed",
        "run": f"run_{at}",
        "figures": {"correct": 0.9 + at % 10 / 100},
    }
    installation.post(f"{base}/releases/{digest}/evidence", evidence)
    return digest


def _rollout(
    installation: Installation, base: str, name: str, releases: list[str], at: int
) -> None:
    place = f"{base}/rollouts/{name}/dev"
    installation.post(place, {"release": releases[0], "seen": 0, "message": "First one"}, "PUT")
    if at % 3 == 1:
        guard = {"metric": "errors", "margin": 0.05}
        plan = {"steps": [{"percent": 10}, {"percent": 50}], "guards": [guard]}
        canary = {"release": releases[1], "seen": 1, "message": "Next one", "plan": plan}
        installation.post(f"{place}/canary", canary)
    if at % 4 == 0:
        shadow = {"release": releases[-1], "seen": 2 if at % 3 == 1 else 1, "usd_per_day": "2.5"}
        installation.post(f"{place}/shadow", shadow | {"percent": 50}, "PUT")
    if at % 5 == 2:
        where = f"{base}/releases/{releases[-1]}/approvals/{name}/production"
        installation.post(f"{where}/request", {"message": "Better on the golden set, same price."})


def main() -> None:
    parser = argparse.ArgumentParser(prog="e2e.many_releases", description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--use-cases", type=int, default=60)
    parser.add_argument("--releases", type=int, default=300)
    wanted = parser.parse_args()
    installation = Installation(wanted.home)
    installation.start("--workers", "1")
    try:
        fill(installation, wanted.use_cases, wanted.releases)
        print(installation.server, flush=True)
        assert installation.process is not None
        installation.process.wait()
    finally:
        installation.kill()


if __name__ == "__main__":
    main()
