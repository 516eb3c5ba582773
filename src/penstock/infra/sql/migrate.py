"""Migrates a database to the current schema. Revisions are numbered files, applied in order.

A current database costs one SELECT: Alembic is imported only if a migration is needed.
"""

import re
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, OperationalError

from penstock.infra.sql.database import Database
from penstock.kernel.errors import SetupError

_MIGRATIONS: Final = Path(__file__).with_name("migrations")
_REVISION_FILE: Final = re.compile(r"v(\d{4})_\w+\.py")


def head_version() -> str:
    """Returns the newest schema version of this program, like `0002`."""
    names = (_REVISION_FILE.fullmatch(path.name) for path in (_MIGRATIONS / "versions").iterdir())
    return max(match[1] for match in names if match)


def stored_version(database: Database) -> str:
    """Returns the schema version of the database, empty for a new one. Raises `SetupError` if it
    cannot be opened."""
    try:
        with database.read() as connection:
            if not connection.dialect.has_table(connection, "alembic_version"):
                return ""
            return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    except OperationalError as error:
        raise _unreachable(database, error) from error


def migrate(database: Database, *, to: str = "head") -> None:
    """Migrates the database to the current version, or `to` an older one. Raises `SetupError` for
    a newer database, without a change."""
    stored, head = stored_version(database), head_version()
    if stored == head:
        return
    if stored > head:
        raise SetupError(
            f"The database has schema version {stored}; "
            f"this Penstock supports versions up to {head}.",
            hint="Start the newer Penstock version, or restore a backup into an empty home.",
        )
    with database.write() as transaction:
        _upgrade(transaction.connection, to)


def _upgrade(connection: Connection, to: str) -> None:
    from alembic import command  # lazy: 0.3 s that a current database does not need
    from alembic.config import Config  # lazy: the same

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def _unreachable(database: Database, error: DBAPIError) -> SetupError:
    where = database.url.render_as_string(hide_password=True)
    return SetupError(
        f"The database {where} cannot be opened: {error.orig}.",
        hint="Check that it exists and runs, and that this user may read and write it.",
    )
