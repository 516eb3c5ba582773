"""Explains what the gateway would do with a request, by the stages of the pipeline. It asks no
provider, reserves nothing and records nothing."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from penstock.gateway.call import Call
from penstock.gateway.caller import read_caller
from penstock.gateway.explained import (
    explained_findings,
    explained_limit,
    explained_policies,
    explained_rejection,
    explained_rollout_shadow,
    explained_shadow,
    explained_target,
)
from penstock.gateway.ids import Ids
from penstock.gateway.limit_answers import limit_reached
from penstock.gateway.no_client import nothing_to_receive, nothing_to_send
from penstock.gateway.released import ReleaseArm
from penstock.gateway.route import RouteMember
from penstock.gateway.route_run import RouteRun
from penstock.gateway.snapshot.rollouts import ProjectRollouts
from penstock.gateway.snapshot.snapshot import Snapshot
from penstock.gateway.stages.follow_ids import FollowIds
from penstock.gateway.stages.guard import GuardRequest
from penstock.gateway.stages.look_up import LookUp
from penstock.gateway.stages.release import ApplyRelease
from penstock.gateway.stages.reserve import counted_limits, estimated_amounts
from penstock.gateway.stages.resolve import Resolve
from penstock.gateway.stages.select_targets import SelectTargets
from penstock.gateway.target import Target
from penstock.kernel.errors import NotFound, PenstockError, Unauthenticated
from penstock.kernel.time import Clock
from penstock.rules.attributes import CALL_ATTRIBUTES
from penstock.rules.claims import MAX_CLAIMS, Claim, CounterState, cap_reached, space_of
from penstock.rules.explanation import (
    DryRunRequest,
    ExplainedCache,
    ExplainedTarget,
    Explanation,
)
from penstock.rules.guards.plan import GuardrailIndex
from penstock.rules.limits.documents import Otherwise
from penstock.rules.limits.index import Amounts, CountedLimit, Limit, LimitIndex
from penstock.rules.neutral.conversation import RequestHead
from penstock.rules.operations import TRAITS
from penstock.rules.rollouts.shadow_budget import shadow_budget
from penstock.rules.snapshot.access import KeyContext, KeyEntry, ProjectPolicy
from penstock.spi.counters import CountersUnavailable
from penstock.spi.surface import NO_CALLS, Surface, SurfaceRoute

ReadCounter = Callable[[Claim], CounterState]
FindSurface = Callable[[str, Mapping[bytes, bytes]], tuple[Surface | None, SurfaceRoute | None]]
_ANY_KEY: Final = "dry-run"  # the begin of the id of a key that may call all models


@dataclass(frozen=True, slots=True)
class DryRun:
    """Explains requests. `read_counter` may block: it runs in a thread."""

    find_surface: FindSurface
    release: ApplyRelease
    resolve: Resolve
    select_targets: SelectTargets
    follow_ids: FollowIds
    guard: GuardRequest
    look_up: LookUp
    read_counter: ReadCounter
    ids: Ids
    clock: Clock

    async def explain(self, request: DryRunRequest, snapshot: Snapshot) -> Explanation:
        """Returns what the gateway would do with a request. Never fails because of it: what a
        caller would get as an error is the `rejection`."""
        run = _Run(self, request, snapshot)
        try:
            await run.go()
        except PenstockError as error:
            run.reject(error)
        return run.found


class _Run:
    """One dry run, stage by stage. `found` grows; `stage` is the present one."""

    def __init__(self, parts: DryRun, request: DryRunRequest, snapshot: Snapshot) -> None:
        self._parts = parts
        self._request = request
        self._snapshot = snapshot
        self.found = Explanation(snapshot=snapshot.digest)
        self._stage = "read"

    def reject(self, error: PenstockError) -> None:
        """Notes the first error."""
        if self.found.rejection is None:
            self._add(rejection=explained_rejection(self._stage, error))

    async def go(self) -> None:
        """Runs all stages. Raises the error of one without which the others cannot run."""
        call = self._call()
        self._stage = "authenticate"
        key_context = self._key_context(call)
        call.key_context = key_context
        call.caller = read_caller(call.headers, key_context)
        self._add_caller(call)
        self._stage = "read"
        head = self._head(call)
        self._stage = "release"
        rollouts = self._snapshot.project(key_context.project_id).rollouts
        if rollouts is not None:
            head = await self._parts.release(call, key_context, rollouts, head)
            self._add_caller(call)
            await self._rollout_shadow(call, rollouts)
        self._stage = "resolve"
        target = self._parts.resolve(call, self._snapshot, key_context, head)
        if call.route is not None and call.route.route.is_conditional:
            target = await self._select(call, call.route)
        if (ids := self._parts.follow_ids.ids_of(call, head)) is not None:
            target = await self._parts.follow_ids(call, ids, target, head, self._snapshot)
        targets = (target,) if call.route is None else call.route.targets
        if target.project.limits is not None:
            self._stage = "limits"
            await self._limits(call, targets, target.project.limits)
        if target.project.guardrails is not None:
            self._stage = "guardrails"
            head = await self._guardrails(call, target, target.project.guardrails, head)
        self._stage = "cache"
        hit = await self._parts.look_up.peek(call, target)
        self._add(cache=ExplainedCache(hit is not None, bool(hit)))
        self._stage = "route"
        self._targets(call, target, head)

    def _call(self) -> Call:
        request = self._request
        headers = {
            name.lower().encode("latin-1", "replace"): value.encode("utf-8", "replace")
            for name, value in request.headers.items()
        }
        surface, route = self._parts.find_surface(request.path, headers)
        if surface is None:
            raise NotFound(f"The gateway has no path {request.path}.")
        if route is None or route.operation in NO_CALLS or TRAITS[route.operation].kept:
            raise NotFound(f"{request.path} takes no calls of models.")
        call = Call(
            surface,
            route.operation,
            headers,
            nothing_to_receive,
            nothing_to_send,
            ids=self._parts.ids,
            start_ns=self._parts.clock.now_ns(),
            path=request.path,
            query=request.query.encode(),
            method=request.method,
            raw_path=request.path.encode(),
        )
        call.snapshot = self._snapshot
        call.body = request.body.encode()
        call.request_size = len(call.body)
        self._add(surface=surface.dialect, operation=route.operation)
        return call

    def _key_context(self, call: Call) -> KeyContext:
        project_id, key_id = self._request.project_id, self._request.key_id
        if not key_id:
            key = KeyEntry(f"{_ANY_KEY}:{project_id}", "")
            return KeyContext.of(project_id, key, ProjectPolicy())
        found = self._snapshot.key_of_id(project_id, key_id)
        if found is None:
            raise Unauthenticated(f"The gateway knows no key {key_id!r} of this project.")
        expires_ms = found.key.expires_ms
        if expires_ms is not None and call.start_ns >= expires_ms * 1_000_000:
            raise Unauthenticated("The API key has expired.", code="api_key_expired")
        return found

    def _head(self, call: Call) -> RequestHead:
        content_type = call.headers.get(b"content-type", b"")
        head = call.surface.read_head(call.path, call.query, call.body, content_type)
        call.head = head
        self._add(model=head.model, stream=head.stream)
        return head

    async def _rollout_shadow(self, call: Call, rollouts: ProjectRollouts) -> None:
        """Names the shadow of the rollout of a call, and what is left of its budget."""
        rule = call.shadow
        if rule is None or not isinstance(rule.wanted, ReleaseArm):
            return
        running = rollouts.find(rule.wanted.use_case, rule.wanted.environment)
        budget = shadow_budget(running.rollout) if running is not None else None
        if running is None or running.rollout.shadow is None or budget is None:
            return
        limit = Limit(rule.project_id, budget)
        claim = limit.claim((), Amounts(0), call.start_ns)
        try:
            (state,) = await asyncio.to_thread(self._states, [claim])
            left = limit.in_units(max(0, space_of(claim, state)))
        except CountersUnavailable:
            left = None
        self._add(rollout_shadow=explained_rollout_shadow(running.rollout.shadow, left))

    async def _limits(self, call: Call, targets: Sequence[Target], index: LimitIndex) -> None:
        counted = counted_limits(call, targets, index)
        amounts = Amounts()
        try:
            amounts = estimated_amounts(call, targets, counted)
        except PenstockError as error:
            self.reject(error)
        now_ns = call.start_ns
        claims = counted.claims(amounts, now_ns)
        if len(claims) > MAX_CLAIMS:
            self.reject(CountersUnavailable(f"More than {MAX_CLAIMS} limits apply to the call."))
        try:
            states = await asyncio.to_thread(self._states, claims)
        except CountersUnavailable as error:
            if any(limit.entry.unavailable == Otherwise.REJECT for limit in counted.limits):
                self.reject(error)
            return
        spaces = [space_of(claim, state) for claim, state in zip(claims, states, strict=True)]
        found = zip(counted.each, claims, spaces, strict=True)
        self._add(limits=tuple(explained_limit(*each) for each in found))
        self._reject_first(counted.each, claims, spaces)

    async def _select(self, call: Call, route: RouteRun) -> Target:
        """Leaves out targets as a call does, and names them."""
        before = route.route.members
        try:
            return await self._parts.select_targets(call, route)
        finally:
            self._parts.select_targets.inflight.release(call)
            left = {id(each) for each in route.route.members}
            names = [each.name for each in before if id(each) not in left]
            self._add(route=route.entry.name, not_for_call=tuple(names))

    def _states(self, claims: Sequence[Claim]) -> list[CounterState]:
        return [self._parts.read_counter(claim) for claim in claims]

    def _reject_first(
        self, counted: Sequence[CountedLimit], claims: Sequence[Claim], spaces: Sequence[int]
    ) -> None:
        """A call gets the error of the first limit into which it does not fit."""
        for at, claim in enumerate(claims):
            if claim.amount > spaces[at]:
                reached = cap_reached(at, claim, spaces[at], self._parts.clock.now_ns())
                self.reject(limit_reached(counted[at].limit, reached))
                return

    async def _guardrails(
        self, call: Call, target: Target, policies: GuardrailIndex, head: RequestHead
    ) -> RequestHead:
        """Runs the checks of the request. What follows sees it as it would be sent."""
        try:
            return await self._parts.guard(call, target, policies, head)
        except PenstockError as error:
            self.reject(error)
            return head
        finally:
            self._parts.guard.inflight.release(call)
            if call.guard is not None:
                self._add(
                    guardrails=explained_policies(call.guard.plan),
                    findings=explained_findings(call.guard.results),
                )

    def _targets(self, call: Call, target: Target, head: RequestHead) -> None:
        if call.route is None:
            only = explained_target(call, target, head)
            self._add(targets=(only,))
            if only.problem is not None and self.found.rejection is None:
                self._add(rejection=only.problem)
            return
        entry = call.route.entry
        self._add(
            route=entry.name,
            route_version=entry.version,
            strategy=entry.strategy,
            max_attempts=entry.max_attempts,
            shadow=explained_shadow(call.route.shadow),
        )
        now = asyncio.get_running_loop().time()
        members = call.route.order(now)
        usual = [each for each in members if not each.rule.after][: entry.max_attempts]
        found: list[ExplainedTarget] = []
        for each in members:
            explained = explained_target(call, each.target, head)
            found.append(_routed(explained, each, now, reached=each in usual))
        self._add(targets=tuple(found))

    def _add_caller(self, call: Call) -> None:
        names = [each.name for each in CALL_ATTRIBUTES]
        attributes = {name: value for name in names if (value := call.caller.get(name))}
        self._add(
            caller=attributes,
            tags=dict(call.caller.tags),
            call_priority=call.priority.name.lower(),
        )

    def _add(self, **parts: object) -> None:
        self.found = replace(self.found, **parts)


def _routed(
    found: ExplainedTarget, member: RouteMember, now: float, *, reached: bool
) -> ExplainedTarget:
    rule = member.rule
    return replace(
        found,
        priority=rule.priority,
        weight=rule.weight,
        after=rule.after,
        reached=reached,
        admits=member.health.breaker.admits(now),
    )
