"""Values of routes, and which routes are valid."""

import re
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from typing import Final

from penstock.infra.stored_documents import StoredDocument
from penstock.kernel.errors import Conflict, InvalidRequest
from penstock.rules.answer_cache import LONGEST_S
from penstock.rules.attempts.failure_causes import FailureCause
from penstock.rules.snapshot.routes import HealthCheck, RouteEntry, RouteShadow, RouteTarget
from penstock.rules.target_conditions import problem_of_condition

MAX_ROUTES: Final = 1000  # of a project
MAX_TARGETS: Final = 32  # of a route
MAX_WEIGHT: Final = 1000
MAX_PRIORITY: Final = 31
MAX_ATTEMPTS: Final = 10
SHORTEST_TIMEOUT_MS: Final = 100
LONGEST_TIMEOUT_MS: Final = 3_600_000
MAX_HEDGE_PERCENT: Final = 50
SMALLEST_SHARE: Final = 0.01  # percent of the calls of a shadow
MAX_SHADOWS: Final = 32  # shadow calls of a route at once, in each gateway worker
_WHOLE: Final = 100
SHORTEST_CHECK_S: Final = 5
LONGEST_CHECK_S: Final = 3600  # interval of a health check
_LONGEST_MODEL: Final = 256
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@+-]{0,126}")
CAUSES: Final = tuple(cause.value for cause in FailureCause if cause is not FailureCause.INVALID)

ListedModels = Mapping[str, Sequence[str]]
"""The providers of a project with the models that they list; none for one that lists nothing."""


StoredRoute = StoredDocument[RouteEntry]


def check_route(route: RouteEntry, listed: ListedModels, strategies: Collection[str]) -> None:
    """Raises `InvalidRequest` for a route that cannot work, `Conflict` if its name is a model's."""
    _check_name(route, listed)
    if route.strategy not in strategies:
        raise _invalid(
            f"There is no strategy {route.strategy!r}.",
            f"Use one of: {', '.join(sorted(strategies))}.",
            "strategy",
        )
    if not 1 <= route.max_attempts <= MAX_ATTEMPTS:
        raise _invalid(f"Use 1 to {MAX_ATTEMPTS} attempts.", "", "max_attempts")
    if not 0 <= route.hedge_percent <= MAX_HEDGE_PERCENT:
        raise _invalid(
            f"At most {MAX_HEDGE_PERCENT} percent of the calls can be hedged.", "", "hedge_percent"
        )
    if not 0 <= route.cache_s <= LONGEST_S:
        raise _invalid(f"Answers are cached for at most {LONGEST_S} seconds.", "", "cache_s")
    for field in ("first_token_timeout_ms", "total_timeout_ms", "hedge_after_ms"):
        value: int = getattr(route, field)
        if value and not SHORTEST_TIMEOUT_MS <= value <= LONGEST_TIMEOUT_MS:
            raise _invalid(
                f"The time limit must be 0 (none), or {SHORTEST_TIMEOUT_MS} to "
                f"{LONGEST_TIMEOUT_MS} ms.",
                "",
                field,
            )
    _check_health_check(route)
    _check_targets(route.targets, listed)
    if route.shadow is not None:
        _check_shadow(route.shadow, listed)


def _check_shadow(shadow: RouteShadow, listed: ListedModels) -> None:
    if not SMALLEST_SHARE <= shadow.percent <= _WHOLE or not 1 <= shadow.max_calls <= MAX_SHADOWS:
        raise _invalid(
            f"A shadow gets {SMALLEST_SHARE} to {_WHOLE} percent of the calls, and 1 to "
            f"{MAX_SHADOWS} at once.",
            "",
            "shadow",
        )
    _check_target(RouteTarget(shadow.provider, shadow.model), listed, "shadow")


def check_is_not_hidden(name: str, use_cases: Collection[str]) -> None:
    """Raises `Conflict` if a use case has the name: callers would never reach the route."""
    if name in use_cases:
        raise Conflict(
            f"The use case {name!r} would hide the route.",
            hint="Choose another name.",
            code="route_hidden",
            param="name",
        )


