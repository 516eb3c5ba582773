"""Labels and releases move under load: two gateways of two workers serve the new version within a
second, no call fails, and streams that run end on the version with which they began.

`pytest -s -m drill tests/drills/test_label_moves.py --drill-full`: 100 moves at 200 calls/s.
"""

import asyncio
import json
import random
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from drills.two_gateways import WORKERS, TwoGateways
from gateway.http_client import call

pytestmark = [pytest.mark.drill, pytest.mark.timeout(900)]

VERSIONS = 5
NAME = "moves"
WORDS = 24  # of an answer; each is the name of the version
SERVED_WITHIN_S = 1.0
PAUSE_S = 0.3  # after the second, before the next move
SLACK_S = 0.2  # from the begin of a call until a gateway has read it


@dataclass(frozen=True)
class Load:
    """`rate`: calls per second over all gateways; `streams`: open at once, of two seconds each."""

    rate: float
    streams: int
    moves: int


SMALL, FULL = Load(rate=40, streams=8, moves=6), Load(rate=200, streams=24, moves=100)


@dataclass(frozen=True)
class Served:
    """A call, with times of the event loop, and the version that answered it."""

    began_s: float
    ended_s: float
    version: str


@dataclass(frozen=True)
class Move:
    """A change of the release: when it was sent, when the server had answered."""

    sent_s: float
    done_s: float
    old: str
    new: str


@dataclass
class Traffic:
    """Callers of both gateways. `wrong` has what they saw besides whole answers."""

    urls: Sequence[str]
    key: str
    calls: list[Served] = field(default_factory=list[Served])
    streams: list[Served] = field(default_factory=list[Served])
    wrong: list[str] = field(default_factory=list[str])
    sent: int = 0

    async def call(self, *, stream: bool) -> None:
        """Makes one call on a new connection, so that each worker gets its share."""
        began_s = asyncio.get_running_loop().time()
        self.sent += 1
        url = self.urls[self.sent % len(self.urls)]
        body = {
            "model": NAME,
            "messages": [{"role": "user", "content": f"question {self.sent}"}],
            "stream": stream,
            "metadata": {"x-sim-tokens-per-second": "12" if stream else "0"},
        }
        try:
            async with asyncio.timeout(30):
                answer = await call(url, json.dumps(body).encode(), key=self.key)
            assert (answer.status, answer.whole) == (200, True), answer.body[:300]
            version = _version(_streamed(answer.body) if stream else _text(answer.body))
        except Exception as error:  # noqa: BLE001 - whatever a caller sees counts
            self.wrong.append(repr(error))
            return
        served = Served(began_s, asyncio.get_running_loop().time(), version)
        (self.streams if stream else self.calls).append(served)

    @asynccontextmanager
    async def running(self, load: Load) -> AsyncGenerator[None]:
        """Keeps the load up during the block, then lets what has begun end."""
        over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._pace(group, load.rate, over.is_set))
            for _ in range(load.streams):
                group.create_task(self._stream_on(over.is_set))
            try:
                yield
            finally:
                over.set()

    async def _pace(
        self, group: asyncio.TaskGroup, rate: float, is_over: Callable[[], bool]
    ) -> None:
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        while not is_over():
            group.create_task(self.call(stream=False))
            due_s += 1 / rate
            await asyncio.sleep(due_s - loop.time())

    async def _stream_on(self, is_over: Callable[[], bool]) -> None:
        await asyncio.sleep(random.random() * 2)
        while not is_over():
            await self.call(stream=True)


def _text(body: bytes) -> str:
    return str(json.loads(body)["choices"][0]["message"]["content"])


def _streamed(body: bytes) -> str:
    lines = [line[6:] for line in body.split(b"\n") if line.startswith(b"data: {")]
    assert body.endswith(b"data: [DONE]\n\n"), body[-200:]
    choices = [json.loads(line)["choices"] for line in lines]
    return "".join(each[0]["delta"].get("content") or "" for each in choices if each)


def _version(text: str) -> str:
    words = text.split()
    assert len(words) == WORDS, text
    assert len(set(words)) == 1, text
    return words[0]


