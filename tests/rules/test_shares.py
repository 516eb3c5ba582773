"""Fair admission as a law: a new project is admitted while anything is free, and none holds more
than a share, and what greedy ones free goes to those that wait.
"""

import math
from collections import Counter
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from penstock.rules.shares import ShareRejection, Shares

SHARES = st.sampled_from([0.1, 0.25, 0.5, 0.75, 0.9, 1.0])


class Admission(RuleBasedStateMachine):
    """Projects with two keys each take and free amounts in any order."""

    @initialize(capacity=st.integers(1, 400), project=SHARES, key=SHARES)
    def begin(self, capacity: int, project: float, key: float) -> None:
        self.limit = {"project": project, "key": key}
        self.shares = Shares(capacity, project, key)
        self.held: Counter[tuple[str, str]] = Counter()

    @rule(project=st.integers(0, 5), key=st.integers(0, 1), amount=st.integers(1, 60))
    def take(self, project: int, key: int, amount: int) -> None:
        user = (f"p{project}", f"p{project}k{key}")
        free = self.shares.capacity - self.shares.used
        rejected = self.shares.take(*user, amount)
        assert (rejected is ShareRejection.FULL) == (amount > free)
        if rejected is None:
            self.held[user] += amount

    @rule(data=st.data(), part=st.floats(0.1, 1))
    def release(self, data: st.DataObject, part: float) -> None:
        if users := sorted(self.held):
            user = data.draw(st.sampled_from(users))
            amount = math.ceil(self.held[user] * part)
            self.shares.release(*user, amount)
            self.held[user] -= amount
            self.held = +self.held

    @rule(number=st.integers(0, 10**6))
    def a_new_project_gets_one_while_one_is_free(self, number: int) -> None:
        if min(self.limit.values()) < 0.5:
            return  # of a share below a half, one of the last few is too much
        new = (f"new{number}", f"newkey{number}")
        rejected = self.shares.take(*new)
        assert (rejected is None) == (self.shares.used - (rejected is None) < self.shares.capacity)
        if rejected is None:
            self.shares.release(*new)

    @invariant()
    def no_user_exceeds_its_share(self) -> None:
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
    """Takes one at a time until rejected."""
    count = 0
    while shares.take(project, key or project) is None:
        count += 1
    return count


@given(st.integers(1, 5000), SHARES, st.integers(1, 6))
def test_greedy_projects_leave_capacity_for_the_next_one(
    capacity: int, share: float, count: int
) -> None:
    shares = Shares(capacity, share, 1.0)
    for number in range(count):
        free = capacity - shares.used
        assert greedily(shares, f"p{number}") <= share * free + 1
    assert capacity - shares.used >= capacity * (1 - share) ** count - count


def test_a_key_leaves_capacity_for_the_other_keys_of_its_project() -> None:
    shares = Shares(1024, 0.75, 0.5)
    assert greedily(shares, "p", "k1") == 512
    assert shares.take("p", "k1") is ShareRejection.KEY
    assert greedily(shares, "p", "k2") == 256
    assert greedily(shares, "p", "k3") == 0
    assert shares.take("p", "k3") is ShareRejection.PROJECT
    assert greedily(shares, "q", "k4") == 128


@given(st.integers(100, 2000), st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_freed_capacity_goes_to_the_waiting_project(capacity: int, seed: int) -> None:
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


def test_a_share_of_one_is_limited_only_by_the_capacity() -> None:
    shares = Shares(10, 1.0, 1.0)
    assert greedily(shares, "p") == 10
    assert shares.take("p", "p") is ShareRejection.FULL
    assert shares.take("q", "q") is ShareRejection.FULL
