"""Changes what answers the calls of use cases. Each change is a version with its history and audit
event; a change that did not see the present version is a conflict.
"""

from collections.abc import Callable, Collection, Sequence
from fractions import Fraction
from typing import NamedTuple, Protocol

from msgspec.structs import replace
from sqlalchemy import Connection

from penstock.features.access import Principal
from penstock.features.context import Context
from penstock.features.rollouts import store
from penstock.features.rollouts.model import (
    FindRelease,
    FindUseCase,
    RolloutAction,
    RolloutChange,
    StoredRollout,
)
from penstock.features.rollouts.store import ROLLOUTS
from penstock.features.use_cases.model import UseCaseStatus
from penstock.infra.sql import Transaction
from penstock.kernel.errors import Conflict, Forbidden, InvalidRequest, NotFound
from penstock.rules.document import Document
from penstock.rules.releases.served import ReleaseSection
from penstock.rules.rollouts.documents import Rollout, RolloutArm
from penstock.rules.snapshot.rollouts import RELEASES, RolloutsSection
from penstock.rules.snapshot.rollouts import ROLLOUTS as SECTION

_NAME_CHARS = 12  # of a hash, as the name of an arm
_KEEPS_SHADOW = frozenset((RolloutAction.START, RolloutAction.COMPARE))

LoadBundles = Callable[[Connection, str, Collection[str]], Sequence[ReleaseSection]]


class ChangeBy(NamedTuple):
    """The author of a change, its kind and reason. `again`: it brings back what its environment has
    taken before; an incident does not wait for evidence."""

    actor: Principal
    project_id: str
    action: RolloutAction
    message: str
    restored: int = 0
    again: bool = False


class RequireProof(Protocol):
    """Returns whether an environment (use case and name) is protected. Raises `Conflict` if a
    release may not enter it."""

    def __call__(
        self,
        connection: Connection,
        project_id: str,
        place: tuple[str, str],
        digests: Collection[str],
        starter: Principal,
    ) -> bool: ...


