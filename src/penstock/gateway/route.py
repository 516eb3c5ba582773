"""A route as a key and a surface may call it: its targets with their health, and its strategy."""

from dataclasses import dataclass

from penstock.gateway.shadow_rule import ShadowRule
from penstock.gateway.target import Target
from penstock.gateway.target_health import TargetHealth
from penstock.rules.snapshot.routes import RouteEntry, RouteTarget
from penstock.rules.target_conditions import TargetConditionTest
from penstock.spi.strategy import RouteStrategy


@dataclass(frozen=True, slots=True)
class RouteMember:
    """A target of a route with its rule and its health."""

    rule: RouteTarget
    target: Target
    health: TargetHealth
    condition: TargetConditionTest | None = None

    @property
    def name(self) -> str:
        """`provider/model`."""
        return f"{self.rule.provider}/{self.rule.model}"

    @property
    def is_full(self) -> bool:
        """Returns whether it has as many calls in progress as it may have, as far as is known."""
        slots = self.target.slots
        return slots is not None and slots.in_use() >= slots.limit


@dataclass(frozen=True, slots=True)
class Route:
    """A route as a key and a surface may call it."""

    entry: RouteEntry
    members: tuple[RouteMember, ...]
    strategy: RouteStrategy
    shadow: ShadowRule | None = None

    @property
    def is_conditional(self) -> bool:
        """Returns whether some targets are only for certain calls."""
        return any(each.condition is not None for each in self.members)
