"""Limits: kept, audited, in the snapshot, with what is used of them."""

from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from penstock.features.limits.model import LimitChange, UsedPart
from penstock.features.limits.service import LimitService
from penstock.features.limits.store import METADATA
from penstock.infra.counters import CounterFile, FileReader, path_in
from penstock.infra.home import Home
from penstock.kernel.errors import Conflict, InvalidRequest, NotFound
from penstock.kernel.time import SystemClock
from penstock.rules.limits.documents import MAX_LIMITS, LimitEntry, LimitsSection, Measure
from penstock.rules.limits.index import Amounts, Limit
from penstock.rules.limits.windows import WindowUnit
from penstock.spi.counters import Reservation
from tests.features.catalog.test_tables import differences
from tests.features.world import World, open_world

BUDGET = LimitEntry("", "month", Measure.SPEND, Decimal("12.50"), WindowUnit.MONTH, "Europe/Berlin")


def no_records(*_: object, **__: object) -> list[UsedPart]:
    return []


@pytest.fixture
def world(tmp_path: Path) -> World:
    return open_world(tmp_path)


@pytest.fixture
def limits(world: World) -> LimitService:
    path = path_in(Home(world.home).counters)
    return LimitService(world.identity.context, FileReader(path, SystemClock()), no_records)


def test_the_migrated_table_is_the_declared_one(world: World) -> None:
    assert differences(world, METADATA) == []


def test_a_limit_is_added_changed_removed_and_audited(world: World, limits: LimitService) -> None:
    added = limits.add(world.admin, world.project_id, BUDGET)
    assert added.entry.id.startswith("lim_")
    assert added.entry.amount == Decimal("12.5")
    assert limits.get(world.project_id, added.entry.id) == added
    changed = limits.change(
        world.admin, world.project_id, added.entry.id, LimitChange(amount=Decimal(20))
    )
    assert changed.entry == replace(added.entry, amount=Decimal(20))
    assert limits.list_all(world.project_id) == [changed]
    limits.remove(world.admin, world.project_id, added.entry.id)
    with pytest.raises(NotFound):
        limits.get(world.project_id, added.entry.id)
    events = world.events()
    assert [event.action for event in events] == ["limit.add", "limit.change", "limit.remove"]


def test_the_snapshot_has_the_limits_of_projects_that_have_some(
    world: World, limits: LimitService
) -> None:
    assert limits.documents() == {}
    added = limits.add(world.admin, world.project_id, BUDGET)
    assert limits.documents() == {
        f"{world.project_id}/limits": LimitsSection(world.project_id, (added.entry,))
    }


def test_names_are_unique_and_limits_have_sense(world: World, limits: LimitService) -> None:
    first = limits.add(world.admin, world.project_id, BUDGET)
    with pytest.raises(Conflict):
        limits.add(world.admin, world.project_id, BUDGET)
    other = limits.add(world.admin, world.project_id, replace(BUDGET, name="other"))
    with pytest.raises(Conflict):
        limits.change(world.admin, world.project_id, other.entry.id, LimitChange(name="month"))
    with pytest.raises(InvalidRequest):
        limits.change(
            world.admin, world.project_id, first.entry.id, LimitChange(amount=Decimal(-1))
        )
    with pytest.raises(InvalidRequest):
        limits.add(world.admin, world.project_id, replace(BUDGET, name="x", window=None))
    assert len(limits.list_all(world.project_id)) == 2


def test_a_project_has_a_bounded_number_of_limits(world: World, limits: LimitService) -> None:
    for number in range(MAX_LIMITS):
        limits.add(world.admin, world.project_id, replace(BUDGET, name=f"limit {number}"))
    with pytest.raises(InvalidRequest):
        limits.add(world.admin, world.project_id, BUDGET)


def test_what_is_used_is_read_from_the_counters_of_the_gateways(
    world: World, limits: LimitService
) -> None:
    each_user = replace(BUDGET, per=("user",))
    added = limits.add(world.admin, world.project_id, each_user)
    unused = limits.use_of(added, ("ann",))
    assert unused is not None
    assert (unused.used, unused.reserved, unused.left) == (0, 0, Decimal("12.5"))
    assert limits.use_of(added) is None
    clock = SystemClock()
    counters = CounterFile.open(path_in(Home(world.home).counters), clock)
    counted = Limit(world.project_id, added.entry)
    for spend in (2_500_000_000, 1_000_000_000):
        claim = counted.claim(("ann",), Amounts(spend=spend), clock.now_ns())
        reserved = counters.reserve([claim])
        assert isinstance(reserved, Reservation)
        if spend > 10**9:
            counters.settle(reserved, [3_000_000_000])
    use = limits.use_of(added, ("ann",))
    assert use is not None
    assert (use.used, use.reserved, use.left) == (Decimal(3), Decimal(1), Decimal("8.5"))
    assert use.exceeded == Decimal("0.5")
    assert use.window_start_ms < use.window_end_ms
    other = limits.use_of(added, ("bob",))
    assert other is not None
    assert other.used == 0
