"""Builds the snapshots vertical: publishes the sections of the other verticals."""

import logging
from collections.abc import Sequence

from penstock.features.access import Guards
from penstock.features.context import Context
from penstock.features.snapshots.changes import ChangeSignal
from penstock.features.snapshots.http import build_router
from penstock.features.snapshots.service import Publisher
from penstock.features.vertical import Vertical
from penstock.infra.crypto import Sealer
from penstock.rules.snapshot.section import SectionSource


def build(
    context: Context,
    guards: Guards,
    sources: Sequence[SectionSource],
    changes: ChangeSignal,
    *,
    pepper: str,
    sealer: Sealer,
) -> Vertical:
    """Builds the vertical. `pepper` and `sealer` as for `Publisher`."""
    publisher = Publisher(
        context.database,
        sources,
        pepper=pepper,
        changes=changes,
        sealer=sealer,
        clock=context.clock,
        log=logging.getLogger("penstock.server"),
    )
    return Vertical(
        routers=(build_router(publisher, guards.gateway),),
        checks={"snapshot": publisher.check},
        jobs=(publisher.run,),
    )
