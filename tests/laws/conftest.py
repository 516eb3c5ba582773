"""How many calls a law is tried with, and which."""

import random

import pytest

DRAW = 500  # of `make test`


@pytest.fixture
def law_examples(request: pytest.FixtureRequest) -> int:
    """A small draw, or what `--law-examples` says."""
    return int(request.config.getoption("--law-examples") or DRAW)


@pytest.fixture
def law_seed(request: pytest.FixtureRequest) -> int:
    """A new one for each run, or the one that `--law-seed` repeats."""
    given = request.config.getoption("--law-seed")
    return random.randrange(10**6) if given is None else int(given)
