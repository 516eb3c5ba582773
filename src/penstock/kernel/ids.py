"""Identifiers: prefixed UUIDv7 for objects, W3C trace and span ids for calls.

Time and entropy are arguments, so that tests can reproduce ids.
"""

from uuid import UUID


def uuid7(unix_ns: int, entropy: bytes) -> UUID:
    """Returns a UUIDv7 (RFC 9562, section 5.7) of a time and ten bytes of entropy. It contains the
    time to a quarter of a microsecond (section 6.2, method 3), so that the ids of events in one
    millisecond sort too."""
    unix_ms, rest_ns = divmod(unix_ns, 1_000_000)
    value = (unix_ms & (1 << 48) - 1) << 80
    value |= 0x7 << 76 | (rest_ns * 4096 // 1_000_000) << 64
    value |= 0b10 << 62 | int.from_bytes(entropy[:10], "big") & (1 << 62) - 1
    return UUID(int=value)


def new_id(prefix: str, unix_ns: int, entropy: bytes) -> str:
    """Returns `prefix_` and 32 hex digits; ids of one prefix sort by their time of creation."""
    return f"{prefix}_{uuid7(unix_ns, entropy).hex}"


def trace_id(entropy: bytes) -> str:
    """Returns 32 lower-case hex digits, never all zero (W3C Trace Context)."""
    return entropy[:16].hex() if any(entropy[:16]) else "0" * 31 + "1"


def span_id(entropy: bytes) -> str:
    """Returns 16 lower-case hex digits, never all zero (W3C Trace Context)."""
    return entropy[:8].hex() if any(entropy[:8]) else "0" * 15 + "1"
