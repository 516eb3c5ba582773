"""The relational store: SQLite on one machine, PostgreSQL beyond, by the same code."""

from penstock.infra.sql.database import Database, Transaction

__all__ = ["Database", "Transaction"]
