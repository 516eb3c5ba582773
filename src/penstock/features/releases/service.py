"""Makes and finds releases, and follows what they contain and what contains them."""

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from sqlalchemy import Connection

from penstock.features.access import Principal
from penstock.features.context import Context
from penstock.features.prompts.model import ResolvedPrompt
from penstock.features.releases import store
from penstock.features.releases.checks import (
    check_model,
    check_release,
    content_of,
    parts_of,
)
from penstock.features.releases.model import (
    DIGEST_START,
    MAX_RELEASES,
    ListedModels,
    PartKind,
    ReleaseLineage,
    StoredRelease,
)
from penstock.kernel.errors import InvalidRequest, NotFound
from penstock.rules.releases.documents import Release
from penstock.rules.releases.served import ReleaseSection


class PromptVersions(Protocol):
    """Finds versions of prompts."""

    def __call__(
        self, connection: Connection, project_id: str, digest: str
    ) -> ResolvedPrompt | None: ...


class ReleaseService:
    """Use cases of releases. `listed_models` and `route_names` say what a release may name;
    `rollouts_of` where a release answers calls."""

    def __init__(
        self,
        context: Context,
        prompts: PromptVersions,
        listed_models: Callable[[str], ListedModels],
        route_names: Callable[[str], Collection[str]],
        rollouts_of: Callable[[str, str], Sequence[tuple[str, str]]],
    ) -> None:
        self._context = context
        self._prompts = prompts
        self._listed_models = listed_models
        self._route_names = route_names
        self._rollouts_of = rollouts_of

    def create(
        self, actor: Principal, project_id: str, release: Release, message: str = ""
    ) -> tuple[StoredRelease, bool]:
        """Makes a release, and returns it with whether it is new: the same content is the same
        release. Raises `InvalidRequest` for one that cannot work."""
        if release.model:
            check_model(
                release.model, self._route_names(project_id), self._listed_models(project_id)
            )
        made = StoredRelease(
            project_id,
            release.digest(),
            release,
            actor.label,
            message,
            self._context.now_ms(),
            tuple(sorted(actor.ids)),
        )
        with self._context.database.write() as tx:
            if known := store.find_release(tx.connection, project_id, made.digest):
                return known, False
            prompt = self._prompt(tx.connection, project_id, release)
            check_release(release, prompt)
            _require_steps(tx.connection, project_id, release)
            if store.count_releases(tx.connection, project_id) >= MAX_RELEASES:
                raise InvalidRequest(f"A project has at most {MAX_RELEASES:,} releases.")
            content, partials = content_of(prompt)
            bundle = ReleaseSection(project_id, made.digest, release, content, dict(partials))
            store.add_release(tx.connection, made, bundle, parts_of(release, prompt))
            after = {
                "model": release.model,
                "prompt": release.prompt,
                "steps": dict(release.steps),
                "message": message,
            }
            self._context.audit_log.append(
                tx, actor, project_id, "release.create", made.digest, after=after
            )
        return made, True

    def find(self, project_id: str, wanted: str) -> StoredRelease:
        """Returns a release by its hash, or by enough of its beginning. Raises `NotFound`, and
        `InvalidRequest` if several begin so."""
        with self._context.database.read() as connection:
            return get_release(connection, project_id, wanted)

    def list(
        self,
        project_id: str,
        containing: Sequence[tuple[PartKind, str]],
        before: tuple[int, str] | None,
        limit: int,
    ) -> list[StoredRelease]:
        """Returns the releases that contain all of these parts, newest first."""
        with self._context.database.read() as connection:
            return store.list_releases(
                connection, project_id, containing=containing, before=before, limit=limit
            )

    def lineage(self, project_id: str, wanted: str, limit: int) -> ReleaseLineage:
        """Returns what a release contains and where it is used. Raises `NotFound`."""
        with self._context.database.read() as connection:
            release = get_release(connection, project_id, wanted)
            contains = store.list_parts(connection, project_id, release.digest)
            above = store.list_releases(
                connection,
                project_id,
                containing=[(PartKind.STEP, release.digest)],
                before=None,
                limit=limit,
            )
        used = self._rollouts_of(project_id, release.digest)
        return ReleaseLineage(release, contains, above, used)

    def require_servable(self, project_id: str, wanted: str) -> StoredRelease:
        """Returns a release that can answer calls now: of a chain, all its steps can. Raises
        `NotFound`, and `InvalidRequest` if a model is gone, or a step is a chain itself."""
        found = self.find(project_id, wanted)
        for digest in sorted(set(found.release.steps.values())):
            step = self.find(project_id, digest)
            if not step.release.model:
                raise InvalidRequest(
                    f"The step {digest[:12]} of the release {found.digest[:12]} is a chain itself.",
                    hint="Name the releases of its steps as steps of this one.",
                    code="release_not_servable",
                    param="release",
                )
            self._require_model(project_id, step)
        if found.release.model:
            self._require_model(project_id, found)
        return found

    def _require_model(self, project_id: str, found: StoredRelease) -> None:
        """Raises `InvalidRequest` if the model of a release is gone."""
        try:
            check_model(
                found.release.model,
                self._route_names(project_id),
                self._listed_models(project_id),
            )
        except InvalidRequest as error:
            raise InvalidRequest(
                f"The release {found.digest[:12]} cannot answer calls. {error.message}",
                hint=error.hint,
                code=error.code,
                param="release",
            ) from None

    def _prompt(
        self, connection: Connection, project_id: str, release: Release
    ) -> ResolvedPrompt | None:
        """The version that a release names. Raises `InvalidRequest` if it does not exist."""
        if not release.prompt:
            return None
        if found := self._prompts(connection, project_id, release.prompt):
            return found
        raise InvalidRequest(
            f"No prompt of this project has a version with the hash {release.prompt[:12]}.",
            hint="Show the hash: penstock prompts show NAME --json",
            code="release_invalid",
            param="prompt",
        )


def get_release(connection: Connection, project_id: str, wanted: str) -> StoredRelease:
    """Returns a release by its hash, or by enough of its beginning. Raises `NotFound`, and
    `InvalidRequest` if several begin so."""
    if not DIGEST_START.fullmatch(wanted):
        raise InvalidRequest(
            "A release is named by its hash, or by its first eight characters or more.",
            hint="List them: penstock release list",
            param="release",
        )
    found = store.find_started(connection, project_id, wanted)
    if len(found) > 1:
        raise InvalidRequest(
            f"Several releases begin with {wanted}.", hint="Give more of the hash."
        )
    if not found:
        raise NotFound(
            f"This project has no release {wanted[:12]}.", hint="List them: penstock release list"
        )
    return found[0]


def _require_steps(connection: Connection, project_id: str, release: Release) -> None:
    wanted = set(release.steps.values())
    known = {each.digest for each in store.find_releases(connection, project_id, wanted)}
    if missing := sorted(wanted - known):
        raise InvalidRequest(
            f"This project has no release {missing[0][:12]} for a step.",
            hint="Give the whole hash of each step's release.",
            code="release_invalid",
            param="steps",
        )
