"""Builds the vertical of limits."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Final, Protocol

from penstock.features.access import Guards
from penstock.features.context import Context
from penstock.features.limits.http import limit_routes
from penstock.features.limits.model import PastUse, StoredLimit
from penstock.features.limits.recorded import RecordedUse
from penstock.features.limits.restoring import CounterTimes, CounterWriter, UseRestoring
from penstock.features.limits.service import LimitService
from penstock.features.vertical import Vertical
from penstock.infra.counters import CounterFile, FileReader, path_in
from penstock.infra.home import Home
from penstock.infra.redis import RedisView
from penstock.kernel.time import Clock, rfc3339
from penstock.rules.claims import Claim, CounterState

_SHOWN_NS: Final = 31 * 86_400 * 10**9  # for how long lost counters are reported


class CounterStore(Protocol):
    """The counters of the gateways."""

    def read(self, claim: Claim) -> CounterState: ...
    def counted_since(self, project_id: str) -> CounterTimes | None: ...
    def as_writer(self) -> AbstractContextManager[CounterWriter]: ...
    def notices(self) -> list[str]: ...
    def close(self) -> None: ...


class CounterFileStore(FileReader):
    """The counter file of this machine."""

    def __init__(self, path: Path, clock: Clock) -> None:
        super().__init__(path, clock)
        self._file_path = path
        self._file_clock = clock

    def counted_since(self, project_id: str) -> CounterTimes | None:
        """Returns when the file began; `None` while there is none."""
        del project_id
        return self.facts()

    def as_writer(self) -> AbstractContextManager[CounterWriter]:
        """Opens the file to write."""
        return closing(CounterFile.open(self._file_path, self._file_clock))

    def notices(self) -> list[str]:
        """Names counters that were damaged."""
        facts, now_ns = self.facts(), self._file_clock.now_ns()
        if facts is None or not facts.lost or facts.lost_ns + _SHOWN_NS < now_ns:
            return []
        when = rfc3339(facts.lost_ns)
        return [f"{facts.lost} damaged counters of limits started from zero, the last at {when}."]


def build(
    context: Context,
    guards: Guards,
    home: Path,
    redis_url: str,
    past_use: PastUse,
    *,
    further: Callable[[], Sequence[StoredLimit]],
) -> Vertical:
    """Builds the vertical. The counters are those of the gateways of this home, or on Redis;
    `past_use` reads the records of calls: for histories, and to restore counters that were lost.
    `further` lists limits that belong to other documents, whose counters are restored as well."""
    counters: CounterStore = (
        RedisView.open(redis_url, context.clock)
        if redis_url
        else CounterFileStore(path_in(Home(home).counters), context.clock)
    )
    limits = LimitService(context, counters, past_use)
    restoring = UseRestoring(
        lambda: [*limits.list_everywhere(), *further()],
        counters.counted_since,
        counters.as_writer,
        RecordedUse(past_use),
        context.clock,
    )
    return Vertical(
        routers=(limit_routes(guards.require, limits),),
        sections=(limits,),
        notices=counters.notices,
        jobs=(restoring.run,),
        close=counters.close,
    )
