"""The size of the drills."""

import pytest


@pytest.fixture
def drill_full(request: pytest.FixtureRequest) -> bool:
    """Whether `--drill-full` asks for the whole figures."""
    return bool(request.config.getoption("--drill-full"))
