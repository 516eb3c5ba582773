"""Stage 4: find the route, or the provider of the model, and check that the key may call it."""

import asyncio
from collections.abc import Callable
from typing import Final

from penstock.gateway.call import Call
from penstock.gateway.errors import MethodNotAllowed
from penstock.gateway.released import CallRelease
from penstock.gateway.route import Route, RouteMember
from penstock.gateway.route_run import RouteRun
from penstock.gateway.shadow_rule import ShadowRule
from penstock.gateway.snapshot.project_index import ModelMatch, ProjectIndex, may_call_route
from penstock.gateway.snapshot.snapshot import Snapshot
from penstock.gateway.stages.client_token import require_for_client
from penstock.gateway.target import Target
from penstock.gateway.targets import TargetSource
from penstock.kernel.errors import Forbidden, InvalidRequest, NotFound, PenstockError
from penstock.rules.models.patterns import allows
from penstock.rules.neutral.conversation import RequestHead
from penstock.rules.passed_call import PASSED_METHODS, provider_of
from penstock.rules.snapshot.access import KeyContext
from penstock.rules.snapshot.routes import RouteEntry, RouteTarget
from penstock.rules.target_conditions import TargetConditionTest
from penstock.spi.strategy import Randomness, RouteStrategy

# Targets in the cache of one worker, about 1 kB each: a key and a name of at most 256 characters.
# Callers choose the names, so a full cache is cleared.
MAX_REMEMBERED: Final = 4096


