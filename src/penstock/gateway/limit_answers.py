"""What callers read of limits: the error of a call above one, and the headers of all others.

The headers are those of OpenAI. Where several limits count the same, the one with the smallest rest
is shown.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from penstock.kernel.errors import RateLimited
from penstock.rules.claims import CapReached, Claim, CounterKind
from penstock.rules.limits.documents import Measure
from penstock.rules.limits.index import NANO, Limit, SpanLimit

LimitHeaders = tuple[tuple[bytes, bytes], ...]

_SECOND_NS: Final = 10**9
# The measures that callers read, with the names of the headers.
_SHOWN: Final = tuple(
    [
        (
            measure,
            b"x-ratelimit-limit-" + measure.value.encode(),
            b"x-ratelimit-remaining-" + measure.value.encode(),
            b"x-ratelimit-reset-" + measure.value.encode(),
        )
        for measure in (Measure.REQUESTS, Measure.TOKENS)
    ]
)
# Clients of OpenAI and Anthropic read it: to try again within seconds is useless.
NO_RETRY: Final = (b"x-should-retry", b"false")
_RETRY_WITHIN_S: Final = 60


def limit_reached(limit: Limit, reached: CapReached) -> RateLimited:
    """Returns the error of a call that does not fit. Its code is `budget_exceeded` for spend, else
    `rate_limited`."""
    entry = limit.entry
    every = f" a {entry.window}" if entry.window else ""
    amount = f"{entry.amount:,f} {_UNITS[limit.measure]}{every}"
    spend = limit.measure == Measure.SPEND
    message = (
        f"The {'budget' if spend else 'limit'} {entry.name!r} of {amount} is reached: "
        f"{_left(limit, reached.left)} left."
    )
    hint, retry_after_s = _what_to_do(limit, reached)
    code = "budget_exceeded" if spend else "rate_limited"
    return RateLimited(message, hint=hint, code=code, retry_after_s=retry_after_s)


def stream_cut(limit: Limit) -> RateLimited:
    """Returns the error of a stream that has passed a limit."""
    entry = limit.entry
    what = "budget" if limit.measure == Measure.SPEND else "limit"
    every = f" a {entry.window}" if entry.window else ""
    return RateLimited(
        f"The answer was cut: the {what} {entry.name!r} of {entry.amount:,f} "
        f"{_UNITS[limit.measure]}{every} is reached.",
        hint="What it had until then counts. Send a smaller output limit.",
        code="cut_at_limit",
    )


def rejection_headers(limit: Limit, error: RateLimited, claim: Claim, left: int) -> LimitHeaders:
    """Returns the headers of the error."""
    shown = headers_of((limit,), (claim,), (left,), 0)
    late = error.retry_after_s is None or error.retry_after_s > _RETRY_WITHIN_S
    return (*shown, NO_RETRY) if late else shown


def headers_of(
    limits: Sequence[Limit], claims: Sequence[Claim], left: Sequence[int], now_ns: int
) -> LimitHeaders:
    """Returns limit, rest and reset of requests and tokens. `left`: what the counters of the claims
    have left."""
    headers: list[tuple[bytes, bytes]] = []
    for measure, most, remaining, reset in _SHOWN:
        shown, rest = -1, 0  # which of the limits has the smallest rest
        for at, limit in enumerate(limits):
            if limit.measure is measure:
                units = limit.units(left[at])
                if shown < 0 or units < rest:
                    shown, rest = at, units
        if shown < 0:
            continue
        limit, claim = limits[shown], claims[shown]
        reset_ns = claim.cap - left[shown] if limit.is_rate else max(0, claim.end_ns - now_ns)
        headers.append((most, limit.header_value))
        headers.append((remaining, b"%d" % rest if rest > 0 else b"0"))
        headers.append((reset, duration(reset_ns)))
    return tuple(headers)


def duration(length_ns: int) -> bytes:
    """Writes a time as OpenAI does: `250ms`, `1.5s`, `6m0s`, `2h30m0s`."""
    ms = -(-length_ns // 1_000_000)
    if ms < 1000:
        return b"%dms" % ms
    seconds, ms = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{seconds}.{ms:03d}".rstrip("0").rstrip(".") + "s"
    if hours or minutes:
        text = f"{minutes}m{text}"
    return (f"{hours}h{text}" if hours else text).encode()


_UNITS: Final = {
    Measure.REQUESTS: "requests",
    Measure.TOKENS: "tokens",
    Measure.SPEND: "USD",
    Measure.CONCURRENCY: "concurrent calls",
}


def _left(limit: Limit, left: int) -> str:
    if limit.measure == Measure.SPEND:
        return f"{Decimal(left) / NANO:f} USD are"
    return f"{limit.units(left):,} {_UNITS[limit.measure]} are"


def _what_to_do(limit: Limit, reached: CapReached) -> tuple[str, int | None]:
    if isinstance(limit, SpanLimit):
        return "Get a new client token from the application, or send a smaller request.", None
    if reached.wait_ns is not None:
        wait_s = max(1, -(-reached.wait_ns // _SECOND_NS))
        more = limit.measure == Measure.SPEND and reached.left > 0
        hint = " A smaller output limit may fit." if more else ""
        return f"Try again in {wait_s} s.{hint}", wait_s
    if limit.kind == CounterKind.OPEN:
        return "Try again when another call has ended.", 1
    return "This call alone may use more than that. Send a smaller output limit.", None
