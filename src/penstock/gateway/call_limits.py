"""The gateway's own bounds. What a provider may take stands in its `ProviderEntry`."""

import msgspec

KIB = 1024
MIB = 1024 * KIB


class CallLimits(msgspec.Struct, frozen=True):
    """Sizes in bytes, durations in seconds.

    Two hundred callers who read nothing of large answers cost 200 times the capture and what is
    between two sockets: that is why `capture_response_bytes` is far below what an answer may be.
    """

    max_in_flight: int = 1024
    project_share: float = 0.9  # of calls and body bytes one project may hold while alone
    key_share: float = 0.8  # of calls and body bytes one key may hold while alone
    held_body_bytes: int = 256 * MIB  # request bodies in memory, beyond the first 64 KiB of each
    max_body_bytes: int = 20 * MIB
    body_timeout_s: float = 30.0
    stuck_caller_s: float = 300.0  # reads nothing of its answer for so long: gone
    drain_s: float = 30.0
    small_answer_bytes: int = 64 * KIB  # whole in memory before the first byte goes out
    capture_request_bytes: int = MIB
    capture_response_bytes: int = 128 * KIB
