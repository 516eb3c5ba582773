"""The pause before a target is asked that has failed or has asked for a rest.

Full jitter, so that calls do not come all at once: over a time that doubles with each retry, and
at least the time in which calls have gathered, so that they come back no faster than they came.
Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
"""

from typing import Final

FIRST_WAIT_S: Final = 0.25  # before a target is asked again; doubled each time, drawn from 0 to it
LONGEST_WAIT_S: Final = 10.0  # a target that wants a longer pause is not asked again in this call


def wait_before(left_s: float, rest_s: float, retries: int, draw: float) -> float | None:
    """Returns the seconds to wait; `None` if that is too long. `left_s` is what is left of a rest
    of `rest_s` seconds, or 0; `draw` is a number of [0, 1)."""
    if left_s > LONGEST_WAIT_S:
        return None
    jitter_s = FIRST_WAIT_S * 2**retries
    if left_s > 0:
        jitter_s = max(jitter_s, rest_s)
    return max(left_s, 0.0) + draw * min(jitter_s, LONGEST_WAIT_S)
