"""Runs whose rows other machines do: here they are functions that take and return what travels."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

import msgspec
import pytest

from penstock.features.evaluations.model import EvaluatorPrograms, RunState
from penstock.features.evaluations.work.batches import (
    BatchDone,
    BatchOrder,
    OtherMachines,
    do_batch,
)
from penstock.features.evaluations.work.calls import SendCall
from penstock.features.evaluations.work.rows import RowServices
from penstock.features.evaluations.work.spending import CostCapReached, RunSpending
from penstock.infra.ray_cluster import RayCluster
from penstock.kernel.errors import SetupError, UpstreamFailed
from penstock.plugins.surfaces.openai import OpenAISurface
from tests.features.evaluations.conftest import Evaluated
from tests.features.evaluations.test_calls import Gateway, calling, good

Do = Callable[[BatchOrder, RowServices], Awaitable[BatchDone]]


def machines(evaluated: Evaluated, send: SendCall, do: Do = do_batch) -> OtherMachines:
    services = RowServices(evaluated.work.find, OpenAISurface(), send)

    async def batch(order: bytes) -> bytes:
        return msgspec.json.encode(await do(msgspec.json.decode(order, type=BatchOrder), services))

    def token(project_id: str, key_id: str, expires_s: float) -> str:
        return f"{project_id}/{key_id}/{expires_s > time.time()}"

    return OtherMachines(batch, 2, "http://gateway", token, EvaluatorPrograms())


def work(evaluated: Evaluated, gateway: Gateway, do: Do = do_batch) -> None:
    """Works until no job is left, with batches if `do` is given."""

    async def run() -> None:
        async with calling(gateway) as calls:

            async def connect() -> OtherMachines:
                return machines(evaluated, calls.send, do)

            evaluated.work = replace(evaluated.work, machines=connect)
            await evaluated.work_until_idle()

    asyncio.run(run())


def start(evaluated: Evaluated, **fields: object) -> str:
    release = evaluated.released.release("support-route").digest
    return evaluated.start("equals", release=release, key_id="key_1", concurrency=4, **fields)


def test_batches_do_each_row_once_and_need_no_database(evaluated: Evaluated) -> None:
    evaluated.fill(50)
    seen: list[BatchOrder] = []

    async def do(order: BatchOrder, services: RowServices) -> BatchDone:
        seen.append(order)
        return await do_batch(order, services)

    gateway = Gateway(good)
    run = start(evaluated)
    work(evaluated, gateway, do)
    ended = evaluated.get(run)
    assert (ended.run.state, ended.progress.done) == (RunState.DONE, 50)
    assert evaluated.metrics(run)["equals"]["scored"] == 50
    assert len({each["idempotency-key"] for each in gateway.asked}) == len(gateway.asked) == 50
    assert len(seen) > 2
    assert all(each.concurrency == 2 and len(each.tasks) <= 80 for each in seen)
    assert seen[0].token == f"{evaluated.project}/key_1/True"


def test_what_a_batch_leaves_is_done_by_the_next_one(evaluated: Evaluated) -> None:
    evaluated.fill(30)

    async def half(order: BatchOrder, services: RowServices) -> BatchDone:
        tasks = order.tasks[: (len(order.tasks) + 1) // 2]
        return await do_batch(msgspec.structs.replace(order, tasks=tasks), services)

    gateway = Gateway(good)
    run = start(evaluated)
    work(evaluated, gateway, half)
    assert evaluated.get(run).run.state is RunState.DONE
    assert len(gateway.asked) == 30


def test_the_cost_cap_holds_over_batches(evaluated: Evaluated) -> None:
    evaluated.fill(60)
    gateway = Gateway(good)
    run = start(evaluated, cost_cap_usd=5.0)
    work(evaluated, gateway)
    capped = evaluated.get(run)
    assert capped.run.state is RunState.CAP_REACHED
    assert 2.5 <= capped.progress.cost_usd <= 5.0 + 4 * 0.25
    evaluated.service.resume(evaluated.released.editor, evaluated.project, run, 100.0)
    work(evaluated, gateway)
    assert evaluated.get(run).run.state is RunState.DONE
    assert len(gateway.asked) == 60


def test_a_batch_whose_token_has_expired_comes_back_empty(evaluated: Evaluated) -> None:
    evaluated.fill(10)
    orders = 0

    async def late(order: BatchOrder, services: RowServices) -> BatchDone:
        nonlocal orders
        orders += 1
        if orders <= 2:
            order = msgspec.structs.replace(order, expires_s=time.time() - 1)
        return await do_batch(order, services)

    gateway = Gateway(good)
    run = start(evaluated)
    work(evaluated, gateway, late)
    assert evaluated.get(run).run.state is RunState.DONE


def test_machines_whose_batches_come_back_empty_fail_the_run(evaluated: Evaluated) -> None:
    evaluated.fill(10)

    async def nothing(order: BatchOrder, services: RowServices) -> BatchDone:
        return BatchDone(())

    run = start(evaluated)
    work(evaluated, Gateway(good), nothing)
    ended = evaluated.get(run).run
    assert (ended.state, "nothing done" in ended.error) == (RunState.FAILED, True)


def test_batches_share_what_is_left_of_the_cap() -> None:
    spending = RunSpending(1.0, 5.0)
    with spending.share(2) as first, spending.share(2) as second:
        assert (first, second) == (2.0, 2.0)
        with pytest.raises(CostCapReached), spending.share(2):
            pass
    assert spending.refused
    with RunSpending(1.0, 0.0).share(2) as uncapped:
        assert uncapped == 0.0


def test_without_ray_the_error_says_what_to_install() -> None:
    with pytest.raises(SetupError, match="Ray is not installed") as error:
        RayCluster("head:6379", bytes).connect()
    assert "penstock[ray]" in error.value.hint


def test_machines_that_cannot_be_reached_are_an_error_of_the_run(evaluated: Evaluated) -> None:
    evaluated.fill(2)

    async def connect() -> OtherMachines:
        raise UpstreamFailed("There is no Ray cluster at head:6379.")

    run = start(evaluated)
    evaluated.work = replace(evaluated.work, machines=connect)
    evaluated.run_jobs()
    ended = evaluated.get(run).run
    assert (ended.state, "no Ray cluster" in ended.error) == (RunState.FAILED, True)