class Versions:
    """The use case with its versions and releases."""

    def __init__(self, installation: TwoGateways) -> None:
        self._rest = installation.rest
        self._server = installation.server
        self._place = f"rollouts/{NAME}/production"
        self._releases: list[str] = []
        self._prompt: dict[str, Any] = {}
        self._seen = 0
        self._present = self._newest = 1
        self._before: list[int] = []

    async def make(self) -> None:
        """Makes everything, and starts the first version."""
        await self._rest("POST", "use-cases", {"name": NAME, "status": "active"})
        for number in range(1, VERSIONS + 1):
            saved = await self._save(number)
            self._prompt = saved["prompt"]
            release = {"model": "sim/sim-small", "prompt": saved["version"]["digest"]}
            made = await self._rest("POST", "releases", release)
            self._releases.append(made["digest"])
            evidence = {"kind": "drill", "result": "passed"}
            await self._rest("POST", f"releases/{made['digest']}/evidence", evidence)
        await self._move_label(0, 1)
        await self._start(1)

    async def forward(self) -> Move:
        """Moves the label to another version, and makes its release answer."""
        old, new = self._present, self._newest % VERSIONS + 1
        if new == old:  # a move back brought it here
            new = new % VERSIONS + 1
        self._newest = new
        self._before.append(old)
        await self._move_label(old, new)
        return await self._timed(old, new, lambda: self._start(new))

    async def back(self) -> Move:
        """Takes back the last move that was not taken back, of the label and of the release."""
        old, new = self._present, self._before.pop()
        await self._move_label(old, new)
        return await self._timed(old, new, self._undo)

    async def _timed(self, old: int, new: int, change: Callable[[], Any]) -> Move:
        loop = asyncio.get_running_loop()
        sent_s = loop.time()
        await change()
        self._present = new
        return Move(sent_s, loop.time(), f"v{old}", f"v{new}")

    async def _save(self, number: int) -> Any:
        step = json.dumps({"text": " ".join([f"v{number}"] * WORDS)})
        messages = [
            {"placeholder": "messages"},
            {"role": "user", "content": f"x-sim-step: {step}"},
        ]
        content = {"kind": "chat", "messages": messages}
        if not self._prompt:
            return await self._rest("POST", "prompts", {"name": f"{NAME}/text", "content": content})
        body = {"content": content, "parent": self._prompt["digest"]}
        return await self._rest("POST", f"prompts/{self._prompt['id']}/versions", body)

    async def _move_label(self, old: int, new: int) -> None:
        path = f"prompts/{self._prompt['id']}/labels/production"
        await self._rest("PUT", path, {"version": new, "seen": old})
        resolve = f"/prompts/resolve?name={NAME}/text&version=production"
        found = await asyncio.to_thread(self._server.rest, "GET", resolve)
        assert found["version"]["number"] == new  # what the SDK asks for

    async def _start(self, number: int) -> None:
        body = {"release": self._releases[number - 1], "seen": self._seen}
        self._seen = (await self._rest("PUT", self._place, body))["version"]

    async def _undo(self) -> None:
        self._seen = (await self._rest("POST", f"{self._place}/undo", {"seen": self._seen}))[
            "version"
        ]


async def test_moves_and_rollbacks_are_served_within_a_second_and_fail_no_call(
    tmp_path: Path, *, drill_full: bool
) -> None:
    load = FULL if drill_full else SMALL
    installation = TwoGateways(tmp_path)
    async with installation.running():
        versions = Versions(installation)
        await versions.make()
        key = installation.server.api_key
        urls = [f"http://127.0.0.1:{each.gateway_port}" for each in installation.gateways]
        traffic = Traffic(urls, key)
        await asyncio.sleep(2)
        assert [each.workers() for each in installation.gateways] == [WORKERS] * 2
        moves: list[Move] = []
        async with traffic.running(load):
            await asyncio.sleep(2)
            for number in range(load.moves):
                change = versions.forward if number % 4 < 2 else versions.back
                moves.append(await change())
                await asyncio.sleep(SERVED_WITHIN_S + PAUSE_S)
    assert traffic.wrong == []
    check(traffic, moves)


def check(traffic: Traffic, moves: Sequence[Move]) -> None:
    """Prints what was measured, and compares each answer with the versions of its time."""
    served = traffic.calls + traffic.streams
    lags = sorted(lag_s(move, served) for move in moves)
    across = [
        stream
        for stream in traffic.streams
        if any(stream.began_s < move.sent_s - SLACK_S for move in ended_within(stream, moves))
    ]
    took = sorted(each.done_s - each.sent_s for each in moves)
    print(
        f"{len(moves)} moves, answered after {_ms(took)}, served by all {_ms(lags)} later; "
        f"{len(traffic.calls)} calls, {len(traffic.streams)} streams, {len(traffic.wrong)} wrong; "
        f"{len(across)} streams ran across a move"
    )
    assert [each for each in served if each.version not in expected(each, moves)] == []
    assert len(across) >= len(moves)
    assert lags[-1] <= SERVED_WITHIN_S


def _ms(ordered: Sequence[float]) -> str:
    median, slowest = ordered[len(ordered) // 2] * 1000, ordered[-1] * 1000
    return f"{median:.0f} ms (median), {slowest:.0f} ms (slowest)"


def ended_within(stream: Served, moves: Sequence[Move]) -> list[Move]:
    """Returns the moves that the gateways had taken in when the stream went on."""
    return [each for each in moves if each.done_s + SERVED_WITHIN_S < stream.ended_s]


def expected(served: Served, moves: Sequence[Move]) -> set[str]:
    """Returns the versions that a call may have, by its begin: the present one, and for a second
    after a move the one before. A move that is sent soon after the begin may be faster."""
    found = {moves[0].old}
    for move in moves:
        if served.began_s > move.sent_s - SLACK_S:
            found.add(move.new)
        if served.began_s > move.done_s + SERVED_WITHIN_S:
            found = {move.new}
    return found


def lag_s(move: Move, served: Sequence[Served]) -> float:
    """Returns how long after the server had answered a move the last call began that still met the
    old version. The next move may bring it back, also for calls that began just before it."""
    during = [each.began_s - move.done_s for each in served if each.version == move.old]
    until_s = SERVED_WITHIN_S + PAUSE_S - SLACK_S
    return max((each for each in during if 0 <= each < until_s), default=0)
