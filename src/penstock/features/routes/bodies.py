"""Requests about routes."""

from typing import Annotated, Literal

from msgspec import convert
from pydantic import Field

from penstock.features.routes.model import (
    LONGEST_CHECK_S,
    LONGEST_TIMEOUT_MS,
    MAX_ATTEMPTS,
    MAX_HEDGE_PERCENT,
    MAX_PRIORITY,
    MAX_SHADOWS,
    MAX_TARGETS,
    MAX_WEIGHT,
    SHORTEST_CHECK_S,
    SMALLEST_SHARE,
)
from penstock.infra.web.schemas import RequestBody
from penstock.rules.answer_cache import LONGEST_S
from penstock.rules.call_conditions import MAX_CONDITIONS, MAX_VALUE_CHARS, MAX_VALUES
from penstock.rules.snapshot.routes import RouteEntry, RouteShadow, RouteTarget, TargetCondition
from penstock.rules.target_conditions import LONGEST_TOKENS

Cause = Literal[
    "unavailable",
    "rate_limit",
    "credential",
    "context_length",
    "content_filter",
    "unsupported",
    "full",
]
Names = Annotated[
    list[Annotated[str, Field(max_length=MAX_VALUE_CHARS)]], Field(max_length=MAX_VALUES)
]
Values = Annotated[
    list[Annotated[str, Field(max_length=MAX_VALUE_CHARS)]],
    Field(min_length=1, max_length=MAX_VALUES),
]
Conditions = Annotated[dict[str, Values], Field(max_length=MAX_CONDITIONS)]
Milliseconds = Annotated[int, Field(ge=0, le=LONGEST_TIMEOUT_MS)]


class TargetConditionBody(RequestBody):
    """The calls that a target is for: those that fulfil all that is set. `only`: values by
    dimension, as those of limits. `headers`: values, by the name in lower case. `languages` (ISO
    639-1) and `code` (programming languages, or `any`): one of them is in the user's last text.
    `media`: `image`, `audio`, `video`, `document` or `none`. `min_tokens` and `max_tokens`: of the
    estimated input; 0 is no bound."""

    only: Annotated[Conditions, Field(default_factory=dict[str, list[str]])]
    headers: Annotated[Conditions, Field(default_factory=dict[str, list[str]])]
    languages: Annotated[Names, Field(default_factory=list[str])]
    code: Annotated[Names, Field(default_factory=list[str])]
    media: Annotated[Names, Field(default_factory=list[str])]
    min_tokens: Annotated[int, Field(ge=0, le=LONGEST_TOKENS)] = 0
    max_tokens: Annotated[int, Field(ge=0, le=LONGEST_TOKENS)] = 0

    def condition(self) -> TargetCondition:
        """Returns the condition."""
        return convert(self.model_dump(), TargetCondition)


class RouteTargetBody(RequestBody):
    """A model that the route may call. Lower priorities go first; among targets of one priority the
    strategy chooses. `after`: only for calls that failed elsewhere for one of these causes. `when`:
    only for such calls."""

    provider: Annotated[str, Field(max_length=63)]
    model: Annotated[str, Field(max_length=256)]
    weight: Annotated[int, Field(ge=0, le=MAX_WEIGHT)] = 1
    priority: Annotated[int, Field(ge=0, le=MAX_PRIORITY)] = 0
    after: Annotated[list[Cause], Field(max_length=7, default_factory=list[Cause])]
    when: TargetConditionBody | None = None

    def entry(self) -> RouteTarget:
        """Returns the target."""
        return RouteTarget(
            self.provider,
            self.model,
            self.weight,
            self.priority,
            tuple(self.after),
            None if self.when is None else self.when.condition(),
        )


class RouteShadowBody(RequestBody):
    """A model that a share of the calls is sent to as well, in the background. Its answers are
    recorded, and shown to nobody. `max_calls`: at once, in each gateway worker."""

    provider: Annotated[str, Field(max_length=63)]
    model: Annotated[str, Field(max_length=256)]
    percent: Annotated[float, Field(ge=SMALLEST_SHARE, le=100, allow_inf_nan=False)] = 1.0
    max_calls: Annotated[int, Field(ge=1, le=MAX_SHADOWS)] = 4

    def entry(self) -> RouteShadow:
        """Returns the part of the route."""
        return RouteShadow(self.provider, self.model, self.percent, self.max_calls)


class RouteBody(RequestBody):
    """The content of a route. A time limit of 0 is none: those of the providers apply.
    `health_check`: targets without calls are checked by their list of models, or by a small call.
    `hedge_percent` of the streams may ask a second target if the first one is silent for
    `hedge_after_ms`, or, with 0, for longer than usual. `cache_s`: answers are cached for so many
    seconds, unless the call's header `x-penstock-cache` says otherwise.
    """

    targets: Annotated[list[RouteTargetBody], Field(min_length=1, max_length=MAX_TARGETS)]
    strategy: Annotated[str, Field(max_length=63)] = "weighted"
    max_attempts: Annotated[int, Field(ge=1, le=MAX_ATTEMPTS)] = 3
    first_token_timeout_ms: Milliseconds = 0
    total_timeout_ms: Milliseconds = 0
    health_check: Literal["", "models", "call"] = ""
    health_check_s: Annotated[int, Field(ge=SHORTEST_CHECK_S, le=LONGEST_CHECK_S)] = 30
    hedge_percent: Annotated[int, Field(ge=0, le=MAX_HEDGE_PERCENT)] = 0
    hedge_after_ms: Milliseconds = 0
    shadow: RouteShadowBody | None = None
    cache_s: Annotated[int, Field(ge=0, le=LONGEST_S)] = 0

    def entry(self, name: str) -> RouteEntry:
        """Returns the route; the service sets its version."""
        return RouteEntry(
            name=name,
            version=0,
            targets=tuple(each.entry() for each in self.targets),
            strategy=self.strategy,
            max_attempts=self.max_attempts,
            first_token_timeout_ms=self.first_token_timeout_ms,
            total_timeout_ms=self.total_timeout_ms,
            health_check=self.health_check,
            health_check_s=self.health_check_s,
            hedge_percent=self.hedge_percent,
            hedge_after_ms=self.hedge_after_ms,
            shadow=None if self.shadow is None else self.shadow.entry(),
            cache_s=self.cache_s,
        )


class NewRouteBody(RouteBody):
    """A route to add. Callers send its name as `model`."""

    name: Annotated[str, Field(max_length=127)]


class RouteChangeBody(RouteBody):
    """A new version of a route. With `version`, only if that is the present one."""

    version: Annotated[int, Field(ge=1)] | None = None