class RolloutService:
    """Use cases of rollouts. `release` finds releases that can answer calls; `bundles` loads what
    gateways need of them; `require_proof` guards protected environments."""

    def __init__(
        self,
        context: Context,
        use_case: FindUseCase,
        release: FindRelease,
        bundles: LoadBundles,
        require_proof: RequireProof,
    ) -> None:
        self._context = context
        self._use_case = use_case
        self._release = release
        self._bundles = bundles
        self._require_proof = require_proof
        self._compiled: dict[str, ReleaseSection] = {}  # sections of releases: they never change

    def list_all(self, project_id: str) -> list[StoredRollout]:
        """Returns the rollouts of a project that answer calls."""
        with self._context.database.read() as connection:
            found = ROLLOUTS.list(connection, project_id)
        return [each for each in found if each.entry.arms]

    def get(self, project_id: str, use_case: str, environment: str) -> StoredRollout:
        """Returns a rollout, also one that was stopped. Raises `NotFound`."""
        with self._context.database.read() as connection:
            return find_rollout(connection, project_id, Rollout(use_case, environment, 0, ()))

    def history(
        self, project_id: str, use_case: str, environment: str, before: int | None, limit: int
    ) -> list[RolloutChange]:
        """Returns the changes of a rollout, newest first."""
        place = Rollout(use_case, environment, 0, ()).place
        with self._context.database.read() as connection:
            return store.list_changes(connection, project_id, place, before, limit)

    def start(
        self,
        actor: Principal,
        project_id: str,
        rollout: Rollout,
        *,
        message: str = "",
    ) -> StoredRollout:
        """Makes the rollout's release answer all calls. Its `version` is the one that the actor
        saw, 0 for none. Raises `NotFound`, `InvalidRequest`, `Forbidden`, and `Conflict` if
        somebody else was faster."""
        self.require_allowed(actor, project_id, rollout, starts=True)
        (arm,) = rollout.arms
        found = self._release(project_id, arm.release)
        wanted = replace(rollout, arms=(replace(arm, release=found.digest),))
        with self._context.database.write() as tx:
            return self.change(
                tx, ChangeBy(actor, project_id, RolloutAction.START, message), wanted
            )

    def stop(
        self, actor: Principal, project_id: str, rollout: Rollout, *, message: str = ""
    ) -> StoredRollout:
        """Ends a rollout: no release answers calls any more. The rest is as for `start`."""
        self.require_allowed(actor, project_id, rollout, starts=False)
        with self._context.database.write() as tx:
            wanted = replace(rollout, arms=(), baseline="", overrides={}, shadow=None)
            return self.change(tx, ChangeBy(actor, project_id, RolloutAction.STOP, message), wanted)

    def undo(
        self, actor: Principal, project_id: str, rollout: Rollout, *, message: str = ""
    ) -> StoredRollout:
        """Brings back what was before the last change; again, what was before that. The rest is as
        for `start`."""
        self.require_allowed(actor, project_id, rollout, starts=False)
        with self._context.database.read() as connection:
            present = find_rollout(connection, project_id, rollout)
            _require_seen(present.entry.version, rollout)
            earlier = _before(connection, project_id, present.entry)
        wanted = earlier.rollout
        for arm in wanted.arms:
            self._release(project_id, arm.release)
        by = ChangeBy(
            actor,
            project_id,
            RolloutAction.UNDO,
            message,
            wanted.version,
            again=earlier.protected,
        )
        with self._context.database.write() as tx:
            return self.change(tx, by, replace(wanted, version=rollout.version))

    def servable(self, project_id: str, arms: Sequence[RolloutArm]) -> tuple[RolloutArm, ...]:
        """Returns arms with the full hashes of their releases; an arm without a name has the
        beginning of its hash. Raises `NotFound`, `InvalidRequest`."""
        found: list[RolloutArm] = []
        for arm in arms:
            digest = self._release(project_id, arm.release).digest
            found.append(replace(arm, release=digest, name=arm.name or digest[:_NAME_CHARS]))
        return tuple(found)

    def documents(self) -> dict[str, Document]:
        """Returns the snapshot sections by name: rollouts, and the releases that they reach."""
        documents: dict[str, Document] = {}
        reached: dict[str, ReleaseSection] = {}
        with self._context.database.read() as connection:
            for project_id, rollouts in ROLLOUTS.of_all_projects(connection).items():
                served = tuple(each for each in rollouts if each.arms)
                if not served:
                    continue
                documents[SECTION.name(project_id)] = RolloutsSection(project_id, served)
                reached |= self._sections(connection, project_id, served)
        self._compiled = reached
        return documents | reached

    def secrets(self) -> dict[str, str]:
        """Rollouts need none."""
        return {}

    def _sections(
        self, connection: Connection, project_id: str, rollouts: Sequence[Rollout]
    ) -> dict[str, ReleaseSection]:
        """The sections of all releases that can answer, with those of the steps of chains."""
        digests = {arm.release for rollout in rollouts for arm in rollout.arms}
        digests |= {each.shadow.release for each in rollouts if each.shadow is not None}
        found = self._loaded(connection, project_id, digests)
        steps = {step for each in found.values() for step in each.release.steps.values()}
        return {**found, **self._loaded(connection, project_id, steps)}

    def _loaded(
        self, connection: Connection, project_id: str, digests: Collection[str]
    ) -> dict[str, ReleaseSection]:
        names = {digest: RELEASES.name(project_id, digest) for digest in digests}
        new = [digest for digest, name in names.items() if name not in self._compiled]
        loaded = self._bundles(connection, project_id, new) if new else ()
        found = {names[each.digest]: each for each in loaded}
        known = {name: self._compiled[name] for name in names.values() if name in self._compiled}
        return found | known

    def require_allowed(
        self, actor: Principal, project_id: str, rollout: Rollout, *, starts: bool
    ) -> None:
        """Raises the reason why the actor may not change this rollout."""
        use_case = self._use_case(project_id, rollout.use_case).entry
        if starts and use_case.status is UseCaseStatus.RETIRED:
            raise Conflict(
                f"The use case {use_case.name!r} is retired.",
                hint="Set another status first.",
                code="use_case_retired",
            )
        environment = use_case.environment(rollout.environment)
        if environment is None:
            known = ", ".join(each.name for each in use_case.environments)
            raise NotFound(
                f"The use case {use_case.name!r} has no environment {rollout.environment[:63]!r}.",
                hint=f"It has: {known}.",
            )
        if not actor.has_role(environment.role, project_id):
            raise Forbidden(
                f"Only the role {environment.role.value} changes what runs in "
                f"{environment.name!r}.",
                hint="Ask somebody with this role.",
                code="environment_protected",
            )

    def require_still_taken(
        self, connection: Connection, actor: Principal, project_id: str, rollout: Rollout
    ) -> None:
        """Raises `Conflict` if the environment does not take the candidates of a comparison."""
        candidates = {each.release for each in rollout.arms if each.name != rollout.baseline}
        place = (rollout.use_case, rollout.environment)
        self._require_proof(connection, project_id, place, candidates, actor)

    def change(self, tx: Transaction, by: ChangeBy, wanted: Rollout) -> StoredRollout:
        """Stores the next version in the caller's transaction. `wanted.version` is the one that the
        actor saw."""
        project_id = by.project_id
        before = ROLLOUTS.find(tx.connection, project_id, wanted.place)
        present = before.entry.version if before else 0
        _require_seen(present, wanted)
        if before is not None:
            wanted = _with_shadow(before.entry, wanted, by.action)
        protected = self._require_proof(
            tx.connection,
            project_id,
            (wanted.use_case, wanted.environment),
            () if by.again else _entering(before.entry if before else None, wanted),
            by.actor,
        )
        now_ms = self._context.now_ms()
        after = StoredRollout(project_id, replace(wanted, version=present + 1), now_ms)
        (ROLLOUTS.save if before else ROLLOUTS.add)(tx.connection, after)
        store.add_change(
            tx.connection,
            RolloutChange(
                project_id,
                after.entry,
                by.action,
                by.restored,
                by.actor.label,
                by.message,
                now_ms,
                protected,
            ),
        )
        self._context.audit_log.append(
            tx,
            by.actor,
            project_id,
            f"rollout.{by.action.value}",
            wanted.place,
            before=_shown(before.entry if before else None),
            after={**_shown(after.entry), "message": by.message},
        )
        return after


