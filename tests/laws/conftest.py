"""The number of generated calls, and their seed."""

import random

import pytest

EXAMPLES = 300  # in `make test`


@pytest.fixture
def law_examples(request: pytest.FixtureRequest) -> int:
    """The number of calls: `--law-examples`, or a small default."""
    return int(request.config.getoption("--law-examples") or EXAMPLES)


@pytest.fixture
def law_seed(request: pytest.FixtureRequest) -> int:
    """The seed: `--law-seed`, or a new one."""
    given = request.config.getoption("--law-seed")
    return random.randrange(10**6) if given is None else int(given)
