"""Builds the vertical of replays."""

from penstock.features.access import Guards
from penstock.features.context import Context
from penstock.features.replays.gateway import InternalGateway
from penstock.features.replays.http import replay_routes
from penstock.features.replays.model import FindRecorded
from penstock.features.replays.service import ReadAnswer, Replays
from penstock.features.vertical import Vertical


def build(
    context: Context,
    guards: Guards,
    gateway: InternalGateway,
    find: FindRecorded,
    read_answer: ReadAnswer,
) -> Vertical:
    """Builds the vertical. `find` and `read_answer` are of the traces."""
    replays = Replays(context, gateway, find, read_answer)
    return Vertical(routers=(replay_routes(guards.require, replays),))
