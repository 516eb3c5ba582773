"""What a machine of a Ray cluster runs: a batch of rows of an evaluation run."""

import asyncio

import msgspec

from penstock.entrypoints.worker.evaluators import find_evaluator
from penstock.features.evaluations.work.batches import BatchDone, BatchOrder, do_batch
from penstock.features.evaluations.work.rows import RowServices
from penstock.features.replays.gateway import InternalGateway
from penstock.infra.egress.client import Egress
from penstock.plugins.surfaces.openai import OpenAISurface


def run_batch(order: bytes) -> bytes:
    """Does a `BatchOrder`, and returns its `BatchDone`."""
    decoded = msgspec.json.decode(order, type=BatchOrder)
    return msgspec.json.encode(asyncio.run(_done(decoded)))


async def _done(order: BatchOrder) -> BatchDone:
    egress = Egress()
    try:
        send = InternalGateway(egress, order.gateway_url, order.token).send
        find = find_evaluator(order.programs)
        return await do_batch(order, RowServices(find, OpenAISurface(), send))
    finally:
        egress.close()
