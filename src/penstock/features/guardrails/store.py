"""The table of guardrail policies."""

from typing import Final

from sqlalchemy import MetaData

from penstock.infra.sql.documents import DocumentTable
from penstock.rules.guards.policies import GuardrailPolicy

METADATA: Final = MetaData()
POLICIES: Final = DocumentTable(METADATA, "guardrail_policies", GuardrailPolicy, ("id", "name"))
