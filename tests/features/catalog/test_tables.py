"""Migrations make the tables that the queries of catalog and snapshots are written for."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData

from penstock.features.catalog.store import METADATA as CATALOG
from penstock.features.snapshots.store import METADATA as SNAPSHOTS
from tests.features.world import World


def test_migrated_tables_are_the_declared_ones(installed: World) -> None:
    for declared in (CATALOG, SNAPSHOTS):
        assert differences(installed, declared) == []


def differences(world: World, declared: MetaData) -> list[object]:
    """Keys to other verticals' tables are the migration's own."""
    with world.database.read() as connection:
        options = {
            "compare_type": True,
            "include_object": lambda thing, _name, kind, _reflected, _other: (
                kind != "foreign_key_constraint"
                and getattr(thing, "table", thing).name in declared.tables
            ),
        }
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, declared))
