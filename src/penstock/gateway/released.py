"""The release that answers a call."""

from typing import NamedTuple

from penstock.rules.neutral.translation import Change


class CallRelease(NamedTuple):
    """The release of a call, by its hash, with the model that it names. `allowed`: the key may call
    the use case by its name, whatever the model. `changes`: parts that the caller's format does not
    have."""

    use_case: str
    digest: str
    model: str
    allowed: bool
    changes: tuple[Change, ...] = ()