def find_rollout(connection: Connection, project_id: str, rollout: Rollout) -> StoredRollout:
    """Returns what is stored for a place. Raises `NotFound`."""
    if found := ROLLOUTS.find(connection, project_id, rollout.place):
        return found
    raise NotFound(
        f"The use case {rollout.use_case[:63]!r} has had no release in "
        f"{rollout.environment[:63]!r}.",
        hint="Start one: penstock rollout start USE_CASE RELEASE",
    )


def _require_seen(present: int, wanted: Rollout) -> None:
    if present != wanted.version:
        raise Conflict(
            f"The rollout {wanted.place!r} has version {present} now; you saw {wanted.version}.",
            hint="Load it again, then decide.",
            code="rollout_changed",
            param="seen",
        )


def _before(connection: Connection, project_id: str, present: Rollout) -> RolloutChange:
    """The change before the one that made the present content, where its content was first.
    Raises `InvalidRequest` if there is none."""

    def origin(version: int) -> RolloutChange | None:
        found = store.find_change(connection, project_id, present.place, version)
        if found is None or not found.restored:
            return found
        return store.find_change(connection, project_id, present.place, found.restored)

    made = origin(present.version)
    earlier = origin(made.rollout.version - 1) if made is not None else None
    if earlier is None:
        raise InvalidRequest(
            f"Nothing was in {present.place!r} before.",
            hint="Stop it: penstock rollout stop",
            code="nothing_to_undo",
        )
    return earlier


def _entering(before: Rollout | None, wanted: Rollout) -> set[str]:
    """The releases that are new, or get a larger share; not the baseline of a comparison, to which
    traffic goes back."""
    present = before.arms if before else ()
    old, new = _shares(present), _shares(wanted.arms)
    baseline = {each.release for each in present if before and each.name == before.baseline}
    return {each for each in new if each not in old or new[each] > old[each]} - baseline


def _shares(arms: Sequence[RolloutArm]) -> dict[str, Fraction]:
    total = sum(each.weight for each in arms) or 1
    found: dict[str, Fraction] = {}
    for arm in arms:
        found[arm.release] = found.get(arm.release, Fraction(0)) + Fraction(arm.weight, total)
    return found


def _with_shadow(before: Rollout, wanted: Rollout, action: RolloutAction) -> Rollout:
    """The next rollout. Its shadow stays when other releases begin to answer, until it is the only
    one that does."""
    shadow = before.shadow if action in _KEEPS_SHADOW else wanted.shadow
    if shadow is not None and {each.release for each in wanted.arms} == {shadow.release}:
        shadow = None
    return replace(wanted, shadow=shadow)


def _shown(rollout: Rollout | None) -> dict[str, object]:
    """The part of a rollout that audit events have."""
    if rollout is None:
        return {"version": 0, "arms": []}
    arms = [
        {"release": each.release, "weight": each.weight, "name": each.name} for each in rollout.arms
    ]
    shown: dict[str, object] = {"version": rollout.version, "arms": arms}
    if rollout.shadow is not None:
        shown["shadow"] = {
            "release": rollout.shadow.release,
            "percent": rollout.shadow.percent,
            "usd_per_day": f"{rollout.shadow.usd_per_day:f}",
        }
    return shown
