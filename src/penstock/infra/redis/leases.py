"""The leases of workers: each says that it lives, and settles what ended workers have left."""

import logging
from collections.abc import Sequence
from typing import Any, Final

from penstock.infra.redis.counter_commands import (
    PREFIX,
    CounterCommands,
    ProjectKeys,
    ScriptCall,
)
from penstock.infra.redis.link import RedisLink
from penstock.kernel.time import Clock

LEASE_S: Final = 10.0  # after which a worker that did not say that it lives has ended
LIVE_EVERY_S: Final = 2.0  # how often a worker says that it lives
_WORKERS: Final = f"{PREFIX}:{{workers}}:alive"
_log: Final = logging.getLogger("penstock.redis")


class Leases:
    """The lease of one worker."""

    def __init__(
        self, link: RedisLink, commands: CounterCommands, clock: Clock, lease_s: float
    ) -> None:
        self._link = link
        self._commands = commands
        self._clock = clock
        self._lease_s = lease_s
        self._worker = commands.worker
        self._joined: set[str] = set()
        self._answers_since_s: float | None = None
        self._answered_s = 0.0

    async def join(self, project: str) -> None:
        """Notes that this worker may have reservations in a project. Before the first one."""
        if project in self._joined:
            return
        if self._answers_since_s is None:
            await self._say_that_it_lives()
        await self._ask(("join", project), _projects_of(self._worker))
        self._joined.add(project)

    async def keep(self) -> int:
        """Renews the lease of this worker, and settles what ended ones have left. Returns how many
        reservations that were. Raises `RedisUnavailable`."""
        over = await self._say_that_it_lives()
        if not self._answers_for_a_lease():
            return 0
        workers = [each.decode() for each in over if each.decode() != self._worker]
        return sum([await self._recover(worker) for worker in workers])

    def end(self) -> None:
        """Ends the lease. What is open is settled before."""
        arguments = ("finish", "", self._worker)
        self._link.tell(ScriptCall((_WORKERS, _projects_of(self._worker)), arguments))

    async def _say_that_it_lives(self) -> Sequence[bytes]:
        """Returns the workers whose lease is over."""
        lease_ms = str(int(self._lease_s * 1000))
        try:
            was_new, over = await self._ask(("live", self._worker, lease_ms), _WORKERS)
            if was_new and self._joined:  # Redis has lost the list, or has settled ours
                await self._ask(("join", *self._joined), _projects_of(self._worker))
        except BaseException:
            self._answers_since_s = None
            raise
        now_s = self._clock.monotonic()
        if self._answers_since_s is None or now_s - self._answered_s > self._lease_s / 2:
            self._answers_since_s = now_s
        self._answered_s = now_s
        return over

    def _answers_for_a_lease(self) -> bool:
        """Returns whether Redis has answered for a whole lease. After less than that, other workers
        may not have had the time to renew theirs."""
        since_s = self._answers_since_s
        return since_s is not None and self._answered_s - since_s >= self._lease_s

    async def _recover(self, worker: str) -> int:
        count = 0
        projects = _projects_of(worker)
        while found := await self._ask(("some_projects",), projects):
            for project in (each.decode() for each in found):
                count += await self._recover_project(worker, project)
                await self._ask(("leave", project), projects)
        await self._ask(("finish", worker), _WORKERS, projects)
        if count:
            _log.warning("%d reservations of an ended gateway were settled", count)
        return count

    async def _recover_project(self, worker: str, project: str) -> int:
        count = 0
        name = ProjectKeys(project).open(worker)
        while found := await self._ask(("some_reservations",), name):
            for id_, entry in zip(found[::2], found[1::2], strict=True):
                call = self._commands.recovery(worker, project, id_.decode(), entry)
                count += await self._link.ask(call)
        return count

    async def _ask(self, words: Sequence[str], *keys: str) -> Any:
        operation, *others = words
        return await self._link.ask(ScriptCall(keys, (operation, "", *others)))


def _projects_of(worker: str) -> str:
    return f"{PREFIX}:{{workers}}:projects:{worker}"
