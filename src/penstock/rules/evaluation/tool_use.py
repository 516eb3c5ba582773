"""Calls of tools compared with the expected ones."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, cast

from penstock.rules.evaluation.json_values import fields_of, is_object, json_or_text, same_json
from penstock.rules.evaluation.samples import SampleToolCall

Equal = Callable[[SampleToolCall, SampleToolCall], bool]


class ToolMatches(NamedTuple):
    """The calls that are matched, those that lack, and those that are needless."""

    matched: int
    missing: int
    needless: int

    @property
    def f1(self) -> float:
        """Returns the harmonic mean of the shares of calls that were needed, and of needed calls
        that were made; 1 if none was needed and none made."""
        whole = 2 * self.matched + self.missing + self.needless
        return 2 * self.matched / whole if whole else 1.0


def expected_calls(value: Any) -> tuple[SampleToolCall, ...] | None:
    """Returns the calls in an expected value: a list of names, or of objects with `name` and
    `arguments`. None if it is none of these."""
    value = json_or_text(value)
    if not isinstance(value, list | tuple):
        return None
    found: list[SampleToolCall] = []
    for each in cast("Sequence[Any]", value):
        if isinstance(each, str):
            found.append(SampleToolCall(each))
        elif is_object(each) and isinstance(each.get("name"), str):
            found.append(SampleToolCall(each["name"], json_or_text(each.get("arguments"))))
        else:
            return None
    return tuple(found)


def same_name(one: SampleToolCall, other: SampleToolCall) -> bool:
    """Returns whether both call one tool."""
    return one.name == other.name


def same_call(made: SampleToolCall, expected: SampleToolCall) -> bool:
    """Returns whether both call one tool with equal arguments; any if none are expected."""
    if expected.arguments is None:
        return same_name(made, expected)
    return same_name(made, expected) and same_json(made.arguments, expected.arguments)


def covers_call(made: SampleToolCall, expected: SampleToolCall) -> bool:
    """Returns whether the call has at least the expected arguments."""
    wanted, given = expected.arguments, made.arguments
    if not is_object(wanted) or not is_object(given):
        return same_call(made, expected)
    return same_name(made, expected) and all(
        key in given and same_json(given[key], value) for key, value in wanted.items()
    )


def in_order(
    made: Sequence[SampleToolCall], expected: Sequence[SampleToolCall], equal: Equal
) -> ToolMatches:
    """Returns the matches in a longest common subsequence: calls in the expected order."""
    row = [0] * (len(expected) + 1)
    for call in made:
        before = 0
        for at, wanted in enumerate(expected, start=1):
            here = row[at]
            row[at] = before + 1 if equal(call, wanted) else max(row[at], row[at - 1])
            before = here
    return ToolMatches(row[-1], len(expected) - row[-1], len(made) - row[-1])


def in_any_order(
    made: Sequence[SampleToolCall], expected: Sequence[SampleToolCall], equal: Equal
) -> ToolMatches:
    """Returns the largest number of matches whatever the order; each call matches one at most.

    H. Kuhn's augmenting paths for bipartite matching (1955).
    """
    partner: dict[int, int] = {}

    def place(at: int, seen: set[int]) -> bool:
        for other, wanted in enumerate(expected):
            if other not in seen and equal(made[at], wanted):
                seen.add(other)
                if other not in partner or place(partner[other], seen):
                    partner[other] = at
                    return True
        return False

    matched = sum(place(at, set()) for at in range(len(made)))
    return ToolMatches(matched, len(expected) - matched, len(made) - matched)


def argument_share(made: SampleToolCall, expected: SampleToolCall) -> float:
    """Returns the share of argument values, over those that either call has, that are equal; 1 if
    there are none."""
    given, wanted = fields_of(made.arguments or {}), fields_of(expected.arguments or {})
    names = given.keys() | wanted.keys()
    equal = sum(
        name in given and name in wanted and same_json(given[name], wanted[name]) for name in names
    )
    return equal / len(names) if names else 1.0
