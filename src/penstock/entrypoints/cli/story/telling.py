"""The story itself: traffic, feedback, a new version that is worse, and one that is better."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from penstock.entrypoints.cli.story.project import ENVIRONMENT, StoryLook, StoryProject
from penstock.entrypoints.cli.story.script import (
    BETTER,
    CALLS_PER_S,
    FIRST,
    PERCENT,
    PERIOD_S,
    WORSE,
    StoryVersion,
)
from penstock.entrypoints.cli.story.traffic import StoryTraffic
from penstock.kernel.errors import UpstreamTimeout

FIRST_TRAFFIC_S: Final = 10.0
LONGEST_CANARY_S: Final = 180.0
_NEEDED: Final = 20  # evidence at which the rule decides, at the usual rates of wrong decisions

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class StoryEnd:
    """The end of a canary: what was done (`promote`, `roll_back`), by whom and why; after how many
    seconds."""

    action: str
    author: str
    reason: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Story:
    """The story in a project, with its traffic. `tell` prints its sentences."""

    project: StoryProject
    traffic: StoryTraffic
    tell: Tell
    console: str  # URL of the project's pages

    def run(self) -> dict[str, StoryEnd]:
        """Runs the whole story. Returns the end of each canary by the name of its version."""
        self._begin()
        try:
            with self.traffic:
                self._first_traffic()
                ends = {each.name: self._canary(each) for each in (WORSE, BETTER)}
        except BaseException:
            self.project.roll_back()
            raise
        self._end()
        return ends

    def _begin(self) -> None:
        project = self.project
        self.tell(f"\n1. A use case with a prompt. Applications call {project.use_case!r}.")
        project.set_use_case()
        saved, release = project.make_release(FIRST)
        project.start(release)
        self.tell(f"   Prompt {project.prompt!r}, {FIRST.name}: {FIRST.instruction}")
        self.tell(
            f"   Release {release[:12]} (prompt and model) answers all calls. Production takes"
        )
        self.tell("   none without passed evidence; here the story itself says that it has passed.")
        self.tell(f"   {self.console}/prompts/{saved['prompt']['id']}")

    def _first_traffic(self) -> None:
        self.tell(f"\n2. Traffic: {CALLS_PER_S:g} calls per second; users say if answers help.")
        end = time.monotonic() + FIRST_TRAFFIC_S
        while time.monotonic() < end:
            self._wait(1)
        said = self.traffic.feedback
        share = said[True] / max(1, said.total())
        self.tell(
            f"   {self.traffic.outcomes['answered']} calls answered; {share:.0%} of "
            f"{said.total()} users found the answer helpful."
        )
        use_case = self.project.use_case
        self.tell(f"   {self.console}/traces?use_case={use_case}")
        self.tell(f"   {self.console}/feedback")

    def _canary(self, version: StoryVersion) -> StoryEnd:
        number = "3" if version is WORSE else "4"
        self.tell(f"\n{number}. {version.message}: {version.name} of the prompt.")
        self.tell(f"   {version.instruction}")
        _, release = self.project.make_release(version)
        self.project.begin_canary(release, version)
        self.tell(
            f"   Release {release[:12]} is a canary: it answers {PERCENT} % of the calls. Each "
            f"{PERIOD_S} s a rule\n   weighs what users say; calls of the first seconds do not "
            f"count. Evidence of {_NEEDED} decides."
        )
        self.tell(f"   {self._rollout_page()}")
        begun = time.monotonic()
        while (look := self.project.look()) is not None:
            seconds = time.monotonic() - begun
            self._show(version, look, seconds)
            if look.paused or seconds > LONGEST_CANARY_S:
                raise UpstreamTimeout(
                    f"The canary of {version.name} came to no end: {look.reason}",
                    hint="See `penstock rollout evidence`, and whether calls and feedback arrive.",
                )
            self._wait(PERIOD_S)
        return self._ended(version, time.monotonic() - begun)

    def _show(self, version: StoryVersion, look: StoryLook, seconds: float) -> None:
        self.tell(
            f"   {seconds:3.0f} s  before: {_share(look.baseline)}   "
            f"{version.name}: {_share(look.candidate)}   "
            f"evidence: worse {look.worse:.3g}, good enough {look.good_enough:.3g}"
        )

    def _ended(self, version: StoryVersion, seconds: float) -> StoryEnd:
        change = self.project.last_change()
        end = StoryEnd(change["action"], change["author"], change["message"], seconds)
        done = {
            "roll_back": "was rolled back: the release before answers all calls",
            "promote": "was promoted: it answers all calls",
        }.get(end.action, f"ended by {end.action!r}")
        self.tell(f"   → {version.name} {done}, after {seconds:.0f} s, by the {end.author}.")
        self.tell(f"   {end.reason}")
        return end

    def _end(self) -> None:
        outcomes = self.traffic.outcomes
        failed = outcomes.total() - outcomes["answered"]
        name = self.project.use_case
        self.tell(f"\n5. {outcomes['answered']} calls were answered, {failed} failed.")
        self.tell(f"   All changes with their evidence: {self._rollout_page()}")
        self.tell(f"   Who did what, and why: {self.console}/audit")
        self.tell(f"   penstock rollout history {name}     penstock rollout decisions {name}")
        self.tell(f"   penstock rollout undo {name}        takes the last change back in a second")
        self.tell(f"\nThis is left: the use case {name!r} with {BETTER.name} in production, its")
        self.tell(f"releases, the prompt {self.project.prompt!r}, calls and feedback. To remove:")
        self.tell(f"   penstock rollout stop {name} && penstock use-case remove {name}")

    def _rollout_page(self) -> str:
        return f"{self.console}/rollouts/{self.project.use_case}/{ENVIRONMENT}"

    def _wait(self, seconds: float) -> None:
        time.sleep(seconds)
        self.traffic.check()


def _share(tally: tuple[int, float]) -> str:
    size, share = tally
    return f"{share:4.0%} of {size:3} helpful" if size else "nothing yet"


def as_document(ends: Mapping[str, StoryEnd], traffic: StoryTraffic) -> dict[str, Any]:
    """Returns the story as a document for `--json`."""
    return {
        "calls": dict(traffic.outcomes),
        "canaries": {
            name: {
                "action": end.action,
                "author": end.author,
                "reason": end.reason,
                "seconds": round(end.seconds, 1),
            }
            for name, end in ends.items()
        },
    }
