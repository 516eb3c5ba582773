"""One server for the tests of this folder that leave it as they found it."""

from collections.abc import Iterator

import pytest

from tests.server.running import Server, running


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server") / "home") as server:
        server.wait_for("/readyz")
        yield server
