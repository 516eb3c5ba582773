"""Checks the targets of routes that no call has met for a while, so that one that has failed is
found before a caller meets it.

The workers of a machine share the time of a target's next check
(`rules.attempts.breaker_state`), so one of them makes it. A check is no call: it has no record and
no cost, and counts in `/metrics` only.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, NamedTuple

from penstock.gateway.snapshot.holder import SnapshotHolder
from penstock.gateway.snapshot.project_index import ProjectIndex
from penstock.gateway.snapshot.snapshot import Snapshot
from penstock.gateway.target import Target
from penstock.gateway.target_health import TargetHealth
from penstock.gateway.targets import TargetSource
from penstock.kernel.errors import InvalidRequest, PenstockError
from penstock.kernel.time import Clock
from penstock.rules.attempts.breaker_state import PROBES_TO_CLOSE, Probe
from penstock.rules.attempts.failure_causes import FailureCause, cause_of_rejection
from penstock.rules.attempts.retry_after import read_retry_after
from penstock.rules.call import Operation
from penstock.rules.neutral.conversation import Conversation, Message, MessageRole, Text
from penstock.rules.snapshot.routes import ROUTES, HealthCheck, RouteEntry, RouteTarget
from penstock.spi.chat import OutgoingCall
from penstock.spi.http import Fetch, HttpRequest
from penstock.spi.strategy import Randomness

TICK_S: Final = 1.0
TIMEOUT_S: Final = 8.0  # of a check, which ends before the lease of a probe
AGAIN_AFTER_S: Final = 1.0  # a failed check is made once more before the target is out
MAX_AT_ONCE: Final = 16  # checks of a worker; others wait for the next tick
MAX_ANSWER_BYTES: Final = 4 * 1024 * 1024  # of a check; a larger one is a failure
_DIALECT: Final = "openai"
_CHAT: Final = Conversation(
    (Message(MessageRole.USER, (Text("Hi"),)),), max_output_tokens=16
)  # some models accept no smaller limit


class CheckOutcome(StrEnum):
    """The results of a check. `UNCLEAR` says nothing about the target."""

    GOOD = "good"
    FAILED = "failed"
    UNCLEAR = "unclear"


class _Answer(NamedTuple):
    """`cause`: of a failure."""

    cause: FailureCause | None = None
    retry_after_s: int | None = None


@dataclass(frozen=True, slots=True)
class CheckedTarget:
    """A target with its health, and how often it is checked. `by_call`: with a small call."""

    target: Target
    health: TargetHealth
    every_s: float
    by_call: bool


class HealthChecks:
    """The checks that this worker makes. `counts`: their outcomes by provider and model."""

    def __init__(
        self,
        holder: SnapshotHolder,
        targets: TargetSource,
        fetch: Fetch,
        clock: Clock,
        random: Randomness,
    ) -> None:
        self.counts: Counter[tuple[str, str, CheckOutcome]] = Counter()
        self._holder = holder
        self._targets = targets
        self._fetch = fetch
        self._clock = clock
        self._random = random
        self._snapshot: Snapshot | None = None
        self._checked: Sequence[CheckedTarget] = ()
        self._running: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Begins the checks that are due, until it is cancelled."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                await asyncio.sleep(TICK_S)
                self._follow(self._holder.known)
                for one in self._checked:
                    if len(self._running) < MAX_AT_ONCE:
                        self._begin_if_due(one, loop.time())
        finally:
            for task in self._running:
                task.cancel()

    def _follow(self, snapshot: Snapshot | None) -> None:
        if snapshot is None or snapshot is self._snapshot:
            return
        self._snapshot = snapshot
        self._checked = checked_targets(snapshot, self._targets)
        shown = {(one.target.entry.name, one.target.model) for one in self._checked}
        for provider, model, outcome in list(self.counts):
            if (provider, model) not in shown:
                del self.counts[provider, model, outcome]

    def _begin_if_due(self, one: CheckedTarget, now: float) -> None:
        breaker = one.health.breaker
        state = breaker.state
        if state.open:
            if not one.by_call and state.good_probes >= PROBES_TO_CLOSE - 1:
                return  # a list of models is no proof: a call closes the breaker
            if probe := breaker.take_probe(now):
                self._begin(one, probe)
        elif now >= state.rests_until and breaker.take_check(
            now, one.every_s, one.health.heard_at, self._random.random()
        ):
            self._begin(one, None)

    def _begin(self, one: CheckedTarget, probe: Probe | None) -> None:
        task = asyncio.ensure_future(self._check(one, probe))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _check(self, one: CheckedTarget, probe: Probe | None) -> None:
        try:
            answer = await self._ask(one)
            if answer.cause is FailureCause.UNAVAILABLE and probe is None:
                await asyncio.sleep(AGAIN_AFTER_S)
                answer = await self._ask(one)
        except BaseException:
            one.health.breaker.abandon(probe)
            raise
        outcome = self._note(one, answer, probe)
        self.counts[one.target.entry.name, one.target.model, outcome] += 1

    def _note(self, one: CheckedTarget, answer: _Answer, probe: Probe | None) -> CheckOutcome:
        now = asyncio.get_running_loop().time()
        match answer.cause:
            case None:
                one.health.note_good_check(now, probe, closes=one.by_call)
                return CheckOutcome.GOOD
            case FailureCause.UNAVAILABLE:
                one.health.note_failed_check(now, probe)
                return CheckOutcome.FAILED
            case FailureCause.RATE_LIMIT | FailureCause.CREDENTIAL if one.by_call:
                one.health.rest(now, answer.cause, answer.retry_after_s, probe)
            case _:
                one.health.breaker.abandon(probe)
        return CheckOutcome.UNCLEAR

    async def _ask(self, one: CheckedTarget) -> _Answer:
        target = one.target
        try:
            if target.credentials is not None:
                target = target.using(await target.credentials.choose())
            request = _request(target, by_call=one.by_call)
            found = await self._fetch(
                request,
                timeout_s=TIMEOUT_S,
                private_allowed=target.entry.private_allowed,
                max_bytes=MAX_ANSWER_BYTES,
            )
        except InvalidRequest:  # it cannot be asked in this way
            return _Answer(FailureCause.UNSUPPORTED)
        except PenstockError:
            return _Answer(FailureCause.UNAVAILABLE)
        if found.status < 300:
            return _Answer()
        error = target.plugin.read_error(found.body, target.redaction)
        after = found.headers.get("retry-after", "").encode("latin-1", "replace")
        retry_after_s = read_retry_after(after, self._clock.now_ns() / 1e9)
        return _Answer(cause_of_rejection(found.status, error), retry_after_s)


def checked_targets(snapshot: Snapshot, targets: TargetSource) -> list[CheckedTarget]:
    """Returns the targets that a route wants to be checked, each once: at the shortest interval,
    and by a call if one of its routes says so."""
    found: dict[tuple[str, str, str], CheckedTarget] = {}
    for project_id, section in ROUTES.all(snapshot.parts):
        project = snapshot.project(project_id)
        for route in section.routes:
            for rule in route.targets if route.health_check else ():
                key = (project_id, rule.provider, rule.model)
                if (one := _checked(project, route, rule, targets)) is not None:
                    found[key] = _both(one, found.get(key, one))
    return list(found.values())


def _checked(
    project: ProjectIndex, route: RouteEntry, rule: RouteTarget, targets: TargetSource
) -> CheckedTarget | None:
    """Returns `None` for a target whose provider is gone, or whose plugin is not installed."""
    if (member := project.member(rule)) is None:
        return None
    with contextlib.suppress(PenstockError):
        return CheckedTarget(
            targets.find(project, member, rule.model, _DIALECT),
            targets.health(project, rule.provider, rule.model),
            float(route.health_check_s),
            route.health_check == HealthCheck.CALL,
        )
    return None


def _both(one: CheckedTarget, other: CheckedTarget) -> CheckedTarget:
    every_s = min(one.every_s, other.every_s)
    return replace(one, every_s=every_s, by_call=one.by_call or other.by_call)


def _request(target: Target, *, by_call: bool) -> HttpRequest:
    """The request of a check. Raises `InvalidRequest`."""
    if not by_call:
        return target.plugin.build_model_list(target.provider)
    call = OutgoingCall(Operation.CHAT, target.model, stream=False, body=b"", conversation=_CHAT)
    return target.plugin.build(target.provider, call).http
