"""`<project_id>/rollouts`: what answers the calls of use cases. `<project_id>/releases/<hash>`: a
release that a rollout reaches; it never changes, so gateways fetch and compile it once."""

from collections.abc import Mapping
from typing import Final

from penstock.rules.document import Document
from penstock.rules.releases.served import ReleaseSection, ServedRelease
from penstock.rules.rollouts.documents import Rollout
from penstock.rules.snapshot.section import SectionKind


class RolloutsSection(Document, frozen=True):
    """The rollouts of one project."""

    project_id: str
    rollouts: tuple[Rollout, ...] = ()


class RolloutIndex:
    """The rollouts of a project: by use case, then by environment."""

    def __init__(self, section: RolloutsSection) -> None:
        self.project_id = section.project_id
        found: dict[str, dict[str, Rollout]] = {}
        for rollout in section.rollouts:
            found.setdefault(rollout.use_case, {})[rollout.environment] = rollout
        self.of_use_case: Mapping[str, Mapping[str, Rollout]] = found


ROLLOUTS: Final = SectionKind("rollouts", RolloutsSection, RolloutIndex, RolloutIndex)
RELEASES: Final = SectionKind("releases", ReleaseSection, ServedRelease, ServedRelease.of)
