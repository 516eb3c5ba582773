"""Builds the vertical of limits."""

from functools import partial
from pathlib import Path
from typing import Final

from penstock.features.access import Guards
from penstock.features.context import Context
from penstock.features.limits.http import limit_routes
from penstock.features.limits.model import PastUse
from penstock.features.limits.recorded import RecordedUse
from penstock.features.limits.restoring import UseRestoring
from penstock.features.limits.service import LimitService
from penstock.features.vertical import Vertical
from penstock.infra.counters import CounterFile, FileReader, path_in
from penstock.infra.home import Home
from penstock.kernel.time import rfc3339

_SHOWN_NS: Final = 31 * 86_400 * 10**9  # for how long lost counters are reported


def build(context: Context, guards: Guards, home: Path, past_use: PastUse) -> Vertical:
    """Builds the vertical. The counters are those of the gateways of this home; `past_use` reads
    the records of calls: for histories, and to restore counters that were lost."""
    path = path_in(Home(home).counters)
    counters = FileReader(path, context.clock)
    limits = LimitService(context, counters, past_use)
    restoring = UseRestoring(
        limits.list_everywhere,
        counters.facts,
        partial(CounterFile.open, path, context.clock),
        RecordedUse(past_use),
        context.clock,
    )

    def notices() -> list[str]:
        facts = counters.facts()
        if facts is None or not facts.lost or facts.lost_ns + _SHOWN_NS < context.clock.now_ns():
            return []
        when = rfc3339(facts.lost_ns)
        return [f"{facts.lost} damaged counters of limits started from zero, the last at {when}."]

    return Vertical(
        routers=(limit_routes(guards.require, limits),),
        sections=(limits,),
        notices=notices,
        jobs=(restoring.run,),
        close=counters.close,
    )
