"""Stage 7: compute usage and cost."""

from collections.abc import Mapping
from typing import Final

from penstock.gateway.call import Call
from penstock.infra.egress.client import NEVER_SENT
from penstock.kernel.errors import PenstockError
from penstock.rules.answer import estimate_usage
from penstock.rules.call import Usage, UsageSource
from penstock.rules.price_book import CalledModel
from penstock.rules.price_charge import Charge

_NOTHING: Final = Usage()
_NO_CONTEXT: Final[Mapping[str, str]] = {}


def settle(call: Call, error: PenstockError | None) -> tuple[Usage, Charge | None]:
    """Returns the provider's own count, or an estimate for a call that was cut off, and its cost.

    A cost of `None` means unpriced, never free.
    """
    facts = call.facts
    usage = facts.usage
    counted = usage is not None and usage.source is UsageSource.PROVIDER
    if not counted and error is not None and _was_served(call, error):
        usage = estimate_usage(call.request_size, call.delta_count)
    target = call.target
    if usage is None or target is None:
        return usage or _NOTHING, None
    called = CalledModel(target.entry.name, target.entry.vendor, target.model, facts.model)
    return usage, target.project.charge(called, usage, call.start_ns, _context(facts.service_tier))


def _context(tier: str) -> Mapping[str, str]:
    """The facts beside the model that the price depends on. Price lists have batch as a kind of
    processing, not as a tier."""
    if not tier:
        return _NO_CONTEXT
    return {"processing": "batch"} if tier == "batch" else {"service_tier": tier}


def _was_served(call: Call, error: PenstockError) -> bool:
    """True if the provider may have started work: it got the request and did not reject it."""
    attempt = call.attempt
    return attempt is not None and attempt.http_status < 300 and error.code not in NEVER_SENT
