"""The column store: spans, and other rows that are aggregated rather than updated.

The only importer of chdb and clickhouse-connect. `open_columns` takes a DSN: a directory for the
embedded engine (chDB) or the URL of a ClickHouse server. Tables are defined elsewhere.
"""

from penstock.infra.columns.connection import Param, Params, RowsRejected
from penstock.infra.columns.migrate import SchemaStep, apply_steps
from penstock.infra.columns.opening import Opening
from penstock.infra.columns.store import ColumnStore, open_columns
from penstock.infra.columns.where import Conditions

__all__ = [
    "ColumnStore",
    "Conditions",
    "Opening",
    "Param",
    "Params",
    "RowsRejected",
    "SchemaStep",
    "apply_steps",
    "open_columns",
]
