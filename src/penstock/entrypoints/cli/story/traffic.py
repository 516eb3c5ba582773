"""The application of the story: calls through the gateway, and the feedback of its users."""

import asyncio
import json
import threading
from collections import Counter
from dataclasses import dataclass
from random import Random
from types import TracebackType
from typing import Any, Final, Self, cast

from penstock.entrypoints.cli.story.script import (
    CALLS_PER_S,
    SCORE,
    StoryFeedback,
    draw_feedback,
    draw_question,
)
from penstock.infra.egress.client import Egress
from penstock.infra.tls import LocalTrust
from penstock.kernel.errors import PenstockError, UpstreamFailed
from penstock.spi.http import HttpAnswer, HttpRequest

_TIMEOUT_S: Final = 30.0
_SEND_EVERY_S: Final = 0.5  # feedback is sent in batches
_SERVED_AFTER_S: Final = 10.0  # at the latest; then calls begin, whatever the gateway says
_MOST_AT_ONCE: Final = 100  # calls; further ones are left out, if the gateway is slow


@dataclass(frozen=True, slots=True)
class StoryAccess:
    """The addresses to which an application sends calls and feedback, and its keys."""

    gateway_url: str
    gateway_key: str
    gateway_trust: LocalTrust | None
    server_url: str
    server_key: str
    server_trust: LocalTrust | None


class StoryTraffic:
    """Sends calls to a use case at a steady pace while it is entered, in a thread of its own.

    `outcomes` counts calls by their outcome: `answered`, or the code of an error. `feedback` counts
    what users said.
    """

    def __init__(self, access: StoryAccess, use_case: str, draw: Random) -> None:
        self._access = access
        self._use_case = use_case
        self._draw = draw
        self._said: list[dict[str, Any]] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="story-traffic", daemon=True)
        self._failure: BaseException | None = None
        self.outcomes: Counter[str] = Counter()
        self.feedback: Counter[bool] = Counter()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def check(self) -> None:
        """Raises what has ended the traffic, if it has ended."""
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            asyncio.run(self._send())
        except BaseException as error:  # noqa: BLE001 - thread: `check` raises it
            self._failure = _first(error)

    async def _send(self) -> None:
        gateway = Egress(self._access.gateway_trust)
        server = Egress(self._access.server_trust)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._send_feedback(server))
                await self._wait_until_served(gateway)
                await self._pace(group, gateway)
        finally:
            gateway.close()
            server.close()

    async def _wait_until_served(self, gateway: Egress) -> None:
        """Waits until the gateway knows the use case: a change takes up to a second."""
        deadline = asyncio.get_running_loop().time() + _SERVED_AFTER_S
        while asyncio.get_running_loop().time() < deadline:
            if (await self._ask(gateway)).status == 200:
                return
            await asyncio.sleep(0.1)

    async def _pace(self, group: asyncio.TaskGroup, gateway: Egress) -> None:
        loop = asyncio.get_running_loop()
        calls: set[asyncio.Task[None]] = set()
        due = loop.time()
        while not self._stop.is_set():
            if len(calls) < _MOST_AT_ONCE:
                task = group.create_task(self._call(gateway))
                calls.add(task)
                task.add_done_callback(calls.discard)
            due = max(due + 1 / CALLS_PER_S, loop.time() - 1)
            await asyncio.sleep(due - loop.time())

    async def _call(self, gateway: Egress) -> None:
        try:
            answer = await self._ask(gateway)
        except PenstockError as error:
            self.outcomes[error.code] += 1
            return
        if answer.status != 200:
            self.outcomes[f"status {answer.status}"] += 1
            return
        self.outcomes["answered"] += 1
        text = str(json.loads(answer.body)["choices"][0]["message"]["content"])
        if (said := draw_feedback(self._draw, text)) is not None:
            self.feedback[said.helpful] += 1
            self._said.append(_score(said, answer.headers["x-penstock-trace-id"]))

    async def _ask(self, gateway: Egress) -> HttpAnswer:
        body = {
            "model": self._use_case,
            "messages": [{"role": "user", "content": draw_question(self._draw)}],
            "max_tokens": 40,
        }
        url = f"{self._access.gateway_url}/v1/chat/completions"
        return await _post(gateway, url, self._access.gateway_key, body)

    async def _send_feedback(self, server: Egress) -> None:
        """Sends what users say until the traffic ends. Raises `UpstreamFailed` if the server does
        not take it."""
        url = f"{self._access.server_url}/api/v1/scores/batch"
        while not self._stop.is_set() or self._said:
            await asyncio.sleep(_SEND_EVERY_S)
            batch, self._said = self._said[:100], self._said[100:]
            if not batch:
                continue
            answer = await _post(server, url, self._access.server_key, {"scores": batch})
            _require_accepted(answer)


def _first(error: BaseException) -> BaseException:
    """Returns the first error of a group."""
    if isinstance(error, BaseExceptionGroup):
        return _first(cast("BaseExceptionGroup[BaseException]", error).exceptions[0])
    return error


def _require_accepted(answer: HttpAnswer) -> None:
    if answer.status != 200:
        raise UpstreamFailed(
            f"The server did not take the feedback of users: HTTP {answer.status}.",
            hint="Look into the log of the server.",
        )
    for each in json.loads(answer.body)["items"]:
        if error := each["error"]:
            raise UpstreamFailed(f"The server did not take the feedback of users: {error}.")


async def _post(egress: Egress, url: str, key: str, body: dict[str, Any]) -> HttpAnswer:
    headers = (
        (b"authorization", f"Bearer {key}".encode()),
        (b"content-type", b"application/json"),
    )
    request = HttpRequest("POST", url, headers, json.dumps(body).encode())
    return await egress(request, timeout_s=_TIMEOUT_S, private_allowed=True)


def _score(said: StoryFeedback, trace_id: str) -> dict[str, Any]:
    return {
        "kind": "feedback",
        "source": "user",
        "name": SCORE,
        "value": said.helpful,
        "comment": said.comment,
        "author": said.user,
        "trace_id": trace_id,
    }
