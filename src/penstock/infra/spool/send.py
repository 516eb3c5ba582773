"""The port through which the spool ships: a function that sends one batch."""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import NamedTuple


class SendOutcome(StrEnum):
    """The answer of the receiver to a batch."""

    STORED = "stored"  # it is durable, now or since an earlier attempt: delete it
    REJECTED = "rejected"  # this batch can never be stored: quarantine it
    DEFERRED = "deferred"  # the receiver has no space for it now: ship the others first
    RETRY = "retry"  # not now: retry
    FAILED = "failed"  # the receiver failed, perhaps because of this batch


class SendResult(NamedTuple):
    """The outcome; `detail` is the reason why it is not `stored`."""

    outcome: SendOutcome
    detail: str = ""


Send = Callable[[str, bytes], Awaitable[SendResult]]
"""Sends a batch: its name and bytes. The same name may be sent again, even while the first send is
in progress; the receiver must store it once. Raises nothing but cancellation."""
