"""The size of the drills, and the seed of their times."""

import random

import pytest


@pytest.fixture
def drill_full(request: pytest.FixtureRequest) -> bool:
    """Whether `--drill-full` asks for the whole figures."""
    return bool(request.config.getoption("--drill-full"))


@pytest.fixture
def drill_seed(request: pytest.FixtureRequest) -> int:
    """A new one for each run, or the one that `--drill-seed` repeats."""
    given = request.config.getoption("--drill-seed")
    return random.randrange(10**6) if given is None else int(given)
