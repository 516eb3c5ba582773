"""Own prices: which are valid. Pure."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from penstock.kernel.errors import InvalidRequest
from penstock.rules.prices.price import UnitPrice

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


def check_price(new: NewPrice) -> None:
    """Raises `InvalidRequest` for what is no price."""
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
        _check_unit(price)


def _check_unit(price: UnitPrice) -> None:
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
