"""The way out of the spool, as a port: who takes a batch, and what became of it."""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import NamedTuple


class SendOutcome(StrEnum):
    """What the receiver said."""

    STORED = "stored"  # it is safe, now or already before: forget it
    REJECTED = "rejected"  # this batch can never be stored: set it aside
    RETRY = "retry"  # not now
    FAILED = "failed"  # the receiver failed over it: perhaps over this batch only


class SendResult(NamedTuple):
    """The outcome, and in words why it is not `stored`."""

    outcome: SendOutcome
    detail: str = ""


Send = Callable[[str, bytes], Awaitable[SendResult]]
"""Takes a batch's name and bytes. The same name may come again, also while the first is still
under way: it must store nothing twice. Raises nothing but cancellation."""
