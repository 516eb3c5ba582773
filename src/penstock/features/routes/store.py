"""The table of routes."""

from typing import Final

from sqlalchemy import MetaData

from penstock.infra.sql.documents import DocumentTable
from penstock.rules.snapshot.routes import RouteEntry

METADATA: Final = MetaData()
ROUTES: Final = DocumentTable(METADATA, "routes", RouteEntry, ("name",))
