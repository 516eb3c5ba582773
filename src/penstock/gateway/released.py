"""The release that answers a call."""

from typing import NamedTuple

from penstock.rules.neutral.translation import Change
from penstock.rules.releases.served import ServedRelease
from penstock.rules.rollouts.assignment import ArmBasis


class ReleaseArm(NamedTuple):
    """An arm of a rollout, and why a call has it. `digest` names its release; `release` is what
    answers: of a chain, that of the `step` of the call; `None` if it is not in the snapshot.
    `allowed`: the key may call the use case by its name, whatever the model."""

    use_case: str
    environment: str
    name: str
    basis: ArmBasis
    digest: str
    release: ServedRelease | None
    allowed: bool
    step: str = ""


class CallRelease(NamedTuple):
    """The release of a call, by its hash, with the model that it names. `allowed` as in
    `ReleaseArm`. `changes`: parts that the caller's format does not have."""

    use_case: str
    digest: str
    model: str
    allowed: bool
    changes: tuple[Change, ...] = ()
