"""Brings a store to this version's schema. Revisions are numbered files, one after another.

At the head version nothing but one SELECT happens: Alembic is imported only when there is work.
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
    """The newest schema version this program knows, like `0002`."""
    names = (_REVISION_FILE.fullmatch(path.name) for path in (_MIGRATIONS / "versions").iterdir())
    return max(match[1] for match in names if match)


def stored_version(database: Database) -> str:
    """The schema version of the store, empty for a fresh one; `SetupError` if unreachable."""
    try:
        with database.read() as connection:
            if not connection.dialect.has_table(connection, "alembic_version"):
                return ""
            return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    except OperationalError as error:
        raise _unreachable(database, error) from error


def migrate(database: Database, *, to: str = "head") -> None:
    """Makes the store current, or brings an older one `to` a version. A store of a newer Penstock
    is refused untouched."""
    stored, head = stored_version(database), head_version()
    if stored == head:
        return
    if stored > head:
        raise SetupError(
            f"This store has schema version {stored}; this Penstock knows versions up to {head}.",
            hint="Start the newer Penstock that wrote it, or restore a backup into an empty home.",
        )
    with database.write() as transaction:
        _upgrade(transaction.connection, to)


def _upgrade(connection: Connection, to: str) -> None:
    from alembic import command  # lazy: 0.3 s that a current store does not pay
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
        hint="Check that it exists, that this user may read and write it, and that it runs.",
    )
