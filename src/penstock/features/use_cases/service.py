"""Adds, replaces and removes use cases."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, cast

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from penstock.features.access import Principal
from penstock.features.context import Context
from penstock.features.use_cases.model import (
    MAX_USE_CASES,
    StoredUseCase,
    UseCase,
    check_name_is_free,
    check_use_case,
)
from penstock.features.use_cases.store import USE_CASES
from penstock.kernel.errors import Conflict, Forbidden, InvalidRequest, NotFound

ListModels = Callable[[str], Mapping[str, Sequence[str]]]
NamesOf = Callable[[str], Collection[str]]
CheckRunning = Callable[[Connection, str, UseCase, UseCase], None]
"""Raises `Conflict` if releases that run do not meet what a change of a use case demands."""


class UseCaseService:
    """The catalogue of use cases. `listed_models` and `route_names` return what a name would hide;
    `in_use` the environments in which a use case has a release; `check_running` refuses a change
    that these releases do not meet."""

    def __init__(
        self,
        context: Context,
        listed_models: ListModels,
        route_names: NamesOf,
        in_use: Callable[[str, str], Collection[str]],
        check_running: CheckRunning,
    ) -> None:
        self._context = context
        self._listed_models = listed_models
        self._route_names = route_names
        self._in_use = in_use
        self._check_running = check_running

    def list_all(self, project_id: str) -> list[StoredUseCase]:
        """Returns the use cases of a project by name."""
        with self._context.database.read() as connection:
            return USE_CASES.list(connection, project_id)

    def get(self, project_id: str, name: str) -> StoredUseCase:
        """Returns a use case. Raises `NotFound`."""
        with self._context.database.read() as connection:
            return get_use_case(connection, project_id, name)

    def add(self, actor: Principal, project_id: str, use_case: UseCase) -> StoredUseCase:
        """Adds a use case as version 1. Raises `InvalidRequest`, and `Conflict` for a name that is
        taken."""
        check_use_case(use_case)
        check_name_is_free(
            use_case.name, self._route_names(project_id), self._listed_models(project_id)
        )
        added = StoredUseCase(project_id, replace(use_case, version=1), self._context.now_ms())
        with self._context.database.write() as tx:
            if USE_CASES.find(tx.connection, project_id, use_case.name) is not None:
                raise Conflict(
                    f"This project has a use case {use_case.name!r} already.",
                    hint="Change it, or choose another name.",
                    param="name",
                )
            if USE_CASES.count(tx.connection, project_id) >= MAX_USE_CASES:
                raise InvalidRequest(f"A project has at most {MAX_USE_CASES:,} use cases.")
            USE_CASES.add(tx.connection, added)
            self._context.audit_log.append(
                tx, actor, project_id, "use_case.add", use_case.name, after=_audit_fields(added)
            )
        return added

    def replace(
        self, actor: Principal, project_id: str, use_case: UseCase, *, of_version: int | None
    ) -> StoredUseCase:
        """Replaces a use case by its next version. With `of_version`, only if that is the present
        one. Raises `NotFound`, `InvalidRequest`, `Forbidden`, and `Conflict` if somebody else was
        faster, or if an environment goes that has a release."""
        check_use_case(use_case)
        self._check_environments_stay(project_id, use_case)
        with self._context.database.write() as tx:
            before = get_use_case(tx.connection, project_id, use_case.name, lock=True)
            present = before.entry.version
            if of_version not in (None, present):
                raise Conflict(
                    f"The use case {use_case.name!r} has version {present} now, not {of_version}.",
                    hint="Load it again, then repeat your change.",
                    code="use_case_changed",
                )
            _require_roles(actor, project_id, before.entry, use_case)
            self._check_running(tx.connection, project_id, before.entry, use_case)
            after = StoredUseCase(
                project_id, replace(use_case, version=present + 1), self._context.now_ms()
            )
            USE_CASES.save(tx.connection, after)
            self._context.audit_log.append(
                tx,
                actor,
                project_id,
                "use_case.replace",
                use_case.name,
                before=_audit_fields(before),
                after=_audit_fields(after),
            )
        return after

    def remove(self, actor: Principal, project_id: str, name: str) -> None:
        """Removes a use case. Raises `NotFound`, `Forbidden` unless the actor may change all of its
        environments, and `Conflict` while it has a release."""
        if served := sorted(self._in_use(project_id, name)):
            raise Conflict(
                f"The use case {name!r} has releases in {', '.join(served)}.",
                hint="Stop them first: penstock rollout stop",
                code="use_case_in_use",
            )
        with self._context.database.write() as tx:
            before = get_use_case(tx.connection, project_id, name)
            _require_roles(actor, project_id, before.entry, replace(before.entry, environments=()))
            USE_CASES.remove(tx.connection, project_id, name)
            self._context.audit_log.append(
                tx, actor, project_id, "use_case.remove", name, before=_audit_fields(before)
            )

    def _check_environments_stay(self, project_id: str, use_case: UseCase) -> None:
        gone = [
            name
            for name in sorted(self._in_use(project_id, use_case.name))
            if use_case.environment(name) is None
        ]
        if gone:
            raise Conflict(
                f"The environment {gone[0]!r} has a release.",
                hint="Stop it first: penstock rollout stop",
                code="environment_in_use",
                param="environments",
            )


def get_use_case(
    connection: Connection, project_id: str, name: str, *, lock: bool = False
) -> StoredUseCase:
    """Returns a use case; with `lock` nobody else changes it until the end of the transaction.
    Raises `NotFound`."""
    if use_case := USE_CASES.find(connection, project_id, name, lock=lock):
        return use_case
    raise NotFound(
        f"This project has no use case {name[:63]!r}.", hint="List them: penstock use-case list"
    )


def _require_roles(actor: Principal, project_id: str, before: UseCase, after: UseCase) -> None:
    """Raises `Forbidden` for a changed rule of an environment that the actor may not change. The
    risk tier is a rule of all protected ones."""
    known = {each.name: each for each in before.environments}
    for environment in (*before.environments, *after.environments):
        same = after.environment(environment.name) == known.get(environment.name)
        if environment.protected and before.risk_tier is not after.risk_tier:
            same = False
        if not same and not actor.has_role(environment.role, project_id):
            raise Forbidden(
                f"Only the role {environment.role.value} changes the environment "
                f"{environment.name!r}.",
                code="environment_protected",
                param="environments",
            )


def _audit_fields(use_case: StoredUseCase) -> dict[str, object]:
    return cast("dict[str, Any]", msgspec.to_builtins(use_case.entry))
