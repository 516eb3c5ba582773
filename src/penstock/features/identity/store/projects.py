"""Projects as rows."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from penstock.features.identity.model import Project
from penstock.features.identity.store.tables import PROJECTS
from penstock.rules.snapshot.access import ProjectPolicy


def add(connection: Connection, project: Project) -> None:
    """Stores a new project. Raises `IntegrityError` if the name is taken."""
    connection.execute(insert(PROJECTS).values(_to_row(project)))


def save(connection: Connection, project: Project) -> None:
    """Stores a changed project."""
    values = _to_row(project)
    connection.execute(update(PROJECTS).where(PROJECTS.c.id == project.id).values(values))


def find(connection: Connection, project_id: str) -> Project | None:
    """Returns the project, if it exists."""
    row = connection.execute(select(PROJECTS).where(PROJECTS.c.id == project_id)).one_or_none()
    return _from_row(row) if row else None


def find_by_name(connection: Connection, name: str) -> Project | None:
    """Returns the project with that name, if it exists."""
    row = connection.execute(select(PROJECTS).where(PROJECTS.c.name == name)).one_or_none()
    return _from_row(row) if row else None


def list_all(connection: Connection, *, only: Sequence[str] | None = None) -> list[Project]:
    """Returns all projects, or those with the given ids, oldest first."""
    query = select(PROJECTS).order_by(PROJECTS.c.id)
    if only is not None:
        query = query.where(PROJECTS.c.id.in_(only))
    return [_from_row(row) for row in connection.execute(query)]


def _to_row(project: Project) -> dict[str, object]:
    return {
        "id": project.id,
        "name": project.name,
        "on_spool_full": project.policy.on_spool_full,
        "capture_content": project.policy.capture_content,
        "created_ms": project.created_ms,
    }


def _from_row(row: Row[*tuple[Any, ...]]) -> Project:
    policy = ProjectPolicy(on_spool_full=row.on_spool_full, capture_content=row.capture_content)
    return Project(row.id, row.name, policy, row.created_ms)
