"""Builds the vertical of limits."""

from pathlib import Path
from typing import Final

from penstock.features.access import Guards
from penstock.features.context import Context
from penstock.features.limits.http import limit_routes
from penstock.features.limits.service import LimitService
from penstock.features.vertical import Vertical
from penstock.infra.counters import FileReader, path_in
from penstock.infra.home import Home
from penstock.kernel.time import rfc3339

_SHOWN_NS: Final = 31 * 86_400 * 10**9  # for how long lost counters are reported


def build(context: Context, guards: Guards, home: Path) -> Vertical:
    """Builds the vertical. The counters are those of the gateways of this home."""
    counters = FileReader(path_in(Home(home).counters), context.clock)
    limits = LimitService(context, counters)

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
        close=counters.close,
    )
