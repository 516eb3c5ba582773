"""Routes: which are valid, kept with their versions, audited, and in the snapshot."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from penstock.features.catalog.assembly import listed_models
from penstock.features.catalog.model import NewProvider
from penstock.features.context import Context
from penstock.features.routes.service import RouteService
from penstock.features.routes.store import METADATA
from penstock.kernel.errors import Conflict, InvalidRequest, NotFound
from penstock.rules.snapshot.routes import RouteEntry, RoutesSection, RouteTarget, TargetCondition
from tests.features.catalog.test_tables import differences
from tests.features.world import World, open_world

STRATEGIES = ("weighted", "sticky")
ENTRY = RouteEntry(
    "support",
    0,
    (RouteTarget("openai", "gpt-4o", 3), RouteTarget("mine", "llama", priority=1)),
)


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = open_world(tmp_path)
    for name, models in (("openai", ("gpt-4o", "gpt-4o-mini")), ("mine", ())):
        new = NewProvider(name, "https://api.example.org/v1", models=models)
        world.catalog.providers.add(world.admin, world.project_id, new)
    return world


@pytest.fixture
def routes(world: World) -> RouteService:
    context: Context = world.identity.context
    return RouteService(context, listed_models(context), lambda: STRATEGIES, lambda _: ["taken"])


def test_a_route_has_versions_and_audit_events(world: World, routes: RouteService) -> None:
    project = world.project_id
    added = routes.add(world.admin, project, ENTRY)
    assert (added.entry.version, routes.list_all(project)) == (1, [added])
    wanted = replace(ENTRY, strategy="sticky")
    second = routes.replace(world.admin, project, wanted, of_version=1)
    assert (second.entry.version, second.entry.strategy) == (2, "sticky")
    with pytest.raises(Conflict) as caught:
        routes.replace(world.admin, project, ENTRY, of_version=1)
    assert caught.value.code == "route_changed"
    assert routes.get(project, "support") == second
    section = routes.documents()[f"{project}/routes"]
    assert section == RoutesSection(project, (second.entry,))
    routes.remove(world.admin, project, "support")
    assert routes.documents() == {}
    events = [event for event in world.events() if event.action.startswith("route.")]
    assert [event.action for event in events] == ["route.add", "route.replace", "route.remove"]
    assert events[1].before["strategy"] == "weighted"
    assert events[1].after["strategy"] == "sticky"


def test_unknown_routes_and_those_of_others_are_not_found(
    world: World, routes: RouteService
) -> None:
    routes.add(world.admin, world.project_id, ENTRY)
    with pytest.raises(Conflict):
        routes.add(world.admin, world.project_id, ENTRY)
    with pytest.raises(NotFound):
        routes.get("prj_other", "support")
    with pytest.raises(NotFound):
        routes.remove(world.admin, world.project_id, "other")
    with pytest.raises(NotFound):
        routes.replace(world.admin, world.project_id, replace(ENTRY, name="x"), of_version=None)


def target(**fields: object) -> RouteEntry:
    return replace(ENTRY, targets=(RouteTarget(**({"provider": "mine", "model": "m"} | fields)),))  # pyright: ignore[reportArgumentType] - fields of a test's choice


@pytest.mark.parametrize(
    ("entry", "part"),
    [
        (replace(ENTRY, name="-x"), "not a valid name"),
        (replace(ENTRY, name="x" * 128), "not a valid name"),
        (replace(ENTRY, name="a/b"), "not a valid name"),
        (replace(ENTRY, strategy="random"), "weighted"),
        (replace(ENTRY, max_attempts=0), "1 to 10 attempts"),
        (replace(ENTRY, max_attempts=11), "1 to 10 attempts"),
        (replace(ENTRY, total_timeout_ms=99), "time limit"),
        (replace(ENTRY, first_token_timeout_ms=-1), "time limit"),
        (replace(ENTRY, targets=()), "1 to 32 targets"),
        (replace(ENTRY, targets=ENTRY.targets * 17), "1 to 32 targets"),
        (replace(ENTRY, targets=ENTRY.targets[:1] * 2), "stands there twice"),
        (target(provider="nobody"), "It has: mine, openai"),
        (target(model=""), "needs a model"),
        (target(model="a\nb"), "needs a model"),
        (target(provider="openai", model="gpt-4"), "Did you mean gpt-4o"),
        (target(provider="openai", model="zzz"), "renew its list"),
        (target(weight=0), "All weights are 0"),
        (target(weight=-1), "A weight is"),
        (target(weight=1001), "A weight is"),
        (target(priority=32), "a priority 0 to 31"),
        (target(after=("rate_limit",)), "no call could begin"),
        (target(after=("bad luck",)), "There is no cause"),
        (target(after=("invalid",)), "There is no cause"),
        (target(when=TargetCondition()), "The condition is empty"),
        (target(when=TargetCondition(only={"model": ("m",)})), "what the route decides"),
        (target(when=TargetCondition(only={"mood": ("bad",)})), "is none of"),
        (target(when=TargetCondition(headers={"Cookie": ("a",)})), "in lower case"),
        (target(when=TargetCondition(headers={"cookie": ("a",)})), "has a secret"),
        (target(when=TargetCondition(headers={"x-a": ()})), "1 to 64 values"),
        (target(when=TargetCondition(languages=("xx",))), "no known language"),
        (target(when=TargetCondition(code=("perl",))), "no known code"),
        (target(when=TargetCondition(media=("smell",))), "no known media"),
        (target(when=TargetCondition(min_tokens=2, max_tokens=1)), "at least 2 and at most 1"),
        (target(when=TargetCondition(languages=("de",))), "other calls would have none"),
    ],
)
def test_a_route_that_cannot_work_is_refused_with_the_reason(
    world: World, routes: RouteService, entry: RouteEntry, part: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        routes.add(world.admin, world.project_id, entry)
    assert part in caught.value.sentence()
    assert routes.list_all(world.project_id) == []


def test_the_error_of_a_target_names_it(world: World, routes: RouteService) -> None:
    wrong = RouteTarget("openai", "zzz", priority=2)
    with pytest.raises(InvalidRequest) as caught:
        routes.add(world.admin, world.project_id, replace(ENTRY, targets=(*ENTRY.targets, wrong)))
    assert caught.value.param == "targets.2"


def test_a_route_hides_no_model_that_it_does_not_call(world: World, routes: RouteService) -> None:
    other = replace(ENTRY, name="gpt-4o-mini")
    with pytest.raises(Conflict) as caught:
        routes.add(world.admin, world.project_id, other)
    assert "would hide the model 'gpt-4o-mini' of openai" in caught.value.message
    with_fallback = routes.add(world.admin, world.project_id, replace(ENTRY, name="gpt-4o"))
    assert with_fallback.entry.targets[0].model == "gpt-4o"


def test_migrated_tables_are_the_declared_ones(world: World) -> None:
    assert differences(world, METADATA) == []
