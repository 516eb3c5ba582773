"""The releases that evaluations make and call."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from penstock.features.access import Principal
from penstock.features.context import Context
from penstock.features.releases.assembly import find_releases, load_bundles
from penstock.features.releases.service import ReleaseService, get_release
from penstock.kernel.errors import PenstockError
from penstock.rules.releases.documents import Release
from penstock.rules.releases.served import ReleaseSection


@dataclass(frozen=True, slots=True)
class EvaluatedReleaseStore:
    """`features.evaluations.model.EvaluatedReleases`. The worker makes none: it has no service."""

    context: Context
    service: ReleaseService | None = None

    def make(self, actor: Principal, project_id: str, release: Release) -> str:
        """Returns the hash of a release with this content."""
        if self.service is None:
            raise PenstockError("This process makes no releases.")
        return self.service.create(actor, project_id, release, "evaluated")[0].digest

    def load(self, project_id: str, wanted: str) -> ReleaseSection:
        """Returns a release by its hash, or enough of it."""
        with self.context.database.read() as connection:
            digest = get_release(connection, project_id, wanted).digest
            return load_bundles(connection, project_id, (digest,))[0]

    def contents(self, project_id: str, digests: Collection[str]) -> Mapping[str, Release]:
        """Returns the contents of releases by their hashes, of those that exist."""
        with self.context.database.read() as connection:
            found = find_releases(connection, project_id, digests)
        return {each.digest: each.release for each in found}
