"""The check finds unlisted bounds, unlisted growing containers, and entries without code."""

from pathlib import PurePosixPath
from textwrap import dedent

import pytest

from checks import bounds
from checks.source import Source


def product(text: str, path: str = "src/penstock/gateway/new.py") -> Source:
    return Source(PurePosixPath(path), dedent(text))


@pytest.mark.parametrize(
    "text",
    [
        "MAX_THINGS: Final = 10",
        "_LONGEST_NAME = 2 * 1024",
        "class PeerLimits(Struct):\n    idle_s: float = 30.0",
    ],
)
def test_a_bound_is_found(text: str) -> None:
    assert len(list(bounds.bounds(product(text)))) == 1


@pytest.mark.parametrize(
    "text", ["NAMES: Final = ('a',)", "SCHEMA: Final = 1", "MAX_NAME = 'x'", "max_things = 1"]
)
def test_other_constants_are_not_bounds(text: str) -> None:
    assert list(bounds.bounds(product(text))) == []


@pytest.mark.parametrize(
    "value", ["{}", "[]", "set()", "deque()", "defaultdict(list)", "Counter[str]()", "bytearray()"]
)
def test_a_container_that_grows_is_found(value: str) -> None:
    source = product(f"class A:\n    def __init__(self):\n        self._seen = {value}\n")
    assert [place.name for place in bounds.containers(source)] == ["gateway.new.A._seen"]


@pytest.mark.parametrize("value", ["deque(maxlen=4)", "[1]", "Queue(maxsize=2)", "tuple()"])
def test_a_bounded_container_is_not_found(value: str) -> None:
    source = product(f"class A:\n    def __init__(self):\n        self._seen = {value}\n")
    assert list(bounds.containers(source)) == []


def test_unlisted_code_and_obsolete_entries_are_findings() -> None:
    source = product(
        "MAX_THINGS = 1\n\n\nclass A:\n    def __init__(self):\n        self._seen = {}\n"
    )
    messages = " ".join(found.message for found in bounds.unlisted([source]))
    assert "describe in a comment what gateway.new.MAX_THINGS bounds" in messages
    assert "gateway.new.A._seen grows" in messages
    assert "lists gateway.call_limits.CallLimits.max_in_flight, which is not" in messages


def test_tests_and_the_simulator_are_not_checked() -> None:
    exempt = ("tests/test_x.py", "src/penstock/sim/rate_limits.py")
    tree = [product("MAX_THINGS = 1\n", path) for path in exempt]
    assert list(bounds.unlisted(tree)) == []
