"""The story's side of the control plane: its use case, prompt, releases and canaries, by the REST
API. Run again, it goes on with what is there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from penstock.entrypoints.cli.api import Api
from penstock.entrypoints.cli.prompt_files import resolve
from penstock.entrypoints.cli.story.script import MODEL, SCORE, StoryVersion, plan
from penstock.kernel.errors import NotFound

ENVIRONMENT: Final = "production"


@dataclass(frozen=True, slots=True)
class StoryLook:
    """A canary at one moment: for each arm how many users said something and the share that found
    the answer helpful; the evidence that the candidate is worse, and that it is good enough."""

    baseline: tuple[int, float]
    candidate: tuple[int, float]
    worse: float
    good_enough: float
    reason: str
    paused: bool


class StoryProject:
    """The use case of the story in a project, whose API path is `path`."""

    def __init__(self, api: Api, path: str, use_case: str) -> None:
        self._api = api
        self._path = path
        self.use_case = use_case
        self.prompt = f"{use_case}/answer"
        self._rollout = f"{path}/rollouts/{use_case}/{ENVIRONMENT}"

    def set_use_case(self) -> None:
        """Adds the use case, unless it exists."""
        try:
            self._api.get(f"{self._path}/use-cases/{self.use_case}")
        except NotFound:
            body = {
                "name": self.use_case,
                "owner": "demo",
                "purpose": "Answers questions of customers. Made by `penstock demo --story`.",
                "criteria": [{"name": SCORE, "at_least": 0.65}],
                "status": "active",
            }
            self._api.call("POST", f"{self._path}/use-cases", body)

    def save_version(self, version: StoryVersion) -> dict[str, Any]:
        """Saves the next version of the prompt. Returns the prompt, and the version."""
        body = {"content": version.content(), "message": version.message}
        try:
            latest = resolve(self._api, self._path, self.prompt, "latest")
        except NotFound:
            return self._api.call("POST", f"{self._path}/prompts", body | {"name": self.prompt})
        place = f"{self._path}/prompts/{latest['prompt']['id']}/versions"
        return self._api.call("POST", place, body | {"parent": latest["version"]["digest"]})

    def make_release(self, version: StoryVersion) -> tuple[dict[str, Any], str]:
        """Saves the version and makes a release of it, with the evidence without which no release
        enters production. Returns the saved version and the hash of the release."""
        saved = self.save_version(version)
        body = {
            "model": MODEL,
            "prompt": saved["version"]["digest"],
            "message": version.message,
        }
        digest: str = self._api.call("POST", f"{self._path}/releases", body)["digest"]
        evidence = {"kind": "demo", "result": "passed", "run": "penstock demo --story"}
        self._api.call("POST", f"{self._path}/releases/{digest}/evidence", evidence)
        return saved, digest

    def start(self, release: str) -> None:
        """Makes a release answer all calls; ends a canary that an earlier story has left."""
        body = {"release": release, "seen": self._seen(), "message": "The story begins"}
        self._api.call("PUT", self._rollout, body)

    def begin_canary(self, release: str, version: StoryVersion) -> None:
        """Makes a release answer some of the calls."""
        body = {
            "release": release,
            "name": version.name,
            "plan": plan(),
            "seen": self._seen(),
            "message": version.message,
        }
        self._api.call("POST", f"{self._rollout}/canary", body)

    def look(self) -> StoryLook | None:
        """Returns how the canary stands; none once it has ended."""
        try:
            found = self._api.get(f"{self._rollout}/comparison/evidence")
        except NotFound:
            return None
        paused = found["comparison"]["status"] == "paused"
        measured: list[dict[str, Any]] = found["evidence"]["metrics"]
        if not measured:  # telemetry is late
            return StoryLook((0, 0.0), (0, 0.0), 1.0, 1.0, found["reason"], paused)
        (metric,) = measured
        return StoryLook(
            baseline=_helpful(metric["baseline"]),
            candidate=_helpful(metric["candidate"]),
            worse=metric["beyond"],
            good_enough=metric["within"],
            reason=found["reason"],
            paused=paused,
        )

    def last_change(self) -> dict[str, Any]:
        """Returns the last change of the rollout: what was done, by whom and why."""
        return self._api.get(f"{self._rollout}/history", limit=1)["items"][0]

    def roll_back(self) -> None:
        """Ends the canary, if one is left, in favour of the release before it."""
        try:
            body = {"seen": self._seen(), "message": "The story was interrupted"}
            self._api.call("POST", f"{self._rollout}/comparison/roll-back", body)
        except NotFound:
            return

    def _seen(self) -> int:
        try:
            return int(self._api.get(self._rollout)["version"])
        except NotFound:
            return 0


def _helpful(tally: Mapping[str, Any]) -> tuple[int, float]:
    """The guard counts what is missing to 1."""
    size = int(tally["size"])
    return size, 1 - tally["total"] / size if size else 0.0
