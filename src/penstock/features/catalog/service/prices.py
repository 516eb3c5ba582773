"""A project's own prices: negotiated ones, or the cost of its own hardware."""

import msgspec
from sqlalchemy import Connection

from penstock.features.access import Principal
from penstock.features.catalog import store
from penstock.features.catalog.own_price import NewPrice, check_price
from penstock.features.context import Context
from penstock.kernel.errors import NotFound
from penstock.rules.prices.price import PriceOverride


class PriceService:
    """Use cases of own prices."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def list_all(self, project_id: str) -> list[PriceOverride]:
        """Returns the project's own prices, oldest first."""
        with self._context.database.read() as connection:
            return store.list_overrides(connection, project_id)

    def add(self, actor: Principal, project_id: str, new: NewPrice) -> PriceOverride:
        """Adds an own price. Raises `InvalidRequest` if it is not valid."""
        price = self._price(self._context.new_id("prc"), new)
        with self._context.database.write() as tx:
            store.add_override(tx.connection, project_id, price)
            self._context.audit_log.append(
                tx, actor, project_id, "price.add", price.id, after=_audit_fields(price)
            )
        return price

    def replace(
        self, actor: Principal, project_id: str, price_id: str, new: NewPrice
    ) -> PriceOverride:
        """Replaces a price. Calls that were priced by the old one keep their cost."""
        after = self._price(price_id, new)
        with self._context.database.write() as tx:
            before = _get(tx.connection, project_id, price_id)
            store.save_override(tx.connection, project_id, after)
            self._context.audit_log.append(
                tx,
                actor,
                project_id,
                "price.replace",
                price_id,
                before=_audit_fields(before),
                after=_audit_fields(after),
            )
        return after

    def remove(self, actor: Principal, project_id: str, price_id: str) -> None:
        """Removes an own price. The next matching price applies from now on."""
        with self._context.database.write() as tx:
            before = _get(tx.connection, project_id, price_id)
            store.remove_override(tx.connection, project_id, price_id)
            self._context.audit_log.append(
                tx, actor, project_id, "price.remove", price_id, before=_audit_fields(before)
            )

    def _price(self, price_id: str, new: NewPrice) -> PriceOverride:
        check_price(new)
        from_ms = self._context.now_ms() if new.from_ms is None else new.from_ms
        return PriceOverride(price_id, new.provider, new.model, new.prices, from_ms)


def _audit_fields(price: PriceOverride) -> dict[str, object]:
    audited: dict[str, object] = msgspec.to_builtins(price)
    return audited


def _get(connection: Connection, project_id: str, price_id: str) -> PriceOverride:
    if price := store.find_override(connection, project_id, price_id):
        return price
    raise NotFound(f"This project has no own price {price_id!r}.")
