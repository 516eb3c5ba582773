"""The relational database: SQLite or PostgreSQL, with the same code."""

from penstock.infra.sql.database import Database, Transaction

__all__ = ["Database", "Transaction"]
