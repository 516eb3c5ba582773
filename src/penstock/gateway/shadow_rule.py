"""What a share of the calls is sent to as well: the interface of `gateway.shadows`."""

from typing import NamedTuple

from penstock.gateway.released import ReleaseArm
from penstock.gateway.target import Target


class ShadowRule(NamedTuple):
    """`percent` of the calls of a project go to `wanted`, too: the target of a route's shadow, or
    the release of a rollout's. `name`: of what wants it; at most `max_calls` of one project and
    name are in progress in a worker."""

    project_id: str
    name: str
    wanted: Target | ReleaseArm
    percent: float
    max_calls: int
