"""The commands of the counters' script, and their replies. Pure: it talks to nobody.

All keys of a project have its id as their hash tag, so they are in one slot of a cluster.
"""

from collections.abc import Sequence
from importlib import resources
from typing import Final, NamedTuple

import msgspec
from msgspec.structs import replace

from penstock.rules.claims import (
    MAX_AMOUNT,
    MAX_CAP,
    CapReached,
    Claim,
    CounterState,
    cap_reached,
)
from penstock.spi.counters import Reservation

PREFIX: Final = "penstock:1"  # the format of what the keys contain
MAX_CHOSEN: Final = 50_000  # counters of values that callers chose, for each project
SETTLE: Final = "settle"
RECOVER: Final = "recover"
UNCOUNTED: Final = "0"  # `since` of what was used without a reservation on Redis


class ScriptCall(NamedTuple):
    """One call of the script."""

    keys: Sequence[str]
    arguments: Sequence[str | bytes | int]


class RedisReservation(Reservation):
    """A reservation on Redis. `since`: the time from which the counters had counted."""

    __slots__ = ("id", "project", "since")

    def __init__(
        self, claims: Sequence[Claim], left: Sequence[int], id_: str, project: str, since: str
    ) -> None:
        super().__init__(claims, left, 0)
        self.id = id_
        self.project = project
        self.since = since


class ProjectKeys:
    """The names of the keys of one project."""

    def __init__(self, project: str) -> None:
        self._base = f"{PREFIX}:{{{project}}}"
        self.since = f"{self._base}:since"
        self.chosen = f"{self._base}:chosen"

    def open(self, worker: str) -> str:
        """The open reservations of a worker."""
        return f"{self._base}:open:{worker}"

    def ended(self, reservation: str) -> str:
        """The key that stands for a reservation that was settled although it was not there."""
        return f"{self._base}:ended:{reservation}"

    def counter(self, key: bytes) -> str:
        """A counter."""
        return f"{self._base}:counter:{key.hex()}"

    def of_claims(self, claims: Sequence[Claim]) -> list[str]:
        """The two counters of each claim."""
        pairs = [(claim.key, claim.others or claim.key) for claim in claims]
        return [self.counter(each) for pair in pairs for each in pair]


class CounterCommands:
    """Makes the commands of one worker. `now_ns` replaces the time of the server, in tests."""

    def __init__(self, worker: str, max_chosen: int = MAX_CHOSEN) -> None:
        self.worker = worker
        self.now_ns: int | None = None
        texts = [script_text("counters.lua"), script_text("leases.lua")]
        self.script = "\n".join((f"local MAX_CHOSEN = {max_chosen}", *texts))

    def reserve(self, id_: str, claims: Sequence[Claim]) -> ScriptCall:
        """Reserves all claims, or none."""
        bounded = [bounded_claim(claim) for claim in claims]
        arguments = self._arguments("reserve", id_, msgspec.msgpack.encode(bounded))
        for claim in bounded:
            arguments += _numbers(claim, claim.cap)
        return ScriptCall(_keys(_project(claims), bounded, id_, self.worker), arguments)

    def settle(
        self,
        reservation: RedisReservation,
        amounts: Sequence[int],
        mode: str = SETTLE,
        worker: str = "",
    ) -> ScriptCall:
        """Replaces the reserved amounts by the used ones; of another `worker`, if it is named."""
        arguments = self._arguments("settle", reservation.id, mode, reservation.since)
        for claim, amount in zip(reservation.claims, amounts, strict=True):
            arguments += _numbers(claim, min(max(amount, 0), MAX_AMOUNT))
        keys = _keys(reservation.project, reservation.claims, reservation.id, worker or self.worker)
        return ScriptCall(keys, arguments)

    def forget(self, id_: str, claims: Sequence[Claim]) -> ScriptCall:
        """Returns what a reservation holds whose reply did not arrive, if it was made. If it is
        made later, it is refused."""
        bounded = [bounded_claim(claim) for claim in claims]
        unknown = RedisReservation(bounded, (), id_, _project(claims), "")
        return self.settle(unknown, [0] * len(claims))

    def recovery(self, worker: str, project: str, id_: str, entry: bytes) -> ScriptCall:
        """Settles a reservation of a worker that has ended, at its amounts."""
        try:
            claims = read_entry(entry)
        except (msgspec.MsgspecError, ValueError):
            claims = []  # of another format: nothing but the reservation is removed
        found = RedisReservation(claims, (), id_, project, "")
        return self.settle(found, [claim.amount for claim in claims], RECOVER, worker)

    def read(self, claim: Claim) -> ScriptCall:
        """Reads the counter of a claim."""
        return self._of_one("read", claim, 0)

    def raise_used(self, claim: Claim, used: int) -> ScriptCall:
        """Raises the used amount of the window of a claim; never lowers it."""
        return self._of_one("raise", claim, min(max(used, 0), MAX_CAP))

    def since(self, project: str) -> ScriptCall:
        """Reads since when a project is counted: since now, if it was not before."""
        return ScriptCall(_keys(project, (), "", ""), self._arguments("since"))

    def _of_one(self, operation: str, claim: Claim, other: int) -> ScriptCall:
        claim = bounded_claim(claim)
        arguments = [*self._arguments(operation), *_numbers(claim, other)]
        return ScriptCall(_keys(claim.project, [claim], "", ""), arguments)

    def _arguments(self, *values: str | bytes) -> list[str | bytes | int]:
        operation, *others = values
        return [operation, "" if self.now_ns is None else str(self.now_ns), *others]


