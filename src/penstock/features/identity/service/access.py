"""Who is asking: resolves keys and sessions to principals, and finds the project they mean."""

from penstock.features.identity.context import Context
from penstock.features.identity.model import Permission, Principal
from penstock.features.identity.service.projects import ProjectService
from penstock.features.identity.store import keys
from penstock.infra.crypto import keyed_digest
from penstock.kernel.errors import Forbidden, InvalidRequest, NotFound, Unauthenticated


class AccessService:
    """Decides about keys and grants. `pepper` keys the digests under which secrets are stored."""

    def __init__(self, context: Context, projects: ProjectService, pepper: bytes) -> None:
        self._context = context
        self._projects = projects
        self._pepper = pepper

    def principal_of_key(self, secret: str) -> Principal:
        """Whose key this is; `Unauthenticated` if it is unknown, revoked or has expired."""
        digest = keyed_digest(self._pepper, secret)
        with self._context.database.read() as connection:
            key = keys.find_by_digest(connection, digest)
        if key is None:
            raise Unauthenticated("This key is not known here.", hint="`penstock key list`.")
        now_ms = self._context.now_ms()
        limits = [key.expires_ms, *(s.expires_ms for s in key.secrets if s.digest == digest)]
        if any(limit is not None and limit <= now_ms for limit in limits):
            raise Unauthenticated(
                "This key has expired.", hint="Make or rotate one.", code="expired_api_key"
            )
        return key.principal()

    def project_for(self, principal: Principal, named: str | None, permission: Permission) -> str:
        """The project a request is about, granted: the one it names or the principal's only one.

        `Forbidden` without the permission, `NotFound` for projects one has no part in.
        """
        if permission is Permission.INSTANCE:
            if not principal.instance_admin:
                raise Forbidden("Only instance admins may do this.")
            return ""
        if principal.kind == "key" and not principal.roles and not principal.instance_admin:
            raise Forbidden(
                "This key may call models and nothing else.",
                hint="`penstock key create NAME --role viewer` makes one that may read.",
                code="key_without_role",
            )
        project_id = self._only_project(principal) if named is None else named
        if not self._has_part(principal, project_id):
            raise NotFound("There is no such project, or you have no part in it.")
        if not principal.may(permission, project_id):
            raise Forbidden(
                f"Your role here does not include {permission.value!r}.",
                hint="Ask an admin of the project for another role.",
            )
        return project_id

    def _has_part(self, principal: Principal, project_id: str) -> bool:
        if project_id in principal.roles:
            return True
        return principal.instance_admin and self._projects.exists(project_id)

    def _only_project(self, principal: Principal) -> str:
        if len(principal.roles) != 1:
            raise InvalidRequest(
                "You take part in several projects, or in none.",
                hint="Say which one with ?project_id=.",
                param="project_id",
            )
        return next(iter(principal.roles))
