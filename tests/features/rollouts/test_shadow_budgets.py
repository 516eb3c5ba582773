"""What the shadow of a rollout has used since midnight outlives its counter."""

import asyncio
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from features.traces import calls
from penstock.features.access import Guards
from penstock.features.limits.assembly import CounterFileStore
from penstock.features.limits.assembly import build as build_limits
from penstock.features.limits.model import StoredLimit, counted_from_ns
from penstock.features.rollouts.amending import AmendService
from penstock.features.rollouts.assembly import shadow_budgets
from penstock.features.traces.schema import FAMILY, STEPS
from penstock.features.traces.service import Traces
from penstock.infra.columns import apply_steps, open_columns
from penstock.infra.counters import CounterFile, path_in
from penstock.infra.home import Home
from penstock.kernel.time import SystemClock
from penstock.rules.call import Caller
from penstock.rules.limits.index import Amounts, Limit
from penstock.rules.rollouts.documents import Rollout, ShadowArm
from penstock.rules.rollouts.shadow_budget import SHADOW_TAG, shadow_budget
from penstock.spi.counters import Reservation
from tests.features.releases.released import Released

CLOCK = SystemClock()
NANO = 10**9


@pytest.fixture
def traces(tmp_path: Path) -> Iterator[Traces]:
    store = open_columns(f"chdb://{tmp_path / 'columns'}")
    apply_steps(store, FAMILY, STEPS)
    quarantine = calls.new_quarantine(tmp_path / "spool")
    unknown = calls.unknown_records(tmp_path / "unknown")
    yield Traces(lambda: store, CLOCK, lambda project_id, span: [], quarantine, unknown)
    store.close()


def counted_shadow(released: Released) -> Limit:
    """Starts a rollout with a shadow, and returns the limit that counts this."""
    first, second = released.release().digest, released.release("gpt-4o").digest
    released.start(first)
    context = released.world.identity.context
    amending = AmendService(context, released.rollouts)
    place, shadow = Rollout("support", "dev", 1, ()), ShadowArm(second, 10, Decimal(5))
    amending.set_shadow(released.editor, released.project, place, shadow, message="see")
    (found,) = shadow_budgets(context)()
    return Limit(found.project_id, found.entry)


async def test_a_removed_counter_file_costs_the_budget_of_a_shadow_nothing(
    released: Released, traces: Traces, tmp_path: Path
) -> None:
    limit = counted_shadow(released)
    home = tmp_path / "gateway"
    path = path_in(Home(home).counters)
    path.parent.mkdir(parents=True)
    claim = limit.claim((), Amounts(spend=3 * NANO), time.time_ns())
    with CounterFileStore(path, CLOCK).as_writer() as counters:
        assert isinstance(counters, CounterFile)
        reserved = counters.reserve([claim])
        assert isinstance(reserved, Reservation)
        counters.settle(reserved, [3 * NANO])
    for name, cost in (("support/dev", "3"), ("support/production", "1"), ("other/dev", "1")):
        caller = Caller("key_1", tags={SHADOW_TAG: name})
        made = calls.call(released.project, claim.start_ns, caller=caller, cost=cost)
        calls.store(traces, made)
    path.unlink()
    CounterFile.open(path, CLOCK).close()  # as a gateway does when it starts
    reader = CounterFileStore(path, CLOCK)
    assert reader.read(claim).used == 0

    context, own = released.world.identity.context, released.world.identity.guards
    guards = Guards(own.require, own.signed_in, own.signed_in)
    vertical = build_limits(context, guards, home, "", traces.used, further=shadow_budgets(context))
    (job,) = vertical.jobs
    restoring = asyncio.ensure_future(job())
    async with asyncio.timeout(30):
        while reader.read(claim).used == 0:
            await asyncio.sleep(0.02)
    restoring.cancel()
    assert reader.read(claim).used == 3 * NANO


@pytest.mark.parametrize("use_case", ["support", "x_fedcba987654", "lim_fedcba987654"])
def test_a_budget_counts_since_midnight_whatever_its_use_case_is_called(use_case: str) -> None:
    rollout = Rollout(use_case, "dev", 1, (), shadow=ShadowArm("", 10, Decimal(5)))
    budget = shadow_budget(rollout)
    assert budget is not None
    assert counted_from_ns(StoredLimit("prj_1", budget, 0)) == 0
