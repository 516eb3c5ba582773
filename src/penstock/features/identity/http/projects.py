"""`/api/v1/projects`: create, list, read, change."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from penstock.features.access import Access, Permission, Principal
from penstock.features.identity.http.access import RouteGuards
from penstock.features.identity.model import Project
from penstock.features.identity.service.projects import ProjectService
from penstock.infra.web.moments import moment_of
from penstock.infra.web.pages import Page
from penstock.infra.web.schemas import Name, RequestBody


class ProjectRequest(RequestBody):
    name: Name


class ProjectChangeRequest(RequestBody):
    name: Name | None = None
    on_spool_full: Literal["refuse", "serve"] | None = None
    capture_content: bool | None = None


class ProjectView(BaseModel):
    id: str
    name: str
    on_spool_full: str
    capture_content: bool
    created_at: datetime

    @classmethod
    def of(cls, project: Project) -> "ProjectView":
        return cls(
            id=project.id,
            name=project.name,
            on_spool_full=project.policy.on_spool_full,
            capture_content=project.policy.capture_content,
            created_at=moment_of(project.created_ms),
        )


def project_routes(guards: RouteGuards, projects: ProjectService) -> APIRouter:
    """Returns the routes of projects."""
    router = APIRouter(prefix="/api/v1/projects", tags=["projects"])

    @router.get("")
    def list_projects(
        principal: Annotated[Principal, Depends(guards.signed_in)],
    ) -> Page[ProjectView]:
        """Lists the projects of the principal; instance admins see all."""
        return Page(items=[ProjectView.of(p) for p in projects.list_visible(principal)])

    @router.post("", status_code=201)
    def create_project(
        access: Annotated[Access, Depends(guards.require(Permission.INSTANCE))],
        body: ProjectRequest,
    ) -> ProjectView:
        """Creates a project. A signed-in user becomes its owner; a project created with a key has
        no members until an invitation is redeemed."""
        return ProjectView.of(projects.create(access.principal, body.name))

    @router.get("/{project_id}")
    def get_project(
        access: Annotated[Access, Depends(guards.require(Permission.PROJECT_READ))],
    ) -> ProjectView:
        """Returns one project."""
        return ProjectView.of(projects.get(access.project_id))

    @router.patch("/{project_id}")
    def change_project(
        access: Annotated[Access, Depends(guards.require(Permission.PROJECT_WRITE))],
        body: ProjectChangeRequest,
    ) -> ProjectView:
        """Renames a project or changes its policy: whether calls are served or rejected while the
        spool is full, and whether contents are recorded."""
        project = projects.change(
            access.principal,
            access.project_id,
            name=body.name,
            on_spool_full=body.on_spool_full,
            capture_content=body.capture_content,
        )
        return ProjectView.of(project)

    return router
