"""Computes the cost of a call: the rates valid at its time, applied to its usage.

A test holds the results equal to those of `genai_prices`, in a tenth of its time.
`price_book` finds the price of a model.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import lcm
from operator import attrgetter
from typing import Final

import msgspec

from penstock.rules.call import COUNTS, Usage
from penstock.rules.prices.price import ModelPrices, PricePeriod, PriceVariant, UnitPrice

# Cached input by medium: a part of all that is cached, and of the input of that medium.
_CACHED_MEDIA: Final[Mapping[str, str]] = {
    "cache_audio_read_tokens": "input_audio_tokens",
    "cache_image_read_tokens": "input_image_tokens",
}
_CACHED_BY_MEDIUM: Final = (*_CACHED_MEDIA, "cache_text_read_tokens")
# The whole includes the tokens of all its parts; a part with its own price is subtracted from it.
_PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "input_tokens": (
        *("cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens"),
        *("input_audio_tokens", "input_image_tokens", *_CACHED_MEDIA),
    ),
    "output_tokens": ("reasoning_tokens", "output_audio_tokens", "output_image_tokens"),
    "cache_write_tokens": ("cache_write_1h_tokens",),
    "cache_read_tokens": tuple(_CACHED_MEDIA),
    **{medium: (cached,) for cached, medium in _CACHED_MEDIA.items()},
}
# Counts that no other price covers.
_NO_PARTS: Final = ("web_searches", "input_audio_seconds", "rerank_searches")
_NO_CONTEXT: Final[Mapping[str, str]] = {}
_ZERO: Final = Decimal(0)
NANO: Final = 10**9  # of a dollar
MAX_COST: Final = Decimal(999_999)  # USD for one call: the limit of the store's Decimal(18, 12)


class Charge(msgspec.Struct, frozen=True):
    """The cost of one call in USD, and the id of the price that was applied."""

    cost: Decimal
    price_id: str


@dataclass(frozen=True, slots=True)
class CostLine:
    """One line of a bill: `count` units at `price` USD for `per` of them are `amount` USD."""

    unit: str
    count: int
    price: Decimal
    per: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class UnitRate:
    """The compiled price of one unit. `count` returns the units of a call at this price; negative
    if the counts contradict each other. Prices are USD for `of` units: for one, unless a price for
    `per` units cannot be divided exactly."""

    unit: str
    count: Callable[[Usage], int]
    per: int
    of: int
    base: Decimal
    steps: tuple[tuple[int, Decimal], ...]  # (above, price), highest first

    def each(self, input_tokens: int) -> Decimal:
        """USD for `of` units in a call with `input_tokens` of input."""
        for above, price in self.steps:
            if input_tokens > above:
                return price
        return self.base


class TokenRates(msgspec.Struct, frozen=True, gc=False):
    """The prices of a call that counts nothing but tokens, in billionths of a dollar for `of` calls
    or tokens."""

    request: int
    input: int
    output: int
    of: int

    def cost(self, input_tokens: int, output_tokens: int) -> int:
        """Returns the cost in billionths of a dollar, rounded up."""
        cost = self.request + self.input * input_tokens + self.output * output_tokens
        return -(-cost // self.of)


@dataclass(frozen=True, slots=True)
class Rates:
    """All compiled prices of a model at one time. `cached_apart`: counts of media whose cached
    share has a price of its own. `without_price`: counts that the prices do not cover. `of_tokens`:
    the prices of tokens, if they do not depend on their number."""

    price_id: str
    lines: tuple[UnitRate, ...]
    cached_apart: tuple[str, ...] = ()
    without_price: tuple[str, ...] = ()
    of_tokens: TokenRates | None = None

    def charge(self, usage: Usage) -> Charge | None:
        """Returns `None` where prices and counts do not determine the cost: something used has no
        price, nothing used has one, parts are larger than their whole, or cached audio has its own
        price and it is unknown how much of the audio was cached. Also `None` above `MAX_COST`: a
        count or a price is wrong then."""
        if self.without_price and _any(usage, self.without_price):
            return None
        if usage.cache_read_tokens and self._is_share_unknown(usage):
            return None
        total = self._total(usage)
        return Charge(total, self.price_id) if total is not None else None

    def _is_share_unknown(self, usage: Usage) -> bool:
        by_medium = sum(getattr(usage, count) for count in _CACHED_BY_MEDIUM)
        return by_medium != usage.cache_read_tokens and _any(usage, self.cached_apart)

    def _total(self, usage: Usage) -> Decimal | None:
        total = None if self.lines else _ZERO
        try:
            for line in self.lines:
                if not (count := line.count(usage)):
                    continue
                if count < 0:
                    return None
                each = line.each(usage.input_tokens) if line.steps else line.base
                amount = each * count if line.of == 1 else each * count / line.of
                total = amount if total is None else total + amount
        except ArithmeticError:  # a price with an exponent that Decimal cannot hold
            return None
        if total is None:  # nothing that has a price was used
            return None if _any(usage, COUNTS) else _ZERO
        return total if total <= MAX_COST else None

    def explain(self, usage: Usage) -> list[CostLine]:
        """The lines that add up to the charge, without those of zero units."""
        return list(self._explain(usage)) if self.charge(usage) else []

    def _explain(self, usage: Usage) -> Iterator[CostLine]:
        for line in self.lines:
            if count := line.count(usage):
                each = line.each(usage.input_tokens)
                price, amount = each * line.per / line.of, each * count / line.of
                yield CostLine(line.unit, count, price.normalize(), line.per, amount.normalize())


def compile_rates(price_id: str, prices: Sequence[UnitPrice]) -> Rates:
    """Compiles the prices of one time. Cached audio without a price costs what is cached costs."""
    of_unit: dict[str, UnitPrice] = {price.unit: price for price in prices}
    cached_apart = tuple(media for cached, media in _CACHED_MEDIA.items() if cached in of_unit)
    for cached, media in _CACHED_MEDIA.items():
        if media in of_unit and cached not in of_unit and "cache_read_tokens" in of_unit:
            of_unit[cached] = msgspec.structs.replace(of_unit["cache_read_tokens"], unit=cached)
    lines = tuple(_compile_unit(price, of_unit) for price in of_unit.values())
    return Rates(
        price_id,
        lines,
        cached_apart,
        tuple(count for count in _NO_PARTS if count not in of_unit),
        _token_rates(lines),
    )


def _token_rates(lines: Sequence[UnitRate]) -> TokenRates | None:
    found = {line.unit: line for line in lines}
    if "input_tokens" not in found or "output_tokens" not in found:
        return None
    used = [found.get(unit) for unit in ("requests", "input_tokens", "output_tokens")]
    if any(line is not None and line.steps for line in used):
        return None
    each = [Fraction(line.base) * NANO / line.of if line else Fraction(0) for line in used]
    of = lcm(*(price.denominator for price in each))
    request, of_input, of_output = [int(price * of) for price in each]
    return TokenRates(request, of_input, of_output, of)


def _compile_unit(price: UnitPrice, priced: Collection[str]) -> UnitRate:
    of = 1 if str(price.per).strip("0") == "1" else price.per
    by = price.per // of
    steps = tuple((tier.above, tier.price / by) for tier in reversed(price.tiers))
    count = _counter(price.unit, _shares(price.unit, priced))
    return UnitRate(price.unit, count, price.per, of, price.price / by, steps)


def _counter(unit: str, shares: Mapping[str, int]) -> Callable[[Usage], int]:
    """Returns what counts a unit: itself, less the parts that have their own price, plus what two
    of these parts share."""
    if unit == "requests":
        return _one
    whole = attrgetter(unit)
    less = [attrgetter(part) for part, share in shares.items() if share < 0 and part != unit]
    more = [attrgetter(part) for part, share in shares.items() if share > 0 and part != unit]
    if not less and not more:
        return whole

    def count(usage: Usage) -> int:
        units: int = whole(usage)
        for part in less:
            units -= part(usage)
        for part in more:
            units += part(usage)
        return units

    return count


def _one(_: Usage) -> int:
    return 1


def _shares(unit: str, priced: Collection[str]) -> Mapping[str, int]:
    """Returns the share of each count in what is billed as `unit`: itself, less what is billed
    as its parts. Cached audio, a part of what is cached and of audio, was subtracted twice then."""
    shares = Counter({unit: 1})
    for part in _PARTS.get(unit, ()):
        if part in priced:
            shares.subtract(_shares(part, priced))
    return shares


def _any(usage: Usage, counts: Sequence[str]) -> bool:
    for count in counts:  # noqa: SIM110 - on the path of every answer: half the time
        if getattr(usage, count):
            return True
    return False


class ModelRates:
    """The rates of one model of a price list over time. Compiles each period at its first use."""

    def __init__(self, vendor: str, model: ModelPrices) -> None:
        self._id = f"{vendor}/{model.id}"
        self._model = model
        self._compiled: dict[tuple[int, tuple[int, ...]], Rates] = {}

    def at(self, start_ns: int, context: Mapping[str, str]) -> Rates | None:
        """Returns the rates at a moment for a call with this `context` (`service_tier`, …)."""
        index = self._period(start_ns) if len(self._model.periods) > 1 else 0
        variants = self._variants(start_ns, context) if context else ()
        if (rates := self._compiled.get((index, variants))) is not None:
            return rates
        period = self._model.periods[index]
        if period.prices is None:
            return None
        rates = self._compile(period, period.prices, [self._model.variants[i] for i in variants])
        self._compiled[index, variants] = rates
        return rates

    def _period(self, start_ns: int) -> int:
        periods = self._model.periods
        for index in range(len(periods) - 1, 0, -1):
            if _is_valid(periods[index], start_ns):
                return index
        return 0

    def _variants(self, start_ns: int, context: Mapping[str, str]) -> tuple[int, ...]:
        return tuple(
            index
            for index, variant in enumerate(self._model.variants)
            if variant.period.prices
            and _is_valid(variant.period, start_ns)
            and all(context.get(key) == value for key, value in variant.when.items())
        )

    def _compile(
        self,
        period: PricePeriod,
        standard: Sequence[UnitPrice],
        variants: Sequence[PriceVariant],
    ) -> Rates:
        prices: dict[str, UnitPrice] = {}
        for price in (p for variant in variants for p in variant.period.prices or ()):
            prices.setdefault(price.unit, price)
        for price in standard:
            prices.setdefault(price.unit, price)
        return compile_rates(_price_id(self._id, period, variants), tuple(prices.values()))


def tier_context(tier: str) -> Mapping[str, str]:
    """Returns the attributes of a call, beside its model, on which its price depends. Price lists
    have batch as a kind of processing, and Anthropic's fast mode as a speed."""
    match tier:
        case "":
            return _NO_CONTEXT
        case "batch":
            return {"processing": tier}
        case "fast":
            return {"service_tier": tier, "speed": tier}
        case _:
            return {"service_tier": tier}


def context_of(price_id: str) -> dict[str, str]:
    """Returns the attributes of a call, such as `service_tier`, that are part of a price id."""
    parts = (part.partition("=") for part in price_id.split("+")[1:])
    return {key: value for key, equals, value in parts if equals}


def _price_id(name: str, period: PricePeriod, variants: Sequence[PriceVariant]) -> str:
    """`openai/o3@1749513600000+service_tier=flex`: identifies the price list entry."""
    since = f"@{period.from_ms}" if period.from_ms is not None else ""
    daily = "@{}-{}".format(*period.daily_s) if period.daily_s else ""
    variant_names = sorted({f"+{key}={value}" for v in variants for key, value in v.when.items()})
    return name + since + daily + "".join(variant_names)


def _is_valid(period: PricePeriod, start_ns: int) -> bool:
    if period.from_ms is not None and start_ns // 1_000_000 < period.from_ms:
        return False
    if period.daily_s is None:
        return True
    begin, until = period.daily_s
    second = start_ns // 1_000_000_000 % 86_400
    if until < begin:
        return second >= begin or second < until
    return begin <= second < until
