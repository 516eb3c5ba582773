"""What a share of the calls is sent to as well: the interface of `gateway.shadows`."""

from typing import NamedTuple

from penstock.gateway.target import Target


class ShadowRule(NamedTuple):
    """`percent` of the calls go to `target`, too. `name`: of what wants it; at most `max_calls` of
    one project and name are in progress in a worker."""

    name: str
    target: Target
    percent: float
    max_calls: int
