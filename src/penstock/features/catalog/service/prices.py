"""A project's own prices: negotiated ones, or the cost of its own hardware."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import msgspec
from sqlalchemy import Connection

from penstock.features.access import Principal
from penstock.features.catalog import store
from penstock.features.context import Context
from penstock.kernel.errors import InvalidRequest, NotFound
from penstock.rules.price import PriceOverride, UnitPrice

_LONGEST_PATTERN: Final = 200
_MOST_EXPENSIVE: Final = Decimal(1_000_000)
_LONGEST_AMOUNT: Final = 24  # digits as written
_DECIMALS: Final = 6  # of a price per million: costs are stored with twelve


@dataclass(frozen=True, slots=True)
class NewPrice:
    """An own price to create. `from_ms=None`: from now on. Patterns as in `PriceOverride`."""

    provider: str
    model: str
    prices: tuple[UnitPrice, ...]
    from_ms: int | None = None


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
        _check(new)
        from_ms = self._context.now_ms() if new.from_ms is None else new.from_ms
        return PriceOverride(price_id, new.provider, new.model, new.prices, from_ms)


def _audit_fields(price: PriceOverride) -> dict[str, object]:
    audited: dict[str, object] = msgspec.to_builtins(price)
    return audited


def _get(connection: Connection, project_id: str, price_id: str) -> PriceOverride:
    if price := store.find_override(connection, project_id, price_id):
        return price
    raise NotFound(f"This project has no own price {price_id!r}.")


def _check(new: NewPrice) -> None:
    for name, pattern in (("provider", new.provider), ("model", new.model)):
        if not 0 < len(pattern) <= _LONGEST_PATTERN or not pattern.isprintable():
            raise InvalidRequest(
                f"The {name} must be a name or a pattern like `llama-*` of at most "
                f"{_LONGEST_PATTERN} characters.",
                param=name,
            )
    units = [price.unit for price in new.prices]
    if not units or len(set(units)) < len(units):
        raise InvalidRequest("Give at least one price, and only one for each unit.", param="prices")
    for price in new.prices:
        _check_price(price)


def _check_price(price: UnitPrice) -> None:
    for amount in (price.price, *(tier.price for tier in price.tiers)):
        if not amount.is_finite() or not 0 <= amount <= _MOST_EXPENSIVE:
            raise InvalidRequest(
                f"The price of {price.unit} must be between 0 and {_MOST_EXPENSIVE}.",
                param="prices",
            )
        if amount != round(amount, _DECIMALS) or not _is_short(amount):
            raise InvalidRequest(
                f"The price of {price.unit} has more than {_DECIMALS} decimals.", param="prices"
            )
    starts = [tier.above for tier in price.tiers]
    if starts != sorted(set(starts)) or any(start < 0 for start in starts):
        raise InvalidRequest(
            f"The tiers of {price.unit} must be in ascending order.", param="prices"
        )


def _is_short(amount: Decimal) -> bool:
    """Returns whether the amount is short when written out: `0E-1000000` is not."""
    return (
        len(amount.as_tuple().digits) <= _LONGEST_AMOUNT
        and abs(amount.adjusted()) <= _LONGEST_AMOUNT
    )