class Resolve:
    """Finds the target of a call, or its route. Caches them until the snapshot changes."""

    def __init__(
        self,
        targets: TargetSource,
        strategy: Callable[[str], RouteStrategy],
        random: Randomness,
    ) -> None:
        self._targets = targets
        self._strategy = strategy
        self._random = random
        self._snapshot: Snapshot | None = None
        self._known: dict[tuple[str, str, str], Target | Route] = {}

    def __call__(
        self, call: Call, snapshot: Snapshot, key_context: KeyContext, head: RequestHead
    ) -> Target:
        """Raises `NotFound` with suggestions, `Forbidden` or `InvalidRequest`."""
        if snapshot is not self._snapshot:
            self._snapshot, self._known = snapshot, {}
            self._targets.begin()
        if call.traits.passes:
            if key_context.token is not None:
                raise Forbidden("A client token is not for other paths.", code="model_not_allowed")
            call.target = self._pass_through(call, snapshot, key_context, head)
            return call.target
        if head.stream and not call.traits.streamed:
            raise InvalidRequest(f"{call.path} has no streams.", param="stream")
        if len(self._known) >= MAX_REMEMBERED:
            self._known = {}
        dialect, allowed = call.surface.dialect, key_context.key.allowed_models
        wanted = (dialect, key_context.key.id, head.model)
        if call.released is not None and call.released.allowed:
            allowed, wanted = (), (dialect, key_context.project_id, head.model)
        found = self._known.get(wanted)
        if found is None:
            project = snapshot.project(key_context.project_id)
            found = self._known[wanted] = self._find(call, project, allowed, head.model)
        if isinstance(found, Route):
            now = asyncio.get_running_loop().time()
            call.route = RouteRun(found, call, self._random, now)
            found = found.members[0].target  # until an attempt chooses one
        if key_context.token is not None:
            require_for_client(key_context.token, call, found)
        call.target = found
        return found

    def of_shadow(self, call: Call, project: ProjectIndex, model: str) -> Target:
        """Returns the target of a shadow call whose release names `model`: of a route, the first
        one that is for all calls. Calls of all keys have shadows: nobody sees their answers.
        Raises `NotFound`, `InvalidRequest`."""
        found = self._find(call, project, (), model)
        if not isinstance(found, Route):
            return found
        of_all = [each for each in found.members if not each.rule.after and not each.condition]
        return (of_all or found.members)[0].target

    def _pass_through(
        self, call: Call, snapshot: Snapshot, key_context: KeyContext, head: RequestHead
    ) -> Target:
        """The provider that the path names. Any path may call any model, so the key must be allowed
        all models of the provider. Raises `NotFound`, `Forbidden`."""
        if call.method not in PASSED_METHODS:
            raise MethodNotAllowed(
                f"{call.path} does not accept {call.method}.",
                hint=f"Use {', '.join(PASSED_METHODS)}.",
            )
        project = snapshot.project(key_context.project_id)
        found = project.provider(provider_of(call.path))
        entry = found.entry
        if entry.quirks.get("passthrough") != "yes":
            raise Forbidden(
                f"The provider {entry.name!r} does not serve other paths than those of its models.",
                hint="Set its quirk `passthrough=yes`, in the console or over REST.",
                code="passthrough_not_allowed",
            )
        _require_allowed(key_context.key.allowed_models, found, f"{entry.name}/*", "*")
        return self._targets.find(project, found, head.model, call.surface.dialect)

    def _find(
        self, call: Call, project: ProjectIndex, allowed: tuple[str, ...], model: str
    ) -> Target | Route:
        if not model:
            raise InvalidRequest("The request names no model.", param="model")
        dialect = call.surface.dialect
        try:
            return self._named(project, allowed, model, dialect)
        except (NotFound, InvalidRequest) as error:
            if call.released is None:
                raise
            raise _model_gone(call.released, error) from None

    def _named(
        self, project: ProjectIndex, allowed: tuple[str, ...], model: str, dialect: str
    ) -> Target | Route:
        if (route := project.routes.get(model)) is not None:
            return self._route(project, route, allowed, dialect)
        found = project.resolve(model)
        _require_allowed(allowed, found, model, found.upstream_model)
        return self._targets.find(project, found, found.upstream_model, dialect)

    def _route(
        self, project: ProjectIndex, route: RouteEntry, allowed: tuple[str, ...], dialect: str
    ) -> Route:
        if not may_call_route(allowed, route):
            raise _not_allowed(route.name, allowed)
        members: list[RouteMember] = []
        for rule in route.targets:
            if (found := project.member(rule)) is not None:
                target = self._targets.find(project, found, rule.model, dialect)
                health = self._targets.health(project, rule.provider, rule.model)
                condition = None if rule.when is None else TargetConditionTest(rule.when)
                members.append(RouteMember(rule, target, health, condition))
        if all(each.rule.after for each in members):
            raise NotFound(
                f"The route {route.name!r} has no target any more: its providers were removed.",
                hint="Add a provider to the project, or a target to the route.",
                code="route_without_target",
                param="model",
            )
        shadow = self._shadow(project, route, dialect)
        return Route(route, tuple(members), self._strategy(route.strategy), shadow)

    def _shadow(self, project: ProjectIndex, route: RouteEntry, dialect: str) -> ShadowRule | None:
        """Returns `None` if the route has none, or its provider is gone. Calls of all keys have it:
        nobody sees its answers."""
        wanted = route.shadow
        if wanted is None:
            return None
        found = project.member(RouteTarget(wanted.provider, wanted.model))
        if found is None:
            return None
        target = self._targets.find(project, found, wanted.model, dialect)
        return ShadowRule(project.project_id, route.name, target, wanted.percent, wanted.max_calls)


def _model_gone(released: CallRelease, error: PenstockError) -> NotFound:
    return NotFound(
        f"The release {released.digest[:12]} of the use case {released.use_case!r} calls "
        f"{released.model!r}. {error.message}",
        hint="Undo the rollout, or roll out another release.",
        code="release_model_gone",
        param="model",
    )


def _require_allowed(
    patterns: tuple[str, ...], found: ModelMatch, model: str, upstream_model: str
) -> None:
    if not allows(patterns, found.entry.name, upstream_model):
        raise _not_allowed(model, patterns)


def _not_allowed(model: str, patterns: tuple[str, ...]) -> Forbidden:
    return Forbidden(
        f"This key may not call the model {model!r}.",
        hint=f"It may call: {', '.join(patterns)}.",
        code="model_not_allowed",
        param="model",
    )
