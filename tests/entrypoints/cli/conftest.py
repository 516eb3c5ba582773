"""Fixtures of declared configurations."""

import asyncio
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from penstock.entrypoints.cli.api import Api
from penstock.infra.egress.client import Egress
from tests.entrypoints.cli.declared_desk import Desk
from tests.server.running import running


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Desk]]:
    number = count()
    with (
        running(tmp_path_factory.mktemp("declared") / "home") as server,
        asyncio.Runner() as runner,
    ):
        url = f"http://127.0.0.1:{server.port}"
        egress = Egress()
        api = Api(url, server.bootstrap["api_key"], egress, runner)

        def made() -> Desk:
            name = f"project {next(number)}"
            project = api.call("POST", "/api/v1/projects", {"name": name})["id"]
            folder = tmp_path_factory.mktemp("files")
            return Desk(api, f"/api/v1/projects/{project}", folder)

        yield made
        runner.run(_close(egress))


async def _close(egress: Egress) -> None:
    egress.close()


@pytest.fixture
def desk(desks: Callable[[], Desk]) -> Desk:
    return desks()
