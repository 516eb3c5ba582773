"""Which traces belong to a sample: decided by their id, so that it can be repeated, and everybody
who asks with the same share gets the same traces."""

import hashlib
from typing import Final

_HASHES: Final = 2**64


def is_sampled(trace_id: str, share: float) -> bool:
    """Returns whether a share of all traces has this one. The traces of a smaller share are among
    those of a larger one."""
    number = int.from_bytes(hashlib.sha256(trace_id.encode()).digest()[:8])
    return number < share * _HASHES
