"""`POST /api/v1/backup`."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.backup.service import BackupService


class BackupView(BaseModel):
    """A finished backup: a folder on the server, as secret as its home."""

    path: str
    created_at: str
    size: int
    rows: dict[str, int]
    has_columns: bool


def backup_routes(require: RequirePermission, service: BackupService) -> APIRouter:
    """Returns the route."""
    router = APIRouter(prefix="/api/v1/backup", tags=["instance"])
    instance = Depends(require(Permission.INSTANCE))

    @router.post("", status_code=201)
    def write_backup(access: Annotated[Access, instance]) -> BackupView:
        """Writes a consistent backup while the server runs."""
        return BackupView(**asdict(service.write(access.principal)))

    return router
