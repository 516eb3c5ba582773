"""Stage 7: compute usage and cost, of each attempt and of the call."""

import logging
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from penstock.gateway.attempt import OpenAttempt, Settled, Total, cost_text
from penstock.gateway.call import Call
from penstock.infra.egress.client import NEVER_SENT
from penstock.kernel.errors import PenstockError
from penstock.rules.call import COUNTS, CallStatus, Operation, Usage, UsageSource
from penstock.rules.neutral.answer import estimate_usage
from penstock.rules.prices.charge import Charge, tier_context
from penstock.rules.prices.price_book import CalledModel
from penstock.rules.speech import estimate_speech

_PROVIDER: Final = UsageSource.PROVIDER  # in Python 3.11 reading a member is slow
_NOTHING: Final = Usage()
_NO_ATTEMPT: Final = Total()
_FROM_CACHE: Final = Total(cost="0")

_log: Final = logging.getLogger("penstock.gateway")


def close_attempt(
    call: Call, attempt: OpenAttempt, end_ns: int, status: CallStatus, error: PenstockError | None
) -> None:
    """Settles an attempt and notes its outcome, once."""
    if attempt.closed:
        return
    try:
        _settle(call, attempt, error)
    except Exception:  # noqa: BLE001 - an attempt without a price is still recorded
        _log.exception("The cost of trace %s cannot be computed", call.trace_id)
        attempt.usage = _NOTHING
    attempt.closed = True
    attempt.end_ns = end_ns
    attempt.status = status
    # without the frames that raised it, which have the answer
    attempt.error = None if error is None else error.with_traceback(None)


def total(call: Call) -> Settled:
    """Returns usage and cost of a call: the sums over its attempts. A cached answer costs nothing.

    One unpriced attempt makes the call unpriced. The sum of several costs has no price id.
    """
    attempts = call.attempts
    if not attempts:
        return _FROM_CACHE if call.cache is not None and call.cache.found else _NO_ATTEMPT
    if len(attempts) == 1:
        return attempts[0]
    used = [one for one in attempts if one.usage.source is not UsageSource.NONE]
    charges = [one.charge for one in used if one.charge is not None]
    usage = _sum([one.usage for one in used])
    if len(charges) < len(used) or not charges:
        return Total(usage)
    price_id = charges[0].price_id if len(charges) == 1 else ""
    charge = Charge(sum((charge.cost for charge in charges), Decimal(0)), price_id)
    return Total(usage, cost_text(charge), price_id)


def _settle(call: Call, attempt: OpenAttempt, error: PenstockError | None) -> None:
    """Sets the provider's own count, or an estimate for an attempt that was cut off, and its cost.
    Without a charge the attempt is unpriced."""
    facts, target = attempt.facts, attempt.target
    usage = facts.usage
    counted = usage is not None and usage.source is _PROVIDER
    if attempt.counted is not None:
        usage = attempt.counted
    elif not counted and error is not None and _may_be_charged(call, attempt, error):
        usage = estimate_usage(call.request_size, attempt.delta_count)
    elif usage is None and call.operation == Operation.SPEECH and _was_accepted(attempt, error):
        usage = estimate_speech(call.body)
    if usage is None:
        return
    called = CalledModel(target.entry.name, target.entry.vendor, target.model, facts.model)
    context = tier_context(facts.service_tier)
    attempt.usage = usage
    charge = attempt.charge = target.project.charge(called, usage, call.start_ns, context)
    if charge is not None:
        attempt.cost, attempt.price_id = cost_text(charge), charge.price_id


def _sum(usages: Sequence[Usage]) -> Usage:
    """Adds counts. The least reliable source is the source of the sum."""
    if not usages:
        return _NOTHING
    sources = {usage.source for usage in usages}
    source = next(
        one
        for one in (UsageSource.INVALID, UsageSource.ESTIMATED, UsageSource.PROVIDER)
        if one in sources
    )
    counts = {name: sum(getattr(usage, name) for usage in usages) for name in COUNTS}
    return Usage(**counts, source=source)


def _may_be_charged(call: Call, attempt: OpenAttempt, error: PenstockError) -> bool:
    """True if the provider may have started work that is counted in tokens of text: it got the
    request and did not reject it."""
    return call.traits.estimated and _was_accepted(attempt, error)


def _was_accepted(attempt: OpenAttempt, error: PenstockError | None) -> bool:
    return attempt.http_status < 300 and (error is None or error.code not in NEVER_SENT)
