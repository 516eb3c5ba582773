"""The table of use cases."""

from typing import Final

from sqlalchemy import MetaData

from penstock.features.use_cases.model import UseCase
from penstock.infra.sql.documents import DocumentTable

METADATA: Final = MetaData()
USE_CASES: Final = DocumentTable(METADATA, "use_cases", UseCase, ("name",))
