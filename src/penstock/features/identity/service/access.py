"""Authenticates keys and authorizes principals in projects."""

from penstock.features.access import Permission, Principal
from penstock.features.context import Context
from penstock.features.identity.service.projects import ProjectService
from penstock.features.identity.store import keys
from penstock.infra.crypto import keyed_digest
from penstock.kernel.errors import Forbidden, InvalidRequest, NotFound, Unauthenticated


class AccessService:
    """Resolves keys and checks permissions. `pepper` keys the digests of secrets."""

    def __init__(self, context: Context, projects: ProjectService, pepper: bytes) -> None:
        self._context = context
        self._projects = projects
        self._pepper = pepper

    def principal_of_key(self, secret: str) -> Principal:
        """Returns the principal of a key. Raises `Unauthenticated` if the key is unknown, revoked
        or expired."""
        digest = keyed_digest(self._pepper, secret)
        with self._context.database.read() as connection:
            key = keys.find_by_digest(connection, digest)
        if key is None:
            raise Unauthenticated(
                "This key does not exist or is revoked.", hint="`penstock key list` lists the keys."
            )
        now_ms = self._context.now_ms()
        limits = [key.expires_ms, *(s.expires_ms for s in key.secrets if s.digest == digest)]
        if any(limit is not None and limit <= now_ms for limit in limits):
            raise Unauthenticated(
                "This key has expired.",
                hint="Create a new key or rotate one.",
                code="expired_api_key",
            )
        return key.principal()

    def project_for(self, principal: Principal, named: str | None, permission: Permission) -> str:
        """Returns the project of a request: the one it names, or the principal's only one.

        Raises `Forbidden` without the permission, `NotFound` if the principal is not a member.
        """
        if permission is Permission.INSTANCE:
            if not principal.instance_admin:
                raise Forbidden("Only instance admins may do this.")
            return ""
        if principal.kind == "key" and not self._may_use_api(principal):
            raise Forbidden(
                "This key may only call models.",
                hint="`penstock key create NAME --role viewer` creates a key with read access,"
                " `--scope` one for single purposes.",
                code="key_without_role",
            )
        project_id = self._only_project(principal) if named is None else named
        if not self._is_member(principal, project_id):
            raise NotFound("This project does not exist, or you are not a member of it.")
        if not principal.may(permission, project_id):
            raise Forbidden(
                f"Your role in this project does not include {permission.value!r}.",
                hint="Ask an admin of the project for another role or key.",
            )
        return project_id

    def _may_use_api(self, principal: Principal) -> bool:
        return bool(principal.roles or principal.scopes or principal.instance_admin)

    def _is_member(self, principal: Principal, project_id: str) -> bool:
        if project_id in principal.roles or project_id in principal.scopes:
            return True
        return principal.instance_admin and self._projects.exists(project_id)

    def _only_project(self, principal: Principal) -> str:
        own = {**principal.roles, **principal.scopes}
        if len(own) != 1:
            raise InvalidRequest(
                "You are a member of several projects, or of none.",
                hint="Name the project with ?project_id=.",
                param="project_id",
            )
        return next(iter(own))
