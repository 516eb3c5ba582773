"""Conditions on calls: for which calls a limit or a guardrail policy is."""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from penstock.rules.attributes import CALL_ATTRIBUTES
from penstock.rules.call import Caller
from penstock.rules.models.patterns import allows

MAX_CONDITIONS: Final = 8  # of one limit or policy
MAX_VALUES: Final = 64  # of one condition
MAX_VALUE_CHARS: Final = 256  # of such a value
TAG: Final = "tag:"
DIMENSIONS: Final = ("key", "provider", "model", *(each.name for each in CALL_ATTRIBUTES))
TARGET: Final = frozenset(("provider", "model"))


class CallFacts(msgspec.Struct, frozen=True):
    """The facts of a call that conditions look at."""

    caller: Caller
    provider: str
    model: str


class CallConditions:
    """The values that a call must have, by dimension. A dimension is `key`, `provider`, `model`, an
    attribute of calls, or `tag:<name>`."""

    def __init__(self, only: Mapping[str, tuple[str, ...]]) -> None:
        self.of_target = not TARGET.isdisjoint(only)  # they look at the provider or the model
        self._tests = [(reader(name), name, values) for name, values in only.items()]

    def match(self, facts: CallFacts) -> bool:
        """Returns whether a call has all the values."""
        for read, name, values in self._tests:
            if name == "model":
                if not allows(values, facts.provider, facts.model):
                    return False
            elif read(facts) not in values:
                return False
        return True


def reader(dimension: str) -> Callable[[CallFacts], str]:
    """Returns the function that reads a dimension of a call."""
    match dimension:
        case "key":
            return lambda facts: facts.caller.key_id
        case "provider":
            return lambda facts: facts.provider
        case "model":
            return lambda facts: f"{facts.provider}/{facts.model}"
        case _:
            if dimension.startswith(TAG):
                tag = dimension.removeprefix(TAG)
                return lambda facts: facts.caller.tags.get(tag, "")
            return lambda facts: facts.caller.get(dimension)


def problem_of_dimension(dimension: str) -> str:
    """Returns what is wrong with the name of a dimension, as a sentence; empty if nothing is."""
    tag = dimension.removeprefix(TAG) if dimension.startswith(TAG) else ""
    if dimension in DIMENSIONS or (tag and len(tag) <= MAX_VALUE_CHARS):
        return ""
    return f"{dimension[:64]!r} is none of {', '.join(DIMENSIONS)}, tag:<name>."


def problem_of_conditions(only: Mapping[str, tuple[str, ...]]) -> str:
    """Returns what is wrong with conditions, as a sentence; empty if nothing is."""
    if len(only) > MAX_CONDITIONS:
        return f"There are at most {MAX_CONDITIONS} conditions."
    for dimension, values in only.items():
        if problem := problem_of_dimension(dimension):
            return problem
        if not 1 <= len(values) <= MAX_VALUES or max(map(len, values)) > MAX_VALUE_CHARS:
            return f"A condition has 1 to {MAX_VALUES} values of {MAX_VALUE_CHARS} characters."
    return ""
