"""The services of use cases."""

from pathlib import Path

import pytest

from tests.features.releases.released import Released, open_released


@pytest.fixture
def released(tmp_path: Path) -> Released:
    return open_released(tmp_path)
