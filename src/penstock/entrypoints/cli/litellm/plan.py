"""The result of reading a LiteLLM configuration: what to create, and what has no counterpart."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class PlannedProvider:
    """A provider to create, with the models that the configuration names."""

    name: str
    vendor: str
    base_url: str
    api_key: str = field(default="", repr=False)
    quirks: dict[str, str] = field(default_factory=dict[str, str])
    models: list[str] = field(default_factory=list[str])
    any_model: bool = False  # a wildcard: its own list applies

    def body(self, *, private_allowed: bool) -> dict[str, Any]:
        """Returns the request that creates it."""
        return {
            "name": self.name,
            "vendor": self.vendor,
            "base_url": self.base_url,
            "api_key": self.api_key,
            "quirks": self.quirks,
            "models": [] if self.any_model else self.models,
            "private_allowed": private_allowed,
        }


@dataclass(slots=True)
class PlannedTarget:
    """A target of a route."""

    provider: str
    model: str
    weight: int = 1
    priority: int = 0
    after: tuple[str, ...] = ()


@dataclass(slots=True)
class PlannedRoute:
    """A route to create."""

    name: str
    targets: list[PlannedTarget]
    strategy: str = "weighted"
    max_attempts: int = 3
    first_token_timeout_ms: int = 0
    total_timeout_ms: int = 0

    def body(self) -> dict[str, Any]:
        """Returns the request that creates it, without the name."""
        return {
            "targets": [
                {
                    "provider": each.provider,
                    "model": each.model,
                    "weight": each.weight,
                    "priority": each.priority,
                    "after": list(each.after),
                }
                for each in self.targets
            ],
            "strategy": self.strategy,
            "max_attempts": self.max_attempts,
            "first_token_timeout_ms": self.first_token_timeout_ms,
            "total_timeout_ms": self.total_timeout_ms,
        }


@dataclass(slots=True)
class PlannedPrice:
    """An own price to create: unit → USD for a million."""

    provider: str
    model: str
    units: dict[str, str]

    def body(self) -> dict[str, Any]:
        """Returns the request that creates it."""
        prices = [{"unit": unit, "price": price} for unit, price in self.units.items()]
        return {"provider": self.provider, "model": self.model, "prices": prices}


@dataclass(slots=True)
class Plan:
    """The objects to create. `left_out` names each setting that has no counterpart, with what to do
    instead."""

    providers: list[PlannedProvider] = field(default_factory=list[PlannedProvider])
    routes: list[PlannedRoute] = field(default_factory=list[PlannedRoute])
    prices: list[PlannedPrice] = field(default_factory=list[PlannedPrice])
    left_out: dict[str, str] = field(default_factory=dict[str, str])

    def rows(self) -> Iterator[dict[str, str]]:
        """Yields one row for each object to create, for a table."""
        for provider in self.providers:
            models = "any" if provider.any_model else ", ".join(provider.models)
            yield {"kind": "provider", "name": provider.name, "content": models}
        for route in self.routes:
            shown = ", ".join(f"{each.provider}/{each.model}" for each in route.targets)
            yield {"kind": "route", "name": route.name, "content": shown}
        for price in self.prices:
            units = ", ".join(f"{unit} {usd}" for unit, usd in price.units.items())
            yield {"kind": "price", "name": f"{price.provider}/{price.model}", "content": units}