def script_text(name: str) -> str:
    """Returns a file of Lua of this package."""
    return resources.files(__package__ or "").joinpath(name).read_text("utf-8")


def reserved(
    id_: str, claims: Sequence[Claim], reply: Sequence[object], now_ns: int
) -> RedisReservation | CapReached | None:
    """Reads the reply of a reservation. Returns `None` if the reservation was forgotten before."""
    state = reply[0]
    if state == 0:
        index, space = int(_text(reply[1])), int(_text(reply[2]))
        return cap_reached(index, bounded_claim(claims[index]), space, now_ns)
    if state != 1:
        return None
    since, which = _text(reply[1]), _text(reply[2])
    used = used_claims([bounded_claim(claim) for claim in claims], which)
    left = [int(_text(each)) for each in reply[3:]]
    return RedisReservation(used, left, id_, _project(claims), since)


def state_of(reply: Sequence[object]) -> CounterState:
    """Reads the state of a counter."""
    return CounterState(*(int(_text(each)) for each in reply))


def read_entry(entry: bytes) -> list[Claim]:
    """Reads an open reservation: which counters it has used, and its claims."""
    which, _, packed = entry.partition(b" ")
    return used_claims(msgspec.msgpack.decode(packed, type=list[Claim]), which.decode("ascii"))


def used_claims(claims: Sequence[Claim], which: str) -> list[Claim]:
    """Returns the claims on the counters that were used: their own (`0`), or that of all others."""
    return [
        claim if used == "0" else replace(claim, key=claim.others, others=b"")
        for claim, used in zip(claims, which, strict=True)
    ]


def bounded_claim(claim: Claim) -> Claim:
    """Returns the claim with amounts that the counters can hold."""
    return replace(
        claim,
        amount=min(max(claim.amount, 0), MAX_AMOUNT),
        cap=min(max(claim.cap, 0), MAX_CAP),
        start_ns=max(claim.start_ns, 0),
        end_ns=max(claim.end_ns, 0),
    )


def _keys(project: str, claims: Sequence[Claim], id_: str, worker: str) -> list[str]:
    keys = ProjectKeys(project)
    first = [keys.open(worker), keys.since, keys.ended(id_), keys.chosen]
    return first + keys.of_claims(claims)


def _project(claims: Sequence[Claim]) -> str:
    return claims[0].project if claims else ""


def _numbers(claim: Claim, other: int) -> list[int]:
    return [int(claim.kind), claim.amount, other, claim.start_ns, claim.end_ns]


def _text(value: object) -> str:
    return value.decode("ascii") if isinstance(value, bytes) else str(value)
