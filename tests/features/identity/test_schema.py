"""Migrations make the tables that the queries are written for."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from penstock.features.identity.store.tables import METADATA
from penstock.infra.sql import Database

OURS = set(METADATA.tables)


def test_migrated_tables_are_the_declared_ones(database: Database) -> None:
    with database.read() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_name": lambda name, kind, _parents: kind != "table" or name in OURS,
            },
        )
        assert compare_metadata(context, METADATA) == []
