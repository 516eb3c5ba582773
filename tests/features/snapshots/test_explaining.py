"""A span's cost explained by the prices that governed it."""

from decimal import Decimal

import msgspec
import pytest

from penstock.features.catalog.assembly import START
from penstock.features.catalog.model import NewProvider, ProviderChange
from penstock.features.catalog.own_price import NewPrice
from penstock.features.snapshots.explain import CostExplainer
from penstock.features.traces.model import SpanRecord
from penstock.gateway.snapshot.snapshot import build
from penstock.rules.call import Usage, UsageSource
from penstock.rules.prices.price import UnitPrice
from penstock.rules.prices.price_book import CalledModel
from penstock.rules.snapshot.tree import Root, Sealed
from tests.features.snapshots.conftest import Publishing

NOW_NS = 1_795_000_000_000_000_000
USAGE = Usage(1_000, 200, cache_read_tokens=400, source=UsageSource.PROVIDER)


def settled(
    publishing: Publishing, model: str, context: dict[str, str] | None = None
) -> SpanRecord:
    """The span of a call as a gateway would have priced it under the current snapshot."""
    publishing.publisher.compile_now()
    current = publishing.publisher.current()
    hashes = msgspec.json.decode(current.root, type=Root).sections.values()
    sections = {hash_: publishing.publisher.section(hash_) for hash_ in hashes}
    sealed = Sealed("00", publishing.world.catalog.sections.secrets())
    view = build(current.root, sections, sealed).project(publishing.world.project_id)
    entry = view.resolve(f"up/{model}").entry
    called = CalledModel("up", entry.vendor, model)
    charge = view.charge(called, USAGE, NOW_NS, context or {})
    empty = {
        field.name: field.type() if isinstance(field.type, type) else None
        for field in msgspec.structs.fields(SpanRecord)
    }
    fields = {
        "snapshot": current.digest,
        "provider": "up",
        "model": model,
        "start_ns": NOW_NS,
        "input_tokens": USAGE.input_tokens,
        "output_tokens": USAGE.output_tokens,
        "cache_read_tokens": USAGE.cache_read_tokens,
        "cost": charge.cost if charge else None,
        "price_id": charge.price_id if charge else "",
    }
    return SpanRecord(**(empty | fields))


@pytest.fixture
def explain(publishing: Publishing) -> CostExplainer:
    wanted = NewProvider("up", "https://api.openai.com/v1")
    publishing.world.catalog.providers.add(START, publishing.world.project_id, wanted)
    return CostExplainer(publishing.world.database)


@pytest.mark.parametrize("context", [{}, {"service_tier": "flex"}])
def test_the_lines_add_up_to_the_cost(
    publishing: Publishing, explain: CostExplainer, context: dict[str, str]
) -> None:
    span = settled(publishing, "o4-mini", context)
    lines = explain(publishing.world.project_id, span)
    assert [line.unit for line in lines] == ["input_tokens", "cache_read_tokens", "output_tokens"]
    assert [line.count for line in lines] == [600, 400, 200]
    assert sum(line.amount for line in lines) == span.cost


def test_later_changes_do_not_change_the_explanation(
    publishing: Publishing, explain: CostExplainer
) -> None:
    world = publishing.world
    price = NewPrice("up", "gpt-*", (UnitPrice("input_tokens", Decimal(9)),), from_ms=0)
    own = world.catalog.prices.add(START, world.project_id, price)
    span = settled(publishing, "gpt-4o")
    assert span.price_id == f"override/{own.id}"
    world.catalog.prices.remove(START, world.project_id, own.id)
    change = ProviderChange(base_url="https://api.x.ai/v1")
    world.catalog.providers.change(START, world.project_id, "up", change)
    publishing.publisher.compile_now()
    assert sum(line.amount for line in explain(world.project_id, span)) == Decimal("0.009")
    assert explain(world.project_id, settled(publishing, "gpt-4o")) == ()


def test_what_cannot_be_explained_is_left_unexplained(
    publishing: Publishing, explain: CostExplainer
) -> None:
    project_id = publishing.world.project_id
    span = settled(publishing, "gpt-4o")
    assert explain(project_id, span)
    assert explain("prj_other", span) == ()
    assert explain(project_id, msgspec.structs.replace(span, snapshot="f" * 64)) == ()
    assert explain(project_id, msgspec.structs.replace(span, price_id="openai/other")) == ()
    assert explain(project_id, settled(publishing, "no-such-model")) == ()


def test_a_few_snapshots_are_remembered(publishing: Publishing, explain: CostExplainer) -> None:
    world = publishing.world
    spans: list[SpanRecord] = []
    for number in range(10):
        wanted = NewPrice("x", f"m{number}", (UnitPrice("requests", Decimal(1)),))
        world.catalog.prices.add(START, world.project_id, wanted)
        spans.append(settled(publishing, "gpt-4o"))
    assert all(explain(world.project_id, span) for span in spans)
    assert len(explain._recent) == 8
