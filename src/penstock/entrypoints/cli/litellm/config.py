"""Reads a LiteLLM configuration: models, fallbacks and router settings."""

from collections.abc import Mapping
from typing import Final

from penstock.entrypoints.cli.litellm.deployments import Deployment, Deployments
from penstock.entrypoints.cli.litellm.plan import Plan, PlannedRoute, PlannedTarget
from penstock.entrypoints.cli.litellm.settings import ConfigSection, Environment

_STRATEGIES: Final = {
    "": "weighted",
    "simple-shuffle": "weighted",
    "least-busy": "least_busy",
    "latency-based-routing": "lowest_latency",
    "usage-based-routing": "lowest_usage",
    "usage-based-routing-v2": "lowest_usage",
    "cost-based-routing": "lowest_cost",
}
_CAUSES: Final = {
    "fallbacks": (),
    "context_window_fallbacks": ("context_length",),
    "content_policy_fallbacks": ("content_filter",),
}
_WHY_NOT: Final = {
    "master_key": "use a key of this installation; `penstock key show` prints one",
    "database_url": "Penstock has its own store",
    "cache": "there is no cache of answers yet",
    "cache_params": "there is no cache of answers yet",
    "success_callback": "every call is recorded; see Traces",
    "failure_callback": "every call is recorded; see Traces",
    "callbacks": "every call is recorded; see Traces",
    "drop_params": "a translation drops what is only a hint, and names it in a header",
    "allowed_fails": "each target has a circuit breaker",
    "cooldown_time": "each target has a circuit breaker",
    "retry_after": "the pause between attempts is set",
    "max_budget": "see `penstock limit`",
    "budget_duration": "see `penstock limit`",
    "redis_host": "not needed on one machine",
    "redis_port": "not needed on one machine",
    "redis_password": "not needed on one machine",
    "telemetry": "nothing is sent anywhere",
    "set_verbose": "see `penstock settings`",
}
MAX_ATTEMPTS: Final = 10  # of a route
MAX_WEIGHT: Final = 1000
MAX_TARGETS: Final = 32
MAX_PRIORITY: Final = 31


class _Router:
    """The settings that all routes share."""

    def __init__(self, plan: Plan, router: ConfigSection, general: ConfigSection) -> None:
        wanted = router.text("routing_strategy")
        self.strategy = _STRATEGIES.get(wanted, "weighted")
        if wanted not in _STRATEGIES:
            plan.left_out["router_settings.routing_strategy"] = (
                f"there is no strategy {wanted!r}; calls are shared by weight"
            )
        retries = [each.number("num_retries") for each in (router, general)]
        self.max_attempts = min(int(max(retries)) + 1 if any(retries) else 3, MAX_ATTEMPTS)
        timeouts = (router.number("timeout"), general.number("request_timeout"))
        self.total_s = float(next((each for each in timeouts if each), 0))
        self.first_token_s = float(router.number("stream_timeout"))
        self.fallbacks: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for section in (general, router):
            for setting, after in _CAUSES.items():
                for group, names in section.names_by_name(setting):
                    for name in names:
                        known = self.fallbacks.setdefault(group, [])
                        if (after, name) not in known:
                            known.append((after, name))
        self.default_fallbacks = [*general.names("default_fallbacks")]
        aliases = router.section("model_group_alias")
        self.aliases = {alias: _alias_of(aliases, alias) for alias in aliases.unread()}


def read_config(document: object, environment: Environment) -> Plan:
    """Returns what a configuration becomes. Raises `SetupError` for a document of another form."""
    config, plan = ConfigSection(document, "", environment), Plan()
    deployments = Deployments(plan)
    for entry in config.sections("model_list"):
        deployments.read(entry)
    router, general = config.section("router_settings"), config.section("litellm_settings")
    common = _Router(plan, router, general)
    for group in deployments.by_group:
        _add_route(plan, group, group, deployments.by_group, common)
    for alias, group in common.aliases.items():
        if group in deployments.by_group:
            _add_route(plan, alias, group, deployments.by_group, common)
        else:
            plan.left_out[f"router_settings.model_group_alias.{alias}"] = f"no model {group!r}"
    for section in (router, general, config.section("general_settings")):
        _note_unread(plan, section)
    for name in config.unread():
        plan.left_out[name] = _WHY_NOT.get(name, "no counterpart")
    return plan


def _add_route(
    plan: Plan, name: str, group: str, groups: Mapping[str, list[Deployment]], common: _Router
) -> None:
    own = groups[group]
    targets = _targets(own, 0, ())
    level = max(each.priority for each in targets) + 1
    for after, other in [
        *common.fallbacks.get(group, ()),
        *(((), other) for other in common.default_fallbacks if other != group),
    ]:
        if other not in groups:
            plan.left_out[f"fallbacks.{group}"] = f"there is no model {other!r}"
            continue
        known = {(each.provider, each.model) for each in targets}
        added = _targets(groups[other], level, after)
        targets += [each for each in added if (each.provider, each.model) not in known]
        level += 1
    if len(targets) > MAX_TARGETS or level > MAX_PRIORITY:
        plan.left_out[f"fallbacks.{name}"] = "a route has at most 32 targets; the last are left out"
    targets = [each for each in targets[:MAX_TARGETS] if each.priority <= MAX_PRIORITY]
    if len(targets) == 1 and name in (own[0].model, f"{own[0].provider}/{own[0].model}"):
        return  # the name says where to go
    if "/" in name:
        plan.left_out[f"model_list.{name}"] = "the name of a route has no slash; choose another one"
        return
    plan.routes.append(
        PlannedRoute(
            name,
            targets,
            common.strategy,
            common.max_attempts,
            _milliseconds(
                max((each.first_token_s for each in own), default=0), common.first_token_s
            ),
            _milliseconds(max((each.total_s for each in own), default=0), common.total_s),
        )
    )


def _targets(
    deployments: list[Deployment], level: int, after: tuple[str, ...]
) -> list[PlannedTarget]:
    """The deployments of a group, each provider's model once; equal ones add their shares."""
    shares: dict[tuple[str, str], float] = {}
    priorities: dict[tuple[str, str], int] = {}
    for each in deployments:
        key = (each.provider, each.model)
        shares[key] = shares.get(key, 0.0) + each.share
        priorities[key] = min(priorities.get(key, each.priority), each.priority)
    largest = max(shares.values())
    scale = MAX_WEIGHT / largest if largest > MAX_WEIGHT or _has_fraction(shares) else 1.0
    return [
        PlannedTarget(
            *key,
            weight=max(round(share * scale), 1) if largest else 1,
            priority=level + priorities[key],
            after=after,
        )
        for key, share in shares.items()
    ]


def _has_fraction(shares: Mapping[tuple[str, str], float]) -> bool:
    return any(share != int(share) for share in shares.values())


def _milliseconds(own_s: float, common_s: float) -> int:
    seconds = own_s or common_s
    return min(max(round(seconds * 1000), 100), 3_600_000) if seconds else 0


def _alias_of(aliases: ConfigSection, alias: str) -> str:
    """`alias: group`, or `alias: {model: group, hidden: true}`."""
    value = aliases.value(alias)
    return (
        value if isinstance(value, str) else ConfigSection(value, alias, lambda _: "").text("model")
    )


def _note_unread(plan: Plan, section: ConfigSection) -> None:
    for name in section.unread():
        plan.left_out[f"{section.path}.{name}"] = _WHY_NOT.get(name, "no counterpart")
