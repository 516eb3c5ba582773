"""Why an attempt failed, as far as it decides what a route tries next."""

import re
from enum import StrEnum
from typing import Final

from penstock.rules.neutral.answer import ProviderError


class FailureCause(StrEnum):
    """The kinds of failures that a route distinguishes."""

    UNAVAILABLE = "unavailable"  # unreachable, too slow, 5xx, an answer that is cut or malformed
    RATE_LIMIT = "rate_limit"  # the provider's limit for our credential
    CREDENTIAL = "credential"  # the provider rejects our credential
    CONTEXT_LENGTH = "context_length"  # the request is too long for this model
    CONTENT_FILTER = "content_filter"  # the provider's own filter
    UNSUPPORTED = "unsupported"  # this model or its API cannot do what the request wants
    FULL = "full"  # it has as many calls in progress as our limit for it allows
    INVALID = "invalid"  # the caller's mistake: the same everywhere


_TOO_LONG: Final = re.compile(
    r"context.?length|context.?window|maximum context|too many (?:input )?tokens"
    r"|(?:prompt|input|request) is too long|input token count|reduce the length of"
    r"|too large for model|exceeds? the (?:maximum|limit).{0,40}tokens|token limit",
    re.IGNORECASE,
)
_FILTERED: Final = re.compile(
    r"content.?filter|content.?policy|content management policy|responsible.?ai"
    r"|safety (?:system|polic|filter|setting)|blocked by .{0,40}(?:safety|polic|filter)",
    re.IGNORECASE,
)
_UNSUPPORTED_STATUSES: Final = frozenset((404, 405, 415, 501))


def cause_of_rejection(status: int, reported: ProviderError) -> FailureCause:
    """Returns the cause of an error answer of a provider. The vendors have no common codes for a
    request that is too long or was filtered, so their words decide; they are at most as long as
    `ProviderError` keeps them."""
    if status == 429:
        return FailureCause.RATE_LIMIT
    if status in (401, 402, 403, 407):
        return FailureCause.CREDENTIAL
    if status == 413:
        return FailureCause.CONTEXT_LENGTH
    if status in _UNSUPPORTED_STATUSES:
        return FailureCause.UNSUPPORTED
    if status < 400 or status >= 500 or status in (408, 409, 424, 425):
        return FailureCause.UNAVAILABLE
    words = f"{reported.code} {reported.type} {reported.message}"
    if _TOO_LONG.search(words):
        return FailureCause.CONTEXT_LENGTH
    if _FILTERED.search(words):
        return FailureCause.CONTENT_FILTER
    return FailureCause.INVALID
