"""Table and queries of the further credentials of providers. Migration `0007` creates the table."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    LargeBinary,
    Table,
    Text,
    delete,
    insert,
    select,
)

from penstock.features.catalog.model import ProviderCredential
from penstock.features.catalog.store import METADATA

CREDENTIALS: Final = Table(
    "provider_credentials",
    METADATA,
    Column("project_id", Text, primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("secret_id", Text, nullable=False),
    Column("secret_hint", Text, nullable=False),
    Column("secret_sealed", LargeBinary, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
)
_COLUMNS: Final = CREDENTIALS.c
_VALUES: Final = tuple(c for c in _COLUMNS if c is not _COLUMNS.secret_sealed)


def add_credential(connection: Connection, new: ProviderCredential, sealed: bytes) -> None:
    """Stores a new credential with its encrypted secret."""
    values = {column.name: getattr(new, column.name) for column in _VALUES}
    connection.execute(insert(CREDENTIALS).values(**values, secret_sealed=sealed))


def remove_credentials(
    connection: Connection, project_id: str, provider: str, name: str | None = None
) -> None:
    """Deletes a credential of a provider, or all of them."""
    of_provider = (_COLUMNS.project_id == project_id, _COLUMNS.provider == provider)
    query = delete(CREDENTIALS).where(*of_provider)
    connection.execute(query if name is None else query.where(_COLUMNS.name == name))


def list_credentials(
    connection: Connection, project_id: str, provider: str
) -> list[ProviderCredential]:
    """Returns the further credentials of a provider, oldest first."""
    found = list_all_credentials(connection, project_id).get((project_id, provider), ())
    return list(found)


def list_all_credentials(
    connection: Connection, project_id: str | None = None
) -> Mapping[tuple[str, str], tuple[ProviderCredential, ...]]:
    """Returns the further credentials by project id and provider, oldest first."""
    query = select(*_VALUES).order_by(_COLUMNS.created_ms, _COLUMNS.name)
    if project_id is not None:
        query = query.where(_COLUMNS.project_id == project_id)
    found: dict[tuple[str, str], list[ProviderCredential]] = {}
    for row in connection.execute(query).mappings():
        one = ProviderCredential(**{column.name: row[column.name] for column in _VALUES})
        found.setdefault((one.project_id, one.provider), []).append(one)
    return {key: tuple(credentials) for key, credentials in found.items()}


def sealed_credentials(connection: Connection) -> Mapping[str, bytes]:
    """Returns the encrypted secrets of all further credentials, by secret id."""
    rows = connection.execute(select(_COLUMNS.secret_id, _COLUMNS.secret_sealed))
    return {row.secret_id: row.secret_sealed for row in rows}
