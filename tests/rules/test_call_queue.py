"""The queue of a full target: its order, its bound, the shares of keys."""

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from penstock.rules.attempts.call_queue import CallQueue, NoPlace
from penstock.rules.priorities import Priority, priority_of


@dataclass(frozen=True)
class OneCall:
    """A call that waits; `number`: in order of arrival."""

    number: int
    key: str
    priority: Priority


ARRIVALS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(Priority)), max_size=40)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from("abc"), st.sampled_from(Priority)),
        st.just("serve"),
        st.integers(0, 60),  # the call of this number leaves
    ),
    max_size=60,
)


def worst(waiting: Sequence[OneCall], below: Priority) -> OneCall | None:
    """The newest call of the lowest priority, if it is below another one."""
    lower = [each for each in waiting if each.priority < below]
    return min(lower, key=lambda each: (each.priority, -each.number), default=None)


@given(st.integers(0, 12), STEPS)
def test_a_queue_serves_by_priority_and_replaces_the_lowest_newest(
    capacity: int, steps: list[tuple[str, Priority] | str | int]
) -> None:
    queue: CallQueue[OneCall] = CallQueue(capacity)
    waiting: list[OneCall] = []
    for number, step in enumerate(steps):
        if isinstance(step, tuple):
            call = OneCall(number, *step)
            of_key = [each for each in waiting if each.key == call.key]
            at_share = len(of_key) >= queue.share()
            full = len(waiting) >= capacity
            victim = worst(of_key if at_share else waiting, call.priority)
            found = queue.add(call)
            if not at_share and not full:
                assert found is None
            elif victim is None:
                assert found is (NoPlace.FULL if full else NoPlace.KEY)
                continue
            else:
                assert found is victim
                waiting.remove(victim)
            waiting.append(call)
        elif step == "serve":
            expected = min(waiting, key=lambda each: (-each.priority, each.number), default=None)
            assert queue.first() is expected
            if expected is not None:
                assert queue.discard(expected)
                waiting.remove(expected)
        else:
            left = [each for each in waiting if each.number == step]
            for each in left:
                assert queue.discard(each)
                assert not queue.discard(each)
                waiting.remove(each)
        assert len(queue) == len(waiting) <= capacity
        for priority in Priority:
            assert queue.waiting(priority) == sum(each.priority is priority for each in waiting)


@given(st.integers(2, 20), ARRIVALS)
def test_one_key_never_takes_all_places(
    capacity: int, arrivals: list[tuple[str, Priority]]
) -> None:
    queue: CallQueue[OneCall] = CallQueue(capacity)
    for number, (key, priority) in enumerate(arrivals):
        queue.add(OneCall(number, key, priority))
    of_a = [OneCall(1000 + at, "z", Priority.LOW) for at in range(capacity + 1)]
    found = [queue.add(each) for each in of_a]
    assert sum(each is None for each in found) < capacity


@given(st.sampled_from(["low", "normal", "high", "", "no such"]), st.one_of(st.none(), st.binary()))
def test_a_header_never_raises_the_priority_of_a_key(of_key: str, asked: bytes | None) -> None:
    assert priority_of(of_key, asked) <= priority_of(of_key, None)


def test_a_header_lowers_the_priority() -> None:
    assert priority_of("high", b"Low ") is Priority.LOW
    assert priority_of("normal", b"high") is Priority.NORMAL
    assert priority_of("low", b"urgent") is Priority.LOW
