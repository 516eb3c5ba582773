"""A route on its way through one call: which target comes first, and which after a failure."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Final, NamedTuple, Protocol

from msgspec import structs

from penstock.gateway.route import Route, RouteMember
from penstock.gateway.shadow_rule import ShadowRule
from penstock.gateway.target import Target
from penstock.gateway.target_slots import Slot
from penstock.infra.egress.exchange import NEVER, UpstreamTimeLimits
from penstock.kernel.errors import NotFound, Overloaded, PenstockError, RateLimited
from penstock.rules.attempts.breaker_state import LONGEST_PAUSE_S, Probe
from penstock.rules.attempts.failure_causes import FailureCause
from penstock.rules.attempts.retry_wait import wait_before
from penstock.rules.call import Caller, Usage
from penstock.rules.neutral.answer import BYTES_PER_TOKEN
from penstock.rules.prices.price_book import CalledModel
from penstock.rules.priorities import Priority
from penstock.rules.snapshot.routes import RouteEntry
from penstock.spi.strategy import Randomness

AFFINITY_BYTES: Final = 2048  # of a prompt: calls with the same beginning share a prompt cache
_ASSUMED_OUTPUT: Final = 256  # tokens of an answer, to compare costs

_ANOTHER_TARGET: Final = frozenset(
    (
        FailureCause.UNAVAILABLE,
        FailureCause.RATE_LIMIT,
        FailureCause.CREDENTIAL,
        FailureCause.UNSUPPORTED,
        FailureCause.FULL,
    )
)
_SAME_TARGET: Final = frozenset((FailureCause.UNAVAILABLE, FailureCause.RATE_LIMIT))


class RoutedRequest(Protocol):
    """The part of a call that a route reads."""

    @property
    def caller(self) -> Caller: ...
    @property
    def body(self) -> bytes: ...
    @property
    def request_size(self) -> int: ...
    @property
    def start_ns(self) -> int: ...
    @property
    def priority(self) -> Priority: ...


class NextAttempt(NamedTuple):
    """The next attempt, after a wait in seconds. With a `probe` it tries a half-open target, and
    its end must be noted. `slot`: its place at a target with a limit of calls at once; without one
    it waits for its turn there."""

    target: Target
    wait_s: float
    probe: Probe | None = None
    slot: Slot | None = None


class _Candidate:
    """A member for the strategy."""

    def __init__(self, member: RouteMember, call: RoutedRequest, now: float) -> None:
        self.member = member
        self._call = call
        self._now = now

    @property
    def id(self) -> str:
        return self.member.name

    @property
    def weight(self) -> int:
        return self.member.rule.weight

    @property
    def in_flight(self) -> int:
        return self.member.health.in_flight

    @property
    def latency_s(self) -> float:
        return self.member.health.latency.value

    @property
    def recent_tokens(self) -> float:
        return self.member.health.recent_tokens(self._now)

    def cost(self) -> float:
        target = self.member.target
        usage = Usage(
            input_tokens=self._call.request_size // BYTES_PER_TOKEN, output_tokens=_ASSUMED_OUTPUT
        )
        called = CalledModel(target.entry.name, target.entry.vendor, target.model)
        charge = target.project.charge(called, usage, self._call.start_ns)
        return NEVER if charge is None else float(charge.cost)


class RouteRun:
    """The attempts of one call along a route."""

    def __init__(self, route: Route, call: RoutedRequest, random: Randomness, now: float) -> None:
        self._route = route
        self._call = call
        self._random = random
        total_s = route.entry.total_timeout_ms / 1000
        self._deadline = now + total_s if total_s else NEVER
        self._tried: list[RouteMember] = []
        self._full: list[RouteMember] = []  # that the last choice has met
        self._excluded: set[int] = set()  # members that cannot answer this call
        self._causes: set[FailureCause] = set()

    @property
    def route(self) -> Route:
        """The route with all its targets that are left."""
        return self._route

    def keep(self, members: tuple[RouteMember, ...]) -> None:
        """Leaves out the other targets, before the first attempt. Raises `NotFound` if no target is
        left for a call that has not failed."""
        if all(each.rule.after for each in members):
            raise NotFound(
                f"No target of the route {self.entry.name!r} is for such a call.",
                hint="Add a target without `when` to the route.",
                code="route_without_target",
                param="model",
            )
        self._route = replace(self._route, members=members)

    @property
    def identity(self) -> tuple[str, str]:
        """Name and version of the route."""
        return self._route.entry.name, str(self._route.entry.version)

    @property
    def entry(self) -> RouteEntry:
        """The route."""
        return self._route.entry

    @property
    def shadow(self) -> ShadowRule | None:
        """The target that a share of its calls is sent to as well."""
        return self._route.shadow

    @property
    def targets(self) -> Sequence[Target]:
        """All targets that may be tried."""
        return [member.target for member in self._route.members]

    def first(self, now: float) -> NextAttempt:
        """Returns the first target. Raises `Overloaded` or `RateLimited` if none admits calls and
        none will soon."""
        usual = [each for each in self._route.members if not each.rule.after]
        if (chosen := self._choose(usual, now) or self._turn(now)) is not None:
            return chosen
        if (resting := self._wait_for(usual, now)) is not None:
            return self._take(*resting)
        raise self._unavailable(usual, now)

    def order(self, now: float) -> Sequence[RouteMember]:
        """Returns the members in the order in which a call would meet them, without trying any:
        those that admit calls as the strategy chooses now, with the full ones behind, then those
        that do not, then those for certain causes. Raises as `first`."""
        usual = [each for each in self._route.members if not each.rule.after]
        admitted = [each for each in usual if each.health.breaker.admits(now)]
        if not admitted and self._wait_for(usual, now) is None:
            raise self._unavailable(usual, now)
        found: list[RouteMember] = []
        for full in (False, True):
            left = [each for each in admitted if each.is_full is full]
            while left:
                found.append(self._best(left, now))
                left.remove(found[-1])
        others = [each for each in self._route.members if each not in found]
        return found + sorted(others, key=lambda each: (bool(each.rule.after), each.rule.priority))

    def after(
        self, cause: FailureCause, retry_after_s: int | None, now: float
    ) -> NextAttempt | None:
        """Returns what to try after a failure of the last target; `None`: nothing."""
        self._causes.add(cause)
        if cause not in _SAME_TARGET:
            self._excluded.add(id(self._tried[-1]))
        if len(self._tried) >= self._route.entry.max_attempts or now >= self._deadline:
            return None
        if (fresh := self._choose(self._untried(cause), now) or self._turn(now)) is not None:
            return fresh
        if cause not in _SAME_TARGET:
            return None
        again = [each for each in self._tried if id(each) not in self._excluded]
        resting = self._wait_for(again, now, retry_after_s or 0)
        if resting is None or not resting[0].health.retries.take():
            return None
        return self._take(*resting)

    def waited(self, step: NextAttempt, now: float) -> NextAttempt | None:
        """Returns the attempt after its wait; `None` if its target admits no calls any more. Raises
        `Overloaded` or `RateLimited` if it would have been the first one."""
        breaker = self._tried[-1].health.breaker
        if breaker.admits(now):
            if not breaker.state.open:
                return step
            if probe := breaker.take_probe(now):
                return step._replace(probe=probe)
        if len(self._tried) == 1:
            raise self._unavailable(self._tried, now)
        return None

    def hedge_after(self) -> float | None:
        """Returns the seconds after which another target may be asked, too; `None`: never. Adds the
        call's share to the budget of its target."""
        entry, health = self._route.entry, self._tried[-1].health
        if not entry.hedge_percent or len(self._tried) > 1:
            return None
        health.hedges.note_call(entry.hedge_percent / 100)
        return entry.hedge_after_ms / 1000 if entry.hedge_after_ms else health.slow.value

    def left_s(self, now: float) -> float:
        """Returns the seconds that all attempts together may still take."""
        return self._deadline - now

    def hedge(self, now: float) -> NextAttempt | None:
        """Returns another target to ask beside the last one, if there is one that is not full and
        the budget allows it."""
        members = [
            each
            for each in self._untried(FailureCause.UNAVAILABLE)
            if not each.rule.after
            and not each.health.breaker.state.open
            and each.health.breaker.admits(now)
        ]
        if len(self._tried) >= self._route.entry.max_attempts or not members:
            return None
        if not self._tried[-1].health.hedges.take():
            return None
        chosen = self._best(members, now)
        slots, slot = chosen.target.slots, None
        if slots is not None and (slot := slots.take(self._call.priority)) is None:
            return None
        chosen.health.retries.note_call()
        self._tried.insert(-1, chosen)
        return NextAttempt(chosen.target, 0.0, slot=slot)

    def hedge_won(self) -> None:
        """Notes that the second target answers the call."""
        self._tried.append(self._tried.pop(-2))

    def limits(self, target: Target, now: float, *, stream: bool) -> UpstreamTimeLimits:
        """The time limits of an attempt: those of the provider, and of the route."""
        limits, entry = target.limits, self._route.entry
        total_s = min(limits.total_s, max(self._deadline - now, 0.001))
        first_s = entry.first_token_timeout_ms / 1000
        if stream and first_s:
            return structs.replace(limits, total_s=total_s, first_content_s=first_s)
        return structs.replace(limits, total_s=total_s)

    def affinity(self) -> bytes:
        """Implements `RoutedCall`."""
        caller = self._call.caller
        if session := caller.session or caller.user:
            return session.encode("utf-8", "replace")
        return blake2b(self._call.body[:AFFINITY_BYTES], digest_size=16).digest()

    def _untried(self, cause: FailureCause) -> list[RouteMember]:
        """Targets that this call has not met, and that are for such failures."""
        return [
            each
            for each in self._route.members
            if each not in self._tried
            and (cause in _ANOTHER_TARGET if not each.rule.after else self._is_for(each))
        ]

    def _is_for(self, member: RouteMember) -> bool:
        return not self._causes.isdisjoint(member.rule.after)

    def _choose(self, members: Iterable[RouteMember], now: float) -> NextAttempt | None:
        """The strategy's choice among the admitted targets of the best priority. Each probe of a
        half-open target goes to one call of all workers; the others choose again, as they do where
        a target is full."""
        admitted = [each for each in members if each.health.breaker.admits(now)]
        self._full = []
        while admitted:
            chosen = self._best(admitted, now)
            slots, slot = chosen.target.slots, None
            if slots is not None and (slot := slots.take(self._call.priority)) is None:
                self._full.append(chosen)
            elif not chosen.health.breaker.state.open:
                return self._take(chosen, slot=slot)
            elif probe := chosen.health.breaker.take_probe(now):
                return self._take(chosen, probe=probe, slot=slot)
            elif slot is not None:
                slot.release()
            admitted.remove(chosen)
        return None

    def _turn(self, now: float) -> NextAttempt | None:
        """Returns the next attempt of a call that found full targets only: at a target for that
        cause, or, once it is its turn, at the first of them."""
        full = [each for each in self._full if not each.health.breaker.state.open]
        if not full:
            return None
        self._causes.add(FailureCause.FULL)
        others = [
            each
            for each in self._route.members
            if FailureCause.FULL in each.rule.after and each not in (*self._tried, *full)
        ]
        return self._choose(others, now) or self._take(full[0])

    def _best(self, admitted: Sequence[RouteMember], now: float) -> RouteMember:
        best = min(each.rule.priority for each in admitted)
        of_best = [each for each in admitted if each.rule.priority == best]
        if len(of_best) == 1:
            return of_best[0]
        candidates = [_Candidate(each, self._call, now) for each in of_best]
        chosen = self._route.strategy.choose(self, candidates, self._random)
        return next(each.member for each in candidates if each is chosen)

    def _wait_for(
        self, members: Sequence[RouteMember], now: float, least_s: float = 0.0
    ) -> tuple[RouteMember, float] | None:
        """The target that admits calls first, and the pause until then with jitter; `None` if it is
        too long. An open breaker lets nobody wait: it wants single probes."""
        closed = [each for each in members if not each.health.breaker.state.open]
        if not closed:
            return None
        chosen = min(closed, key=lambda each: each.health.breaker.state.rests_until)
        state = chosen.health.breaker.state
        left_s = max(state.rests_until - now, least_s)
        rest_s = max(state.rest_s, least_s)
        retries = max(len(self._tried) - 1, 0)
        wait_s = wait_before(left_s, rest_s, retries, self._random.random())
        if wait_s is None or now + wait_s >= self._deadline:
            return None
        return chosen, wait_s

    def _take(
        self,
        member: RouteMember,
        wait_s: float = 0.0,
        probe: Probe | None = None,
        slot: Slot | None = None,
    ) -> NextAttempt:
        if member not in self._tried:
            member.health.retries.note_call()
        self._tried.append(member)
        return NextAttempt(member.target, wait_s, probe, slot)

    def _unavailable(self, members: Sequence[RouteMember], now: float) -> PenstockError:
        """The error of a route without a target that admits calls."""
        states = [each.health.breaker.state for each in members]
        wait_s = min(each.admits_at() for each in states) - now
        failed = any(each.open for each in states)
        kind = Overloaded if failed else RateLimited
        why = "have failed recently" if failed else "have asked for a pause"
        return kind(
            f"All targets of the route {self._route.entry.name!r} {why}.",
            hint="Try again later, or add a target to the route.",
            code="route_unavailable",
            retry_after_s=max(1, round(min(wait_s, LONGEST_PAUSE_S))),
        )
