"""A batch through a whole installation: gateway, server, simulator. Its requests are calls with the
price of batches, once each, also if the server is killed while it records them.
"""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openai import BadRequestError, OpenAI

from drills.installation import Supervised, kill
from installation import Installation, wait_until
from tests.ports import free_port

pytestmark = [pytest.mark.drill, pytest.mark.timeout(300)]

URL = "/v1/chat/completions"
LINES = 400
# OpenAI's list of gpt-4o-mini: $0.15 and $0.60 for a million tokens, half of it in a batch.
INPUT, OUTPUT = Decimal("0.075"), Decimal("0.30")
MILLION = Decimal(1_000_000)


def line(number: int, **changes: Any) -> bytes:
    messages = [{"role": "user", "content": f"Question {number}?"}]
    body = {"model": "gpt-4o-mini", "messages": messages, "max_tokens": 20, **changes}
    request = {"custom_id": f"q-{number}", "method": "POST", "url": URL, "body": body}
    return json.dumps(request).encode() + b"\n"


class World:
    """An installation whose provider `up` is the simulator, with the prices of OpenAI."""

    def __init__(self, it: Installation, client: OpenAI, project: str) -> None:
        self.it = it
        self.client = client
        self.project = project

    def make(self, *lines: bytes) -> Any:
        """Uploads the lines and makes a batch of them."""
        file = self.client.files.create(file=("lines.jsonl", b"".join(lines)), purpose="batch")
        return self.client.batches.create(
            input_file_id=file.id, endpoint=URL, completion_window="24h"
        )

    def find(self, batch: Any) -> Any:
        items = self.it.get(f"{self.project}/batches")["items"]
        return next((each for each in items if each["batch"] == batch.id), None)

    def recorded(self, batch: Any, seconds: float = 60.0) -> Any:
        """Waits until all of a batch is recorded; returns it as the server lists it."""
        wait_until(lambda: (self.find(batch) or {}).get("state") == "recorded", seconds)
        return self.find(batch)

    def calls(self, batch_id: str) -> list[Any]:
        found: list[Any] = []
        cursor = ""
        while True:
            path = f"/api/v1/traces?batch_id={batch_id}&limit=500&cursor={cursor}"
            page = self.it.get(path.removesuffix("&cursor="))
            found += page["items"]
            cursor = page["next_cursor"]
            if not cursor:
                return found


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    port = free_port()
    sim = Supervised(tmp_path, ["sim", "--port", str(port)])
    sim.start()
    it = Installation(tmp_path / "home")
    try:
        it.start("--no-demo")
        project = f"/api/v1/projects/{it.get('/api/v1/projects')['items'][0]['id']}"
        provider = {
            "name": "up",
            "base_url": f"http://127.0.0.1:{port}/v1",
            "private_allowed": True,
            "vendor": "openai",
            "quirks": {"files": "yes"},
            "models": ["gpt-4o-mini"],
        }
        it.post(f"{project}/providers", provider)
        wait_until(lambda: it.answers("up/gpt-4o-mini"))
        headers = {"x-penstock-provider": "up", "x-penstock-use-case": "nightly"}
        with OpenAI(
            base_url=f"{it.gateway}/v1", api_key=it.gateway_key, default_headers=headers
        ) as client:
            yield World(it, client, project)
    finally:
        it.kill()
        sim.stop()


def test_a_batch_is_recorded_to_the_cent(world: World) -> None:
    batch = world.make(*map(line, range(4)), line(4, messages=[]))
    found = world.recorded(batch)
    assert (found["status"], found["problem"], found["use_case"]) == ("completed", "", "nightly")
    assert found["requests"] == {"total": 5, "completed": 4, "failed": 1}
    done = found["recorded"]
    assert (done["calls"], done["errors"], done["unreadable"], done["unpriced"]) == (5, 1, 0, 0)
    output = world.client.files.content(world.client.batches.retrieve(batch.id).output_file_id)
    usages = [json.loads(each)["response"]["body"]["usage"] for each in output.text.splitlines()]
    given = sum(each["prompt_tokens"] for each in usages)
    made = sum(each["completion_tokens"] for each in usages)
    assert (done["input_tokens"], done["output_tokens"]) == (given, made)
    assert Decimal(done["cost"]) == (given * INPUT + made * OUTPUT) / MILLION
    calls = world.calls(found["id"])
    assert sorted(each["status"] for each in calls) == ["error", *["ok"] * 4]
    assert {each["use_case"] for each in calls} == {"nightly"}
    assert {each["key_id"] for each in calls} == {found["key_id"]}
    assert sum(Decimal(each["cost"] or 0) for each in calls) == Decimal(done["cost"])
    shown = next(each for each in calls if each["status"] == "ok")
    trace = world.it.get(f"/api/v1/traces/{shown['trace_id']}")
    assert "Question" in json.dumps(trace)
    listed = world.it.json("batch", "list")
    assert [each["id"] for each in listed] == [found["id"]]
    assert world.it.json("batch", "show", found["id"])["batch"] == batch.id
    assert len(world.it.json("traces", "list", "--batch-id", found["id"])) == 5
    refused = world.client.with_options(max_retries=0)
    with pytest.raises(BadRequestError, match="penstock batch list"):
        refused.batches.list()


def test_a_batch_that_is_cancelled_has_no_calls(world: World) -> None:
    batch = world.make(line(0))
    world.client.batches.cancel(batch.id)
    found = world.recorded(batch)
    assert (found["status"], found["recorded"]["calls"]) == ("cancelled", 0)


def test_kills_while_a_batch_is_recorded_double_and_lose_nothing(world: World) -> None:
    batch = world.make(*map(line, range(LINES)))
    seen = 0
    for _ in range(3):

        def further(seen: int = seen) -> bool:
            found = world.find(batch)
            return bool(found) and (
                found["recorded"]["calls"] > seen or found["state"] == "recorded"
            )

        wait_until(further, 60)
        seen = world.find(batch)["recorded"]["calls"]
        kill(world.it.children()["server"])
        wait_until(world.it.answers_rest, 60)
    print(f"killed with {seen} of {LINES} calls counted")
    found = world.recorded(batch)
    assert (found["recorded"]["calls"], found["recorded"]["unreadable"]) == (LINES, 0)
    calls = world.calls(found["id"])
    assert len(calls) == len({each["trace_id"] for each in calls}) == LINES
    cost = sum(Decimal(each["cost"]) for each in calls)
    assert cost == Decimal(found["recorded"]["cost"])


def test_batches_made_while_the_server_is_away_are_found(world: World) -> None:
    kill(world.it.children()["server"])
    batch = world.make(line(0))
    wait_until(world.it.answers_rest, 60)
    assert world.recorded(batch)["recorded"]["calls"] == 1
