"""Checks what enters protected environments, in the transaction that lets it in."""

from collections.abc import Callable, Collection, Mapping
from typing import Final, Protocol

from sqlalchemy import Connection

from penstock.features.access import Principal
from penstock.features.context import Context
from penstock.features.protection import store
from penstock.features.protection.model import (
    ApprovalSubject,
    Destination,
    MissingProof,
    Proofs,
    missing_of,
    needs_approval,
)
from penstock.features.releases.model import StoredRelease
from penstock.features.use_cases.model import StoredUseCase, UseCase, UseCaseEnvironment
from penstock.kernel.errors import Conflict, NotFound

NOBODY: Final = Principal("system", "", "", {})
_SHOWN: Final = 12  # characters of a hash in messages


class LoadUseCase(Protocol):
    """Finds a use case; with `lock` nobody else changes it until the end of the transaction.
    Raises `NotFound`."""

    def __call__(
        self, connection: Connection, project_id: str, name: str, *, lock: bool = False
    ) -> StoredUseCase: ...


class LoadRelease(Protocol):
    """Finds a release. Raises `NotFound`."""

    def __call__(self, connection: Connection, project_id: str, wanted: str) -> StoredRelease: ...


RunningReleases = Callable[[Connection, str, str], Mapping[str, Collection[str]]]
"""Returns the releases that answer a use case of a project now, by environment."""


class ReleaseAdmission:
    """The check of what enters an environment. Its functions take the caller's connection: the use
    case is locked, so that what is checked is still so at the commit."""

    def __init__(
        self,
        context: Context,
        use_case: LoadUseCase,
        release: LoadRelease,
        running: RunningReleases,
    ) -> None:
        self._context = context
        self._use_case = use_case
        self._release = release
        self._running = running

    def require(
        self,
        connection: Connection,
        project_id: str,
        place: tuple[str, str],
        digests: Collection[str],
        starter: Principal,
    ) -> bool:
        """Returns whether an environment (`place`: use case and environment) is protected. Raises
        `Conflict` if one of the releases may not enter it by the hand of `starter`."""
        use_case = self._use_case(connection, project_id, place[0], lock=True).entry
        destination = Destination(use_case, _environment(use_case, place[1]))
        for digest in sorted(digests):
            if missing := self._missing(connection, project_id, destination, digest, starter):
                raise _refusal(destination, digest, missing)
        return destination.environment.protected

    def missing(
        self, project_id: str, place: tuple[str, str], wanted: str, starter: Principal
    ) -> list[MissingProof]:
        """Returns what a release lacks to enter an environment now. Raises `NotFound`."""
        with self._context.database.read() as connection:
            use_case = self._use_case(connection, project_id, place[0]).entry
            destination = Destination(use_case, _environment(use_case, place[1]))
            digest = self._release(connection, project_id, wanted).digest
            return self._missing(connection, project_id, destination, digest, starter)

    def check_running(
        self, connection: Connection, project_id: str, before: UseCase, after: UseCase
    ) -> None:
        """Raises `Conflict` if a change of a use case protects an environment, or demands more of
        it, than the releases have that answer there."""
        running = self._running(connection, project_id, after.name)
        for environment in after.environments:
            same = before.environment(environment.name) == environment
            if same and needs_approval(before) == needs_approval(after):
                continue
            destination = Destination(after, environment)
            for digest in sorted(running.get(environment.name, ())):
                if missing := self._missing(connection, project_id, destination, digest, NOBODY):
                    raise _refusal(destination, digest, missing, runs=True)

    def _missing(
        self,
        connection: Connection,
        project_id: str,
        destination: Destination,
        digest: str,
        starter: Principal,
    ) -> list[MissingProof]:
        if not destination.environment.protected:
            return []
        use_case, environment = destination.use_case.name, destination.environment.name
        release = self._release(connection, project_id, digest)
        subject = ApprovalSubject(project_id, digest, use_case, environment)
        proofs = Proofs(
            store.newest_of_each_kind(connection, project_id, digest),
            store.find_approval(connection, subject),
        )
        ids = starter.ids if starter.id else frozenset[str]()
        return missing_of(destination, release, proofs, self._context.now_ms(), ids)


def _environment(use_case: UseCase, name: str) -> UseCaseEnvironment:
    if found := use_case.environment(name):
        return found
    known = ", ".join(each.name for each in use_case.environments)
    raise NotFound(
        f"The use case {use_case.name!r} has no environment {name[:63]!r}.",
        hint=f"It has: {known}.",
    )


def _refusal(
    destination: Destination,
    digest: str,
    missing: Collection[MissingProof],
    *,
    runs: bool = False,
) -> Conflict:
    """The error that names all that is missing, and how to get it."""
    first = next(iter(missing))
    verb = "runs in" if runs else "may not enter"
    use_case, environment = destination.use_case.name, destination.environment.name
    where = f"the protected environment {environment!r} of {use_case!r}"
    lines = "; ".join(each.message for each in missing)
    return Conflict(
        f"The release {digest[:_SHOWN]} {verb} {where}: {lines}.",
        hint=" ".join(dict.fromkeys(each.hint for each in missing)),
        code=first.code,
        param="environments" if runs else "release",
    )
