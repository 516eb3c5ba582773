"""Fair admission as a law: whoever holds nothing gets in while anything is free, nobody holds more
than a share, and what greedy holders give back goes to those who wait.
"""

import math
from collections import Counter
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from penstock.rules.shares import ShareRefusal, Shares

SHARES = st.sampled_from([0.1, 0.25, 0.5, 0.75, 0.9, 1.0])


class Admission(RuleBasedStateMachine):
    """Projects with two keys each take and give back as they like."""

    @initialize(capacity=st.integers(1, 400), project=SHARES, key=SHARES)
    def begin(self, capacity: int, project: float, key: float) -> None:
        self.limit = {"project": project, "key": key}
        self.shares = Shares(capacity, project, key)
        self.held: Counter[tuple[str, str]] = Counter()

    @rule(project=st.integers(0, 5), key=st.integers(0, 1), amount=st.integers(1, 60))
    def take(self, project: int, key: int, amount: int) -> None:
        holder = (f"p{project}", f"p{project}k{key}")
        free = self.shares.capacity - self.shares.used
        refused = self.shares.take(*holder, amount)
        assert (refused is ShareRefusal.FULL) == (amount > free)
        if refused is None:
            self.held[holder] += amount

    @rule(data=st.data(), part=st.floats(0.1, 1))
    def release(self, data: st.DataObject, part: float) -> None:
        if holders := sorted(self.held):
            holder = data.draw(st.sampled_from(holders))
            amount = math.ceil(self.held[holder] * part)
            self.shares.release(*holder, amount)
            self.held[holder] -= amount
            self.held = +self.held

    @rule(number=st.integers(0, 10**6))
    def somebody_new_gets_one_while_one_is_free(self, number: int) -> None:
        if min(self.limit.values()) < 0.5:
            return  # of a share below a half, one of the last few is too much
        new = (f"new{number}", f"newkey{number}")
        refused = self.shares.take(*new)
        assert (refused is None) == (self.shares.used - (refused is None) < self.shares.capacity)
        if refused is None:
            self.shares.release(*new)

    @invariant()
    def nobody_holds_more_than_a_share(self) -> None:
        if not hasattr(self, "held"):
            return
        by_project: Counter[str] = Counter()
        for (project, _), amount in self.held.items():
            by_project[project] += amount
        most = self.shares.capacity
        assert all(n <= self.limit["project"] * most + 60 for n in by_project.values())
        assert self.shares.used == sum(self.held.values()) <= most
        assert {p: self.shares.held(p) for p in by_project} == dict(by_project)


TestAdmission = Admission.TestCase
TestAdmission.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def greedily(shares: Shares, project: str, key: str = "") -> int:
    """Takes one at a time until refused."""
    count = 0
    while shares.take(project, key or project) is None:
        count += 1
    return count


@given(st.integers(1, 5000), SHARES, st.integers(1, 6))
def test_greedy_projects_one_after_the_other_leave_a_part_to_the_next(
    capacity: int, share: float, count: int
) -> None:
    shares = Shares(capacity, share, 1.0)
    for number in range(count):
        free = capacity - shares.used
        assert greedily(shares, f"p{number}") <= share * free + 1
    assert capacity - shares.used >= capacity * (1 - share) ** count - count


def test_a_key_leaves_room_to_the_other_keys_of_its_project() -> None:
    shares = Shares(1024, 0.75, 0.5)
    assert greedily(shares, "p", "k1") == 512
    assert shares.take("p", "k1") is ShareRefusal.KEY
    assert greedily(shares, "p", "k2") == 256
    assert greedily(shares, "p", "k3") == 0
    assert shares.take("p", "k3") is ShareRefusal.PROJECT
    assert greedily(shares, "q", "k4") == 128


@given(st.integers(100, 2000), st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_what_a_greedy_project_gives_back_goes_to_who_waits(capacity: int, seed: int) -> None:
    """A holds all it can; B then wants everything too. Calls end at random and both ask again."""
    shares, random = Shares(capacity, 0.75, 1.0), Random(seed)
    held = {"a": greedily(shares, "a"), "b": 0}
    for _ in range(20 * capacity):
        ending = "a" if random.random() * sum(held.values()) < held["a"] else "b"
        if held[ending]:
            shares.release(ending, ending)
            held[ending] -= 1
        for project in random.sample(["a", "b"], 2):
            held[project] += shares.take(project, project) is None
    assert held["b"] >= 0.35 * capacity
    assert abs(held["a"] - held["b"]) <= 0.1 * capacity + 2


def test_a_whole_share_is_no_limit_but_the_capacity() -> None:
    shares = Shares(10, 1.0, 1.0)
    assert greedily(shares, "p") == 10
    assert shares.take("p", "p") is ShareRefusal.FULL
    assert shares.take("q", "q") is ShareRefusal.FULL
