"""What evaluation schedules measure, found in the verticals that have it."""

from collections.abc import Callable
from dataclasses import dataclass

from penstock.features.context import Context
from penstock.features.prompts.assembly import prompt_versions
from penstock.features.prompts.service.prompts import PromptService
from penstock.features.rollouts.model import StoredRollout
from penstock.kernel.errors import NotFound

FindRollout = Callable[[str, str, str], StoredRollout]


@dataclass(frozen=True, slots=True)
class ScheduledPartFinder:
    """`features.evaluations.schedules.model.ScheduledParts`."""

    context: Context
    rollout: FindRollout

    def prompt_digest(self, project_id: str, name: str, version: str) -> str:
        """Returns the hash of a version of a prompt."""
        found = PromptService(self.context).resolve(project_id, name, version)
        return found.version.head.digest

    def prompt_name(self, project_id: str, digest: str) -> str:
        """Returns the name of the prompt with a version of this hash."""
        with self.context.database.read() as connection:
            found = prompt_versions(connection, project_id, digest)
        return found.prompt.name if found else ""

    def serving_release(self, project_id: str, use_case: str, environment: str) -> str:
        """Returns the release that answers a use case; of several, that of the baseline."""
        rollout = self.rollout(project_id, use_case, environment).entry
        for arm in rollout.arms:
            if arm.name == (rollout.baseline or rollout.arms[0].name):
                return arm.release
        raise NotFound(
            f"No release answers the use case {use_case[:63]!r} in {environment[:63]!r}.",
            hint="Start one: penstock rollout start USE_CASE RELEASE",
        )
