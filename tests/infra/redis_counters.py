"""The counters on Redis by the interface of the counter file: one command at a time, and a step
before and after each, where a test may end the worker."""

from collections.abc import Callable, Sequence
from itertools import count
from typing import Final

import redis

from infra.counter_model import FakeClock
from penstock.infra.redis.counter_commands import (
    MAX_CHOSEN,
    CounterCommands,
    ProjectKeys,
    RedisReservation,
    ScriptCall,
    reserved,
    state_of,
)
from penstock.rules.claims import CapReached, Claim, CounterState
from penstock.spi.counters import Reservation

_NUMBERS: Final = count()


class RedisCounterFile:
    def __init__(
        self,
        client: redis.Redis,
        clock: FakeClock,
        living: set[str],
        on_step: Callable[[str], None],
        max_chosen: int = MAX_CHOSEN,
    ) -> None:
        self.worker = f"worker-{next(_NUMBERS)}"
        self.commands = CounterCommands(self.worker, max_chosen)
        self._client = client
        self._clock = clock
        self._living = living
        self._on_step = on_step
        living.add(self.worker)
        self.recover()

    def reserve(self, claims: Sequence[Claim]) -> Reservation | CapReached:
        self._on_step("written")
        id_ = f"reservation-{next(_NUMBERS)}"
        reply = self._run(self.commands.reserve(id_, claims))
        found = reserved(id_, claims, reply, self._clock.now_ns())
        if isinstance(found, CapReached):
            return found
        self._on_step("journaled")
        self._on_step("changed")
        # A reply that was lost is asked for again: nothing counts twice.
        again = reserved(
            id_, claims, self._run(self.commands.reserve(id_, claims)), self._clock.now_ns()
        )
        assert isinstance(again, RedisReservation)
        assert isinstance(found, RedisReservation)
        assert (again.left, again.claims) == (found.left, found.claims)
        return found

    def dispatched(self, reservation: Reservation) -> None:
        """What is reserved counts as dispatched."""

    def settle(self, reservation: Reservation, amounts: Sequence[int]) -> bool:
        self._on_step("written")
        assert isinstance(reservation, RedisReservation)
        done = self._run(self.commands.settle(reservation, amounts)) == 1
        self._on_step("journaled")
        self._on_step("changed")
        assert self._run(self.commands.settle(reservation, amounts)) == 0
        return done

    def recover(self) -> None:
        for key in self._client.keys("penstock:*:open:*"):
            project, worker = key.decode().split("{")[1].split("}:open:")
            if worker in self._living:
                continue
            for id_, entry in self._client.hgetall(ProjectKeys(project).open(worker)).items():
                call = self.commands.recovery(worker, project, id_.decode(), entry)
                assert self._run(call) == 1
                assert self._run(call) == 0

    def read(self, claim: Claim) -> CounterState:
        return state_of(self._run(self.commands.read(claim)))

    def close(self) -> None:
        self._living.discard(self.worker)

    def _run(self, call: ScriptCall) -> object:
        self.commands.now_ns = self._clock.mono_ns
        operation, _, *others = call.arguments
        arguments = [operation, str(self._clock.mono_ns), *others]
        return self._client.eval(self.commands.script, len(call.keys), *call.keys, *arguments)


def read_counter(client: redis.Redis, claim: Claim) -> CounterState:
    """Reads a counter, at the time of the server."""
    commands = CounterCommands("")
    call = commands.read(claim)
    return state_of(client.eval(commands.script, len(call.keys), *call.keys, *call.arguments))
