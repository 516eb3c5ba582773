"""The table of limits."""

from typing import Final

from sqlalchemy import MetaData

from penstock.infra.sql.documents import DocumentTable
from penstock.rules.limits.documents import LimitEntry

METADATA: Final = MetaData()
LIMITS: Final = DocumentTable(METADATA, "limits", LimitEntry, ("id", "name"))
