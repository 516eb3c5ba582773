"""Stage 5: reserve what the call may use on the counters of its limits; settle what it has used."""

import logging
from collections.abc import Sequence
from itertools import chain
from operator import gt
from typing import Final

from penstock.gateway.attempt import OpenAttempt
from penstock.gateway.call import Call
from penstock.gateway.limit_answers import headers_of, limit_reached, rejection_headers
from penstock.gateway.reserved import Reserved
from penstock.gateway.stream_budget import StreamBudget
from penstock.gateway.target import Target
from penstock.infra.egress.client import NEVER_SENT
from penstock.kernel.errors import Forbidden
from penstock.kernel.time import Clock
from penstock.rules.call import Operation, UsageSource
from penstock.rules.call_conditions import CallFacts
from penstock.rules.claims import CapReached
from penstock.rules.client_tokens import ClientToken, limits_of
from penstock.rules.limits.documents import Measure, Otherwise
from penstock.rules.limits.estimate import EstimatedTokens, estimate_cost, estimate_tokens
from penstock.rules.limits.index import (
    Amounts,
    CountedLimit,
    CountedLimits,
    Limit,
    LimitIndex,
    SpanLimit,
    nano_usd,
)
from penstock.rules.prices.price_book import CalledModel
from penstock.rules.snapshot.access import KeyContext
from penstock.spi.counters import Counters, CountersUnavailable

_BATCH_CREATE: Final = Operation.BATCH_CREATE
_NONE: Final = CountedLimits(())
_COUNTED: Final = (UsageSource.PROVIDER, UsageSource.ESTIMATED)
_log: Final = logging.getLogger("penstock.gateway")


class ReserveLimits:
    """Holds each call within the limits of its project."""

    def __init__(self, counters: Counters, clock: Clock) -> None:
        self._counters = counters
        self._clock = clock
        self.unchecked_count = 0  # admitted without the counters, as their limits say
        self.overrun_count = 0  # used more than they had reserved

    async def __call__(self, call: Call, target: Target, index: LimitIndex | None) -> None:
        """Raises `RateLimited` if the call does not fit, `Forbidden` if it has no price and counts
        against a budget, and `CountersUnavailable` where a limit says so."""
        targets = (target,) if call.route is None else call.route.targets
        counted = counted_limits(call, targets, index) if index is not None else _NONE
        if call.shadow_of:  # only money: it must not use the rates of its caller
            counted = CountedLimits(
                [each for each in counted.each if each.limit.measure == Measure.SPEND]
            )
        elif call.key_context is not None and call.key_context.token is not None:
            of_client = _limits_of_client(call.key_context, call.key_context.token)
            counted = CountedLimits([*counted.each, *of_client])
        if not counted.each:
            return
        later = call.operation == _BATCH_CREATE or (call.head and call.head.background)
        if later and counted.metered:
            raise _not_metered(counted)
        estimate = estimated_amounts(call, targets, counted)
        now_ns = self._clock.now_ns()
        claims = counted.claims(estimate, now_ns)
        try:
            found = await self._counters.reserve(claims)
        except CountersUnavailable:
            if any(limit.entry.unavailable == Otherwise.REJECT for limit in counted.limits):
                raise
            allowed = await self._counters.reserve_allowance(claims)
            self.unchecked_count += 1
            call.reserved = Reserved(allowed, counted, estimate) if allowed is not None else None
            return
        if isinstance(found, CapReached):
            limit, claim = counted.limits[found.claim], claims[found.claim]
            error = limit_reached(limit, found)
            call.limit_headers = rejection_headers(limit, error, claim, found.left)
            raise error
        call.reserved = Reserved(found, counted, estimate)
        if counted.cut:
            call.budget = StreamBudget(self._counters, call.reserved)
        call.limit_headers = headers_of(counted.limits, claims, found.left, now_ns)
        self._counters.dispatched(found)  # what follows asks the provider, or settles

    def settle(self, call: Call) -> None:
        """Replaces the reserved amounts by the used ones. Once for each call; never fails."""
        reserved = call.reserved
        if reserved is None:
            return
        call.reserved = None
        held = [claim.amount for claim in reserved.reservation.claims]
        try:
            amounts = _used(call, reserved)
        except Exception:  # noqa: BLE001 - the call ends; its reservation counts as used
            _log.exception("The limits of trace %s cannot be settled", call.trace_id)
            amounts = held
        if call.budget is not None:
            held = call.budget.held(held)
        if any(map(gt, amounts, held)):
            call.overruns = tuple(
                limit.entry.name
                for limit, most, used in zip(reserved.counted.limits, held, amounts, strict=True)
                if used > most
            )
            self.overrun_count += 1
        if call.budget is not None:
            amounts = call.budget.settle(amounts)
            call.budget = None
        self._counters.settle(reserved.reservation, amounts)


