"""The law: no sequence of changes lets a release into a protected environment that never had passed
evidence."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from penstock.features.rollouts.model import RolloutAction
from penstock.features.use_cases.model import UseCase
from penstock.kernel.errors import PenstockError
from tests.features.protection.conftest import Protected, open_protected

EXAMPLES, STEPS = 25, 30
RELEASES = st.integers(0, 1)
RESULTS = st.sampled_from(["passed", "failed", "unmeasurable"])
_NAMES = count()


class Entering(RuleBasedStateMachine):
    """Two releases, and all ways into one environment."""

    world: Protected

    def __init__(self) -> None:
        super().__init__()
        name = f"case-{next(_NAMES)}"
        self.world.released.use_cases.add(self.world.admin, self.world.project, UseCase(name))
        self.world.use_case = name
        self.made = [self.world.release(f"any/{name}-{at}") for at in range(2)]
        self.newest: dict[str, dict[str, bool]] = {each: {} for each in self.made}
        self.proven: set[str] = set()  # had passed and no failed evidence at some time
        self.is_protected = True
        self.before: dict[str, int] = {}

    def attempt(self, act: Callable[[], object], *, forwards: bool = True) -> None:
        """Does it if it is allowed; what gets in forwards is proven now."""
        try:
            act()
        except PenstockError:
            assert self.world.running() == self.before, "an error changed something"
            return
        now = self.world.running()
        if self.is_protected and forwards:
            assert all(self.passes(each) for each in set(now) - set(self.before))
        self.before = now

    def passes(self, release: str) -> bool:
        found = self.newest[release].values()
        return bool(found) and all(found)

    @rule(at=RELEASES, result=RESULTS, kind=st.sampled_from(["evals", "safety"]))
    def evidence(self, at: int, result: str, kind: str) -> None:
        release = self.made[at]
        self.world.evidence(release, result, kind)
        if result != "unmeasurable":
            self.newest[release][kind] = result == "passed"
        if self.passes(release):
            self.proven.add(release)

    @rule(at=RELEASES)
    def start(self, at: int) -> None:
        self.attempt(lambda: self.world.start(self.made[at]))

    @precondition(lambda self: len(self.before) == 1)
    @rule(at=RELEASES)
    def canary(self, at: int) -> None:
        self.attempt(lambda: self.world.canary(self.made[at]))

    @precondition(lambda self: len(self.before) > 1)
    @rule(percent=st.integers(0, 100))
    def weigh(self, percent: int) -> None:
        world = self.world
        shares = {"main": 100.0 - percent, "candidate": float(percent)}
        self.attempt(
            lambda: world.comparisons.weigh(world.admin, world.project, world.at(), shares)
        )

    @precondition(lambda self: len(self.before) > 1)
    @rule(action=st.sampled_from([RolloutAction.PROMOTE, RolloutAction.ROLL_BACK]))
    def end(self, action: RolloutAction) -> None:
        world = self.world
        self.attempt(lambda: world.comparisons.end(world.admin, world.project, world.at(), action))

    @precondition(lambda self: self.world.version() > 1)
    @rule()
    def undo(self) -> None:
        self.attempt(self.world.undo, forwards=False)

    @precondition(lambda self: self.before)
    @rule()
    def stop(self) -> None:
        self.attempt(self.world.stop)

    @rule(protect=st.booleans())
    def change_protection(self, protect: bool) -> None:
        def act() -> None:
            self.world.change(protected=protect)
            self.is_protected = protect

        self.attempt(act, forwards=False)

    @invariant()
    def what_runs_in_the_protected_environment_is_proven(self) -> None:
        if self.is_protected:
            assert set(self.world.running()) <= self.proven


def test_nothing_unproven_gets_in(home: Path, request: pytest.FixtureRequest) -> None:
    wanted = request.config.getoption("--law-examples") or EXAMPLES
    machine = type("EnteringHere", (Entering,), {"world": open_protected(home)})
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=wanted, stateful_step_count=STEPS, deadline=None),
    )
