"""Batches over a fresh installation, a real store of calls, and a provider that obeys the test."""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from penstock.features.batches import store
from penstock.features.batches.following import BatchFollower, FollowPorts
from penstock.features.batches.model import AnsweredRequest, FollowedBatch
from penstock.features.batches.service import BatchService
from penstock.features.catalog.assembly import open_access
from penstock.features.catalog.model import NewProvider
from penstock.features.context import Context
from penstock.features.traces.model import Filter, SpanRecord
from penstock.features.traces.schema import FAMILY, STEPS
from penstock.features.traces.service import Traces
from penstock.infra.columns import ColumnStore, apply_steps, open_columns
from penstock.infra.egress.client import Egress
from penstock.infra.spool.frame import Kind
from penstock.infra.spool.frame import encode as frame
from penstock.kernel.time import SystemClock
from penstock.rules.call import AttemptRecord, CallBegin, CallEnd, Caller, CallStatus, encode
from penstock.rules.prices.charge import Charge
from penstock.rules.prices.price import PriceOverride, UnitPrice
from penstock.rules.prices.price_book import CalledModel, PriceBook
from tests.features.batches.scripted import ScriptedProvider, scripted_provider
from tests.features.traces import calls
from tests.features.world import MASTER_KEY, SECRET, World

PRICES = PriceBook(
    {},
    [
        PriceOverride(
            "own",
            "up",
            "*",
            (
                UnitPrice("input_tokens", Decimal("1.25")),
                UnitPrice("output_tokens", Decimal(5)),
            ),
        )
    ],
)


def price(request: AnsweredRequest) -> Charge | None:
    called = CalledModel(request.provider, "", request.model, request.response_model)
    return PRICES.charge(called, request.usage, request.start_ns)


@dataclass
class Batches:
    """The parts of one test. `captures`: whether the project records content."""

    world: World
    provider: ScriptedProvider
    traces: Traces
    service: BatchService
    context: Context
    ports: FollowPorts
    captures: bool = True

    @property
    def project(self) -> str:
        return self.world.project_id

    def create(self, name: str = "batch_1", project: str = "", **fields: Any) -> None:
        """Stores the call that made a batch, as a gateway's spool sends it."""
        end = creation(project or self.project, name, **fields)
        self.traces.ingest(f"{os.urandom(16).hex()}-1:0-9", frame(Kind.END, encode(end)))

    def one(self) -> FollowedBatch:
        (found,) = self.service.list(self.project, None, 10)
        return found

    def look(
        self, batch: FollowedBatch | None = None, ports: FollowPorts | None = None
    ) -> FollowedBatch:
        """Looks at a batch once, as its task does; returns it as it is then."""
        looked_at = batch or self.one()
        egress = Egress()
        follower = BatchFollower(
            self.context, replace(ports or self.ports, fetch=egress, open=egress.open)
        )

        async def look() -> None:
            try:
                await follower.look_safely(looked_at)
            finally:
                egress.close()

        asyncio.run(look())
        return self.service.get(looked_at.project_id, looked_at.id)

    def calls(self, batch: FollowedBatch) -> list[SpanRecord]:
        """The recorded calls of a batch."""
        only = {"batch_id": (batch.id,)}
        page = self.traces.list_calls(
            *(batch.project_id, calls.ALWAYS, Filter(only=only)), after=None, limit=500
        )
        found = [self.traces.get_trace(batch.project_id, each.trace_id) for each in page.items]
        return sorted((each.spans[0] for each in found), key=lambda each: each.response_id)

    def store(self, batch: FollowedBatch) -> None:
        with self.world.database.write() as tx:
            store.save_batch(tx.connection, batch)


def creation(project: str, name: str, **fields: Any) -> CallEnd:
    now_ns = SystemClock().now_ns() - 10**9
    caller = Caller("key_1", team="search", use_case="nightly", tags={"run": "7"})
    begin = CallBegin(
        *(project, os.urandom(16).hex(), os.urandom(8).hex(), "", now_ns),
        *("batch_create", "gpt-4o"),
        stream=False,
        caller=caller,
        dialect="openai_files",
    )
    attempt = AttemptRecord(
        *(os.urandom(8).hex(), "up", "gpt-4o", "127.0.0.1", 80, now_ns, now_ns, CallStatus.OK),
        dialect="openai_files",
        credential="default",
    )
    made = {"response_id": name, "provider": "up", "attempts": (attempt,), **fields}
    return CallEnd(begin, now_ns + 3_000_000, made.pop("status", CallStatus.OK), 200, **made)


@pytest.fixture(scope="module")
def columns(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ColumnStore]:
    store = open_columns(f"chdb://{tmp_path_factory.mktemp('home') / 'columns'}")
    apply_steps(store, FAMILY, STEPS)
    yield store
    store.close()


@pytest.fixture
def batches(columns: ColumnStore, installed: World, tmp_path: Path) -> Iterator[Batches]:
    columns.command("TRUNCATE TABLE calls")  # all installations are copies, with one project id
    context = installed.identity.context
    service = BatchService(context, b"secret")
    traces = Traces(
        lambda: columns,
        SystemClock(),
        lambda project_id, span: [],
        calls.new_quarantine(tmp_path),
        calls.unknown_records(tmp_path),
        note=service.note,
    )
    egress = Egress()
    access = open_access(context, MASTER_KEY, installed.catalog.references)
    with scripted_provider() as provider:
        new = NewProvider(
            *("up", provider.address),
            secret=SECRET,
            private_allowed=True,
            quirks={"files": "yes"},
        )
        installed.catalog.providers.add(installed.root, installed.project_id, new)
        ports = FollowPorts(
            *(access, egress, egress.open, traces.ingest, price),
            lambda _: made.captures,
            tmp_path / "uploads",
        )
        made = Batches(installed, provider, traces, service, context, ports)
        yield made
