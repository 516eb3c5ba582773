"""Finds the price of a model: a project's own prices first, then its vendor's public list.

The result is cached for each model that a project calls, up to a limit.
Unknown models are unpriced (`None`), never free.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from fnmatch import fnmatchcase
from typing import Final, assert_never

import msgspec

from penstock.rules.call import Usage, UsageSource
from penstock.rules.prices.charge import Charge, ModelRates, Rates, compile_rates
from penstock.rules.prices.price import Clause, PriceOverride, VendorPrices

_REMEMBERED: Final = 4096
_COMPACT_DATE: Final = re.compile(r"-(20\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)")
_NO_CONTEXT: Final[Mapping[str, str]] = {}
_NOT_COUNTED: Final = (UsageSource.NONE, UsageSource.INVALID)


class CalledModel(msgspec.Struct, frozen=True, gc=False):
    """The model of a call: provider, its vendor (may be empty), the requested model, and the model
    that the answer names (may be empty)."""

    provider: str
    vendor: str
    model: str
    response_model: str = ""


class PriceList:
    """One vendor's public list, indexed: exact ids in a dictionary, the other clauses in order."""

    def __init__(self, prices: VendorPrices) -> None:
        self.fallbacks = prices.fallbacks
        self._prices = prices
        self._exact: dict[str, int] = {}
        self._tests: list[tuple[int, Callable[[str], bool]]] = []
        self._rates: dict[int, ModelRates] = {}
        for index, model in enumerate(prices.models):
            for clause in model.match.of if model.match.op == "or" else (model.match,):
                if clause.op == "equals":
                    self._exact.setdefault(clause.value, index)
                else:
                    self._tests.append((index, _compile_clause(clause)))

    def find(self, model: str) -> ModelRates | None:
        """Returns the rates of the first entry that matches a lower-case model id."""
        last = len(self._prices.models)
        best = self._exact.get(model, last)
        for index, matches in self._tests:
            if index >= best:
                break
            if matches(model):
                best = index
                break
        return self._at(best) if best < last else None

    def _at(self, index: int) -> ModelRates:
        if (rates := self._rates.get(index)) is None:
            rates = ModelRates(self._prices.vendor, self._prices.models[index])
            self._rates[index] = rates
        return rates


class PriceBook:
    """All prices of one project."""

    def __init__(
        self, lists: Mapping[str, PriceList], overrides: Sequence[PriceOverride] = ()
    ) -> None:
        self._lists = lists
        self._overrides = sorted(overrides, key=_precedence, reverse=True)
        self._own = {o.id: compile_rates(f"override/{o.id}", o.prices) for o in overrides}
        self._found: dict[CalledModel, _ModelPrice] = {}

    def rates(
        self, called: CalledModel, start_ns: int, context: Mapping[str, str] = _NO_CONTEXT
    ) -> Rates | None:
        """Returns the rates of a model at a moment; `None`: unpriced.

        The id in the answer (`gpt-4o-2024-08-06`) is more specific than the requested one, so it is
        tried first; a project's own price may name either.
        """
        if (price := self._found.get(called)) is None:
            price = self._find(called)
            if len(self._found) < _REMEMBERED:
                self._found[called] = price
        return price.at(start_ns, context)

    def charge(
        self,
        called: CalledModel,
        usage: Usage,
        start_ns: int,
        context: Mapping[str, str] = _NO_CONTEXT,
    ) -> Charge | None:
        """Computes the cost of a call; `None`: unpriced, because model or usage is unknown."""
        if usage.source in _NOT_COUNTED:
            return None
        rates = self.rates(called, start_ns, context)
        return rates.charge(usage) if rates is not None else None

    def _find(self, called: CalledModel) -> "_ModelPrice":
        names = [name for name in (called.response_model, called.model) if name]
        own = [
            (override.from_ms * 1_000_000, self._own[override.id])
            for override in self._overrides
            if fnmatchcase(called.provider, override.provider)
            and any(fnmatchcase(name, override.model) for name in names)
        ]
        public = (self._find_public(called.vendor, name.lower()) for name in names)
        return _ModelPrice(own, next((rates for rates in public if rates), None))

    def _find_public(self, vendor: str, model: str) -> ModelRates | None:
        if found := self._match(vendor, model):
            return found
        dashed = _COMPACT_DATE.sub(_dash_date, model)
        return self._match(vendor, dashed) if dashed != model else None

    def _match(self, vendor: str, model: str) -> ModelRates | None:
        if (prices := self._lists.get(vendor)) is None:
            return None
        if found := prices.find(model):
            return found
        others = (self._lists.get(name) for name in prices.fallbacks)
        return next((found for other in others if other and (found := other.find(model))), None)


class _ModelPrice:
    """The prices of one model: own prices in order of precedence, then the public ones."""

    __slots__ = ("_own", "_public")

    def __init__(self, own: Sequence[tuple[int, Rates]], public: ModelRates | None) -> None:
        self._own = own
        self._public = public

    def at(self, start_ns: int, context: Mapping[str, str]) -> Rates | None:
        for from_ns, rates in self._own:
            if start_ns >= from_ns:
                return rates
        return self._public.at(start_ns, context) if self._public is not None else None


def _precedence(override: PriceOverride) -> tuple[bool, bool, int, int, int]:
    """Names before patterns, longer patterns before shorter, later dates before earlier."""

    def literal(pattern: str) -> bool:
        return not any(wildcard in pattern for wildcard in "*?[")

    return (
        literal(override.provider),
        literal(override.model),
        len(override.model),
        len(override.provider),
        override.from_ms,
    )


def _compile_clause(clause: Clause) -> Callable[[str], bool]:
    value = clause.value
    match clause.op:
        case "equals":
            return value.__eq__
        case "starts_with":
            return lambda model: model.startswith(value)
        case "ends_with":
            return lambda model: model.endswith(value)
        case "contains":
            return lambda model: value in model
        case "regex":
            search = re.compile(value).search
            return lambda model: search(model) is not None
        case "or":
            some = [_compile_clause(part) for part in clause.of]
            return lambda model: any(test(model) for test in some)
        case "and":
            every = [_compile_clause(part) for part in clause.of]
            return lambda model: all(test(model) for test in every)
        case _:
            assert_never(clause.op)


def _dash_date(match: re.Match[str]) -> str:
    year, month, day = (int(part) for part in match.groups())
    try:
        date(year, month, day)
    except ValueError:
        return match.group(0)
    return f"-{year:04d}-{month:02d}-{day:02d}"
