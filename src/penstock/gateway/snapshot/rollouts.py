"""The rollouts of one project, ready to choose the release of a call."""

from collections.abc import Callable
from typing import Final

from penstock.rules.releases.served import ServedRelease
from penstock.rules.rollouts.assignment import ArmBasis, Assignment, WeightedArm
from penstock.rules.rollouts.documents import Rollout
from penstock.rules.snapshot.rollouts import RolloutIndex

FindServed = Callable[[str], ServedRelease | None]
USE_CASE_OWNER: Final = "use-case"  # in model lists, in place of a provider


class RunningRollout:
    """A rollout with its arms, prepared for calls."""

    def __init__(self, project_id: str, rollout: Rollout, find: FindServed) -> None:
        self.rollout = rollout
        self._releases = {arm.name: arm.release for arm in rollout.arms}
        self._find = find
        self._assignment = Assignment(
            [WeightedArm(arm.name, arm.weight) for arm in rollout.arms],
            salt=(project_id, rollout.use_case, rollout.environment),
            baseline=rollout.baseline or rollout.arms[0].name,
            overrides=rollout.overrides,
        )

    def choose(self, unit: str) -> tuple[str, ArmBasis, str, ServedRelease | None]:
        """Returns the arm of a unit, why it is that one, its release's hash, and the release;
        `None` if it is not in the snapshot."""
        arm = self._assignment.choose(unit)
        digest = self._releases[arm.name]
        return arm.name, arm.basis, digest, self._find(digest)

    def served(self, digest: str) -> ServedRelease | None:
        """Returns a release of this rollout; `None` if it is not in the snapshot."""
        return self._find(digest)


class ProjectRollouts:
    """The rollouts of a project, each prepared at its first call."""

    def __init__(self, index: RolloutIndex, find: FindServed) -> None:
        self._index = index
        self._find = find
        self._running: dict[str, RunningRollout] = {}

    def __contains__(self, use_case: str) -> bool:
        return use_case in self._index.of_use_case

    @property
    def use_cases(self) -> list[str]:
        """The names of the use cases that have a release somewhere."""
        return sorted(self._index.of_use_case)

    def environments(self, use_case: str) -> list[str]:
        """The environments in which a use case has a release."""
        return sorted(self._index.of_use_case.get(use_case, ()))

    def find(self, use_case: str, environment: str) -> RunningRollout | None:
        """Returns what answers a use case in an environment."""
        rollout = self._index.of_use_case[use_case].get(environment)
        if rollout is None:
            return None
        running = self._running.get(rollout.place)
        if running is None:
            running = RunningRollout(self._index.project_id, rollout, self._find)
            self._running[rollout.place] = running
        return running
