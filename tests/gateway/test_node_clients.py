"""The official Node clients over a worker, with the simulator behind it: a provider of the client's
own dialect and one of another.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gateway.homes import KEY, make_home, provider
from gateway.worker import Worker, worker
from penstock.rules.call import CallStatus
from sim.conftest import Sim
from tests.node import run_script

pytestmark = [pytest.mark.drill, pytest.mark.asyncio(loop_scope="module")]

SCRIPTS = Path(__file__).parent / "node"
QUESTION = "What is the value of magic of input 3?"
SCHEMA = {"type": "object", "properties": {"input": {"type": "integer"}}, "required": ["input"]}
CLASSES = ("AuthenticationError 401", "NotFoundError 404", "BadRequestError 400")
# By script: what follows a tool's result, for each call, and the classes of five errors.
EXPECTED: dict[str, tuple[list[str], list[str]]] = {
    "openai": (["stop", "completed"], [*CLASSES, "RateLimitError 429", "InternalServerError 502"]),
    "anthropic": (["end_turn"], [*CLASSES, "RateLimitError 429", "InternalServerError 502"]),
    "genai": (["STOP"], [f"ApiError {status}" for status in (401, 404, 400, 429, 502)]),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Worker]:
    home = tmp_path_factory.mktemp("node") / "home"
    simulated = Sim({})
    providers = [
        provider(f"{simulated.address}/v1", "gpt", models=()),
        provider(f"{simulated.address}/v1", "claude", kind="anthropic", models=()),
        provider(f"{simulated.address}/v1beta", "gem", kind="gemini", models=()),
    ]
    try:
        async with worker(make_home(home, providers)) as running:
            yield running
    finally:
        simulated.stop()


@pytest.mark.parametrize("behind", ["gpt", "claude", "gem"])
@pytest.mark.parametrize("script", EXPECTED)
async def test_a_node_client(gateway: Worker, tmp_path: Path, script: str, behind: str) -> None:
    before = len(gateway.ends())
    seen: dict[str, Any] = await asyncio.to_thread(
        run_script,
        SCRIPTS / f"{script}.mjs",
        tmp_path,
        *(gateway.url, KEY, f"{behind}/sim-small", QUESTION, json.dumps(SCHEMA)),
    )
    afters, errors = EXPECTED[script]
    assert seen["errors"] == errors
    assert [call["after"] for call in seen["calls"]] == afters
    for call in seen["calls"]:
        assert call["text"] == call["streamed"] != ""
        assert call["call"] == ["magic", {"input": 3}]
        assert call["counted"] is True
    served = 4 * len(afters)
    ends = (await gateway.wait_for_ends(before + served + 4))[before:]
    assert [end.status for end in ends].count(CallStatus.OK) == served
