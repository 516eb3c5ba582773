"""Builds the backup vertical: writes the backup parts of the other verticals."""

from collections.abc import Sequence
from pathlib import Path

from penstock.features.access import Guards
from penstock.features.backup.http import backup_routes
from penstock.features.backup.service import BackupService
from penstock.features.context import Context
from penstock.features.vertical import BackupPart, Vertical


def build(context: Context, guards: Guards, home: Path, parts: Sequence[BackupPart]) -> Vertical:
    """Builds the vertical."""
    service = BackupService(home, context, parts)
    return Vertical(routers=(backup_routes(guards.require, service),))
