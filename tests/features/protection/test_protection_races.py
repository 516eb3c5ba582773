"""Changes at the same time, over real locks: PostgreSQL locks rows, SQLite has one writer."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.features.prompts.test_prompt_races import at_once
from tests.features.protection.conftest import Protected, open_protected

ROUNDS = 8


@pytest.fixture
def racing(migrated_url: str, tmp_path: Path) -> Iterator[Protected]:
    world = open_protected(tmp_path, migrated_url)
    yield world
    world.released.world.database.close()


def test_an_environment_is_protected_while_an_unproven_release_starts(racing: Protected) -> None:
    for turn in range(ROUNDS):
        racing.change(protected=False)
        racing.stop() if racing.running() else None
        made = racing.release(f"any/{turn}")
        at_once(lambda made=made: racing.start(made), lambda: racing.change(protected=True))
        entry = racing.released.use_cases.get(racing.project, "support").entry
        environment = entry.environment("production")
        assert environment is not None
        assert not (environment.protected and racing.running())


def test_an_approval_is_withdrawn_while_the_release_starts(racing: Protected) -> None:
    racing.change("high")
    for turn in range(ROUNDS):
        made = racing.release(f"any/{turn}")
        racing.evidence(made)
        racing.approval(made, "request", racing.author)
        racing.approval(made, "approve", racing.second)
        before = racing.running()
        started, withdrawn = at_once(
            lambda made=made: racing.start(made),
            lambda made=made: racing.approval(made, "withdraw", racing.second),
        )
        assert withdrawn == "withdrawn"
        assert started == "approval_missing" or set(racing.running()) == {made}
        if started == "approval_missing":
            assert racing.running() == before


def test_of_two_approvers_one_decides(racing: Protected) -> None:
    made = racing.release()
    racing.approval(made, "request", racing.author)
    outcomes = at_once(
        lambda: racing.approval(made, "approve", racing.admin),
        lambda: racing.approval(made, "reject", racing.second),
    )
    assert sorted(map(str, outcomes)) in (
        ["approval_state", "approved"],
        ["approval_state", "rejected"],
    )
