"""The size of the drills, and the seed of their random times."""

import random

import pytest


@pytest.fixture
def drill_full(request: pytest.FixtureRequest) -> bool:
    """Returns whether `--drill-full` was given."""
    return bool(request.config.getoption("--drill-full"))


@pytest.fixture
def drill_seed(request: pytest.FixtureRequest) -> int:
    """Returns the seed of `--drill-seed`, or a new one."""
    given = request.config.getoption("--drill-seed")
    return random.randrange(10**6) if given is None else int(given)
