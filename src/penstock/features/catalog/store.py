"""Tables and queries of the catalog. Functions take a connection and return values, never rows.

Migration `0002` creates the tables; a test compares both.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    RowMapping,
    Table,
    Text,
    delete,
    insert,
    select,
    update,
)

from penstock.features.catalog.model import Provider
from penstock.kernel.digests import canonical_json
from penstock.rules.prices.price import PriceOverride, UnitPrice

METADATA: Final = MetaData()

PROVIDERS: Final = Table(
    "providers",
    METADATA,
    Column("project_id", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("base_url", Text, nullable=False),
    Column("models", JSON, nullable=False),
    Column("models_pinned", Boolean, nullable=False),
    Column("private_allowed", Boolean, nullable=False),
    Column("quirks", JSON, nullable=False),
    Column("vendor", Text, nullable=False),
    Column("found", Boolean, nullable=False),
    Column("secret_id", Text, nullable=False),
    Column("secret_hint", Text, nullable=False),
    Column("secret_sealed", LargeBinary, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Column("max_concurrency", Integer, nullable=False, server_default="0"),
    Column("max_queue", Integer, nullable=False, server_default="16"),
    Column("queue_timeout_ms", Integer, nullable=False, server_default="5000"),
)

OVERRIDES: Final = Table(
    "price_overrides",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("project_id", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("prices", Text, nullable=False),
    Column("from_ms", BigInteger, nullable=False),
    Index("price_overrides_by_project", "project_id", "id"),
)

_VALUES: Final = tuple(c for c in PROVIDERS.columns if c is not PROVIDERS.c.secret_sealed)


def add_provider(connection: Connection, provider: Provider, sealed: bytes) -> None:
    """Stores a new provider with its encrypted secret (empty: none)."""
    connection.execute(insert(PROVIDERS).values(**_to_row(provider), secret_sealed=sealed))


def save_provider(connection: Connection, provider: Provider, sealed: bytes | None) -> None:
    """Stores a changed provider; `None` keeps its secret."""
    secret = {} if sealed is None else {"secret_sealed": sealed}
    connection.execute(
        update(PROVIDERS)
        .where(PROVIDERS.c.project_id == provider.project_id, PROVIDERS.c.name == provider.name)
        .values(**_to_row(provider), **secret)
    )


def remove_provider(connection: Connection, project_id: str, name: str) -> None:
    """Deletes a provider and its secret."""
    connection.execute(
        delete(PROVIDERS).where(PROVIDERS.c.project_id == project_id, PROVIDERS.c.name == name)
    )


def find_provider(connection: Connection, project_id: str, name: str) -> Provider | None:
    """Returns the provider, if it exists."""
    query = select(*_VALUES).where(PROVIDERS.c.project_id == project_id, PROVIDERS.c.name == name)
    row = connection.execute(query).mappings().one_or_none()
    return _provider(row) if row else None


def list_providers(connection: Connection, project_id: str | None = None) -> list[Provider]:
    """Returns the providers of one project, or of all, by project and name."""
    query = select(*_VALUES).order_by(PROVIDERS.c.project_id, PROVIDERS.c.name)
    if project_id is not None:
        query = query.where(PROVIDERS.c.project_id == project_id)
    return [_provider(row) for row in connection.execute(query).mappings()]


def sealed_secrets(connection: Connection) -> Mapping[str, bytes]:
    """Returns the encrypted secrets of all providers, by secret id."""
    query = select(PROVIDERS.c.secret_id, PROVIDERS.c.secret_sealed)
    rows = connection.execute(query.where(PROVIDERS.c.secret_id != ""))
    return {row.secret_id: row.secret_sealed for row in rows}


def add_override(connection: Connection, project_id: str, override: PriceOverride) -> None:
    """Stores a new own price."""
    values = {"project_id": project_id, **_override_row(override)}
    connection.execute(insert(OVERRIDES).values(values))


def save_override(connection: Connection, project_id: str, override: PriceOverride) -> None:
    """Stores a changed own price."""
    mine = (OVERRIDES.c.project_id == project_id, OVERRIDES.c.id == override.id)
    connection.execute(update(OVERRIDES).where(*mine).values(_override_row(override)))


def remove_override(connection: Connection, project_id: str, override_id: str) -> None:
    """Deletes an own price."""
    mine = (OVERRIDES.c.project_id == project_id, OVERRIDES.c.id == override_id)
    connection.execute(delete(OVERRIDES).where(*mine))


def find_override(
    connection: Connection, project_id: str, override_id: str
) -> PriceOverride | None:
    """Returns the own price, if it exists."""
    query = select(OVERRIDES).where(
        OVERRIDES.c.project_id == project_id, OVERRIDES.c.id == override_id
    )
    row = connection.execute(query).one_or_none()
    return _override(row) if row else None


def list_overrides(connection: Connection, project_id: str) -> list[PriceOverride]:
    """Returns the own prices of a project, oldest first."""
    query = select(OVERRIDES).where(OVERRIDES.c.project_id == project_id)
    return [_override(row) for row in connection.execute(query.order_by(OVERRIDES.c.id))]


def list_all_overrides(connection: Connection) -> Mapping[str, list[PriceOverride]]:
    """Returns all own prices by project id, oldest first."""
    found: dict[str, list[PriceOverride]] = {}
    for row in connection.execute(select(OVERRIDES).order_by(OVERRIDES.c.id)):
        found.setdefault(row.project_id, []).append(_override(row))
    return found


def _to_row(provider: Provider) -> dict[str, object]:
    row: dict[str, object] = {column.name: getattr(provider, column.name) for column in _VALUES}
    return row | {"models": list(provider.models), "quirks": dict(provider.quirks)}


def _provider(row: RowMapping) -> Provider:
    fields: dict[str, Any] = {column.name: row[column.name] for column in _VALUES}
    fields["models"] = tuple(fields["models"])
    return Provider(**fields)


def _override_row(override: PriceOverride) -> dict[str, object]:
    return {
        "id": override.id,
        "provider": override.provider,
        "model": override.model,
        "prices": canonical_json(override.prices).decode(),
        "from_ms": override.from_ms,
    }


def _override(row: Row[*tuple[Any, ...]]) -> PriceOverride:
    prices = msgspec.json.decode(row.prices, type=tuple[UnitPrice, ...])
    return PriceOverride(row.id, row.provider, row.model, prices, row.from_ms)
