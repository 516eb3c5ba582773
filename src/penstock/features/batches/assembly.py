"""Builds the vertical of batches."""

from penstock.features.access import Guards
from penstock.features.batches.following import BatchFollower, FollowPorts
from penstock.features.batches.http import batch_routes
from penstock.features.batches.service import BatchService
from penstock.features.context import Context
from penstock.features.vertical import Vertical
from penstock.infra.crypto import derive_key
from penstock.rules.provider_ids import PURPOSE


def open_batches(context: Context, pepper: str) -> BatchService:
    """Returns the batches; the store of calls notes them here. `pepper`: as in the snapshots."""
    return BatchService(context, derive_key(bytes.fromhex(pepper), PURPOSE))


def build(context: Context, guards: Guards, batches: BatchService, ports: FollowPorts) -> Vertical:
    """Builds the vertical."""
    follower = BatchFollower(context, ports)
    return Vertical(
        routers=(batch_routes(guards.require, batches),),
        jobs=(follower.run, follower.clean),
    )