def counted_limits(call: Call, targets: Sequence[Target], index: LimitIndex) -> CountedLimits:
    """Returns the limits that count the call at any of its targets."""
    if len(targets) == 1:
        return index.counted(facts_of(call, targets[0]))
    found = [index.counted(facts_of(call, target)) for target in targets]
    return CountedLimits(list(dict.fromkeys(chain.from_iterable(one.each for one in found))))


def _limits_of_client(key_context: KeyContext, token: ClientToken) -> list[CountedLimit]:
    limits = limits_of(token, key_context.project_id, key_context.key.id)
    return [CountedLimit.of(limit, ()) for limit in limits]


def facts_of(call: Call, target: Target) -> CallFacts:
    """Returns the facts of a call at one of its targets."""
    return CallFacts(call.caller, target.entry.name, target.model)


def _used(call: Call, reserved: Reserved) -> list[int]:
    """Returns what the call has used of each claim."""
    counted, estimate = reserved.counted, reserved.estimate
    total = used_amounts(call.attempts, estimate)
    if not counted.of_target:
        return [limit.amount(total) for limit in counted.limits]
    return [
        each.limit.amount(
            used_amounts(_attempts_of(call, each.limit, each.values), estimate)
            if each.limit.of_target
            else total
        )
        for each in counted.each
    ]


def _attempts_of(call: Call, limit: Limit, values: tuple[str, ...]) -> list[OpenAttempt]:
    """Returns the attempts that a limit of a provider or model counts."""
    facts = [(attempt, facts_of(call, attempt.target)) for attempt in call.attempts]
    return [one for one, what in facts if limit.applies(what) and limit.values(what) == values]


def used_amounts(attempts: Sequence[OpenAttempt], estimate: Amounts) -> Amounts:
    """Returns the sums over attempts. One that was served and whose usage is unknown counts as
    estimated; one without a price counts tokens only."""
    if not attempts:
        return Amounts(requests=0)
    tokens = spend = 0
    for attempt in attempts:
        if attempt.usage.source in _COUNTED:
            tokens += attempt.usage.input_tokens + attempt.usage.output_tokens
            spend += nano_usd(attempt.charge.cost) if attempt.charge is not None else 0
        elif _was_served(attempt):
            tokens += estimate.tokens
            spend += estimate.spend
    return Amounts(1, tokens, spend)


def estimated_amounts(call: Call, targets: Sequence[Target], counted: CountedLimits) -> Amounts:
    """Returns the amounts to reserve: those of the target that uses most. Raises `Forbidden` for
    an unpriced model under a budget that rejects it."""
    if not counted.metered or call.traits.kept:
        return Amounts()
    budgets = counted.budgets
    most, spend = 0, 0
    for target in targets:
        facts = target.known.model if target.known is not None else None
        tokens = estimate_tokens(call.body, call.operation, facts)
        count = tokens.input + tokens.output
        cost = _cost(call, target, tokens, budgets) if budgets else 0
        most = max(most, count)
        spend = max(spend, cost)
    return Amounts(1, most, spend)


def _cost(call: Call, target: Target, tokens: EstimatedTokens, budgets: Sequence[Limit]) -> int:
    """Returns the highest cost of a call in billionths of a dollar; 0 if it has no price."""
    called = CalledModel(target.entry.name, target.entry.vendor, target.model)
    rates = target.project.rates(called, call.start_ns)
    cost = estimate_cost(rates, tokens, call.body)
    if cost is None:
        for limit in budgets:
            if limit.entry.unpriced == Otherwise.REJECT:
                raise _unpriced(limit, target)
    return cost or 0


def _was_served(attempt: OpenAttempt) -> bool:
    error = attempt.error
    return attempt.http_status < 300 and (error is None or error.code not in NEVER_SENT)


def _not_metered(counted: CountedLimits) -> Forbidden:
    names = ", ".join(
        repr(limit.entry.name)
        for limit in counted.limits
        if limit.measure in (Measure.TOKENS, Measure.SPEND)
    )
    return Forbidden(
        "Tokens and cost of a batch, or of a response in the background, are not known to the"
        f" gateway, and these limits count them: {names}.",
        hint="Send the requests one by one and wait for the answers, or use a key to which no such"
        " limit applies.",
        code="batch_not_metered",
    )


def _unpriced(limit: Limit, target: Target) -> Forbidden:
    return Forbidden(
        f"The model {target.model!r} has no price, and the budget {limit.entry.name!r} counts its "
        "cost.",
        hint="Add a price with `penstock price add`, or "
        + (
            "make client tokens without a limit in USD."
            if isinstance(limit, SpanLimit)
            else "let the budget admit unpriced models."
        ),
        code="unpriced_model",
        param="model",
    )