def _check_health_check(route: RouteEntry) -> None:
    if route.health_check not in ("", *HealthCheck):
        raise _invalid(
            f"There is no health check {route.health_check!r}.",
            f"Use one of: {', '.join(HealthCheck)}; or none.",
            "health_check",
        )
    if not SHORTEST_CHECK_S <= route.health_check_s <= LONGEST_CHECK_S:
        raise _invalid(
            f"A health check is made every {SHORTEST_CHECK_S} to {LONGEST_CHECK_S} seconds.",
            "",
            "health_check_s",
        )


def _check_name(route: RouteEntry, listed: ListedModels) -> None:
    """A route may have the name of a model that it calls: then it is that model with fallbacks."""
    name = route.name
    if not _NAME.fullmatch(name):
        raise _invalid(
            f"{name!r} is not a valid name of a route.",
            "Use up to 127 letters, digits, and . _ : @ + -",
            "name",
        )
    hidden = sorted(provider for provider, models in listed.items() if name in models)
    if hidden and all(target.model != name for target in route.targets):
        raise Conflict(
            f"The route would hide the model {name!r} of {', '.join(hidden)}.",
            hint="Choose another name, or add this model as a target.",
            code="route_hides_model",
            param="name",
        )


def _check_targets(targets: Sequence[RouteTarget], listed: ListedModels) -> None:
    if not 1 <= len(targets) <= MAX_TARGETS:
        raise _invalid(f"A route needs 1 to {MAX_TARGETS} targets.", "", "targets")
    for at, target in enumerate(targets):
        _check_target(target, listed, f"targets.{at}")
    names = [(target.provider, target.model) for target in targets]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise _invalid(f"The target {'/'.join(twice)} stands there twice.", "", "targets")
    usual = [target for target in targets if not target.after]
    if not usual:
        raise _invalid(
            "Each target is only for failures (`after`), so no call could begin.",
            "Add a target without `after`.",
            "targets",
        )
    if all(target.when for target in usual):
        raise _invalid(
            "Each target is only for certain calls (`when`), so other calls would have none.",
            "Add a target without `when` and `after`.",
            "targets",
        )
    if not any(target.weight for target in usual):
        raise _invalid(
            "All weights are 0, so no target would get calls.", "Set one to 1.", "targets"
        )


def _check_target(target: RouteTarget, listed: ListedModels, param: str) -> None:
    if not 0 <= target.weight <= MAX_WEIGHT or not 0 <= target.priority <= MAX_PRIORITY:
        raise _invalid(f"A weight is 0 to {MAX_WEIGHT}, a priority 0 to {MAX_PRIORITY}.", "", param)
    if target.when is not None and (problem := problem_of_condition(target.when)):
        raise _invalid(problem, "", f"{param}.when")
    if unknown := sorted(set(target.after) - set(CAUSES)):
        raise _invalid(
            f"There is no cause {unknown[0]!r}.", f"Use some of: {', '.join(CAUSES)}.", param
        )
    if target.provider not in listed:
        known = ", ".join(sorted(listed)[:20]) or "none"
        raise _invalid(
            f"This project has no provider {target.provider!r}.", f"It has: {known}.", param
        )
    if not 0 < len(target.model) <= _LONGEST_MODEL or not target.model.isprintable():
        raise _invalid("A target needs a model of the provider.", "", param)
    models = listed[target.provider]
    if models and target.model not in models:
        similar = get_close_matches(target.model, models, n=3)
        raise _invalid(
            f"The provider {target.provider!r} does not list the model {target.model!r}.",
            f"Did you mean {' or '.join(similar)}?"
            if similar
            else "Test the provider to renew its list of models.",
            param,
        )


def _invalid(message: str, hint: str, param: str) -> InvalidRequest:
    return InvalidRequest(message, hint=hint, param=param)
