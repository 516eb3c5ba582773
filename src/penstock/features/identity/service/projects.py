"""Projects: create, list, change."""

from dataclasses import replace

from penstock.features.access import Principal, Role
from penstock.features.context import Context
from penstock.features.identity.model import Member, Project
from penstock.features.identity.store import projects, users
from penstock.infra.sql import Transaction
from penstock.kernel.errors import Conflict, NotFound
from penstock.rules.snapshot.access import ProjectPolicy


class ProjectService:
    """Use cases of projects."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def create(self, actor: Principal, name: str) -> Project:
        """Creates a project. A user becomes its owner; a project created with a key has no members
        until an invitation is redeemed. Raises `Conflict` if the name is taken."""
        now_ms = self._context.now_ms()
        project = Project(self._context.new_id("prj"), name, ProjectPolicy(), now_ms)
        with self._context.database.write() as tx:
            if projects.find_by_name(tx.connection, name):
                raise Conflict(f"A project named {name!r} already exists.", param="name")
            projects.add(tx.connection, project)
            self._context.audit_log.append(
                tx, actor, project.id, "project.create", project.id, after=project.audit_fields()
            )
            if actor.kind == "user":
                self._add_owner(tx, actor, project)
        return project

    def list_visible(self, actor: Principal) -> list[Project]:
        """Returns the projects in which `actor` has a role; all of them for instance admins."""
        only = None if actor.instance_admin else list(actor.roles)
        with self._context.database.read() as connection:
            return projects.list_all(connection, only=only)

    def get(self, project_id: str) -> Project:
        """Returns the project. Raises `NotFound`."""
        with self._context.database.read() as connection:
            return _get(projects.find(connection, project_id), project_id)

    def exists(self, project_id: str) -> bool:
        """Returns whether the project exists."""
        with self._context.database.read() as connection:
            return projects.find(connection, project_id) is not None

    def change(
        self,
        actor: Principal,
        project_id: str,
        *,
        name: str | None = None,
        on_spool_full: str | None = None,
        capture_content: bool | None = None,
    ) -> Project:
        """Renames a project or changes its policy; `None` keeps a value. Raises `Conflict` if the
        name is taken."""
        with self._context.database.write() as tx:
            before = _get(projects.find(tx.connection, project_id), project_id)
            policy = ProjectPolicy(
                on_spool_full=on_spool_full or before.policy.on_spool_full,
                capture_content=(
                    before.policy.capture_content if capture_content is None else capture_content
                ),
            )
            after = replace(before, name=name or before.name, policy=policy)
            holder = projects.find_by_name(tx.connection, after.name)
            if holder and holder.id != project_id:
                raise Conflict(f"A project named {name!r} already exists.", param="name")
            projects.save(tx.connection, after)
            self._context.audit_log.append(
                tx,
                actor,
                project_id,
                "project.change",
                project_id,
                before=before.audit_fields(),
                after=after.audit_fields(),
            )
        return after

    def _add_owner(self, tx: Transaction, actor: Principal, project: Project) -> None:
        owner = Member(project.id, actor.id, actor.label, Role.OWNER, project.created_ms)
        users.add_member(tx.connection, owner)
        self._context.audit_log.append(
            tx, actor, project.id, "member.add", owner.user_id, after=owner.audit_fields()
        )


def _get(project: Project | None, project_id: str) -> Project:
    if project is None:
        raise NotFound(f"There is no project {project_id!r}.")
    return project
