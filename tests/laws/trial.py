"""Runs a batch of hostile calls together with honest ones, and checks answers, records, metrics."""

import asyncio
import json
import random
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.laws import violations
from tests.laws.callers import CallerScript
from tests.laws.exchange import Answer, Provider, follow
from tests.laws.samples import Sample
from tests.laws.world import World

AT_ONCE: Final = 24
READERS: Final = 4
HONEST_EVERY: Final = 10
STORED_WITHIN_S: Final = 45.0
HONEST_WITHIN_S: Final = 15.0
_DIGITS: Final = re.compile(r"[0-9]+")
_REPEATED: Final = re.compile(r"(.{1,24}?)\1{5,}")


@dataclass
class Trial:
    """One batch. `violations` has each violation with the call that caused it, if known."""

    world: World
    provider: Provider
    calls: list[Sample]
    answers: dict[str, Answer] = field(default_factory=dict[str, Answer])
    honest: list[str] = field(default_factory=list[str])
    violations: list[tuple[Sample | None, str]] = field(default_factory=list[Any])

    async def run(self) -> None:
        """Makes the calls, waits for the records, and reads everything that was stored."""
        before = await self._metrics()
        since = datetime.now(UTC) - timedelta(seconds=2)
        self.provider.scripts |= {call.trace_id: call.provider for call in self.calls}
        await self._call_all()
        listed = await self._stored(since.isoformat())
        self._add(violations.of_records(self.calls, listed, self.answers))
        await self._read_details(listed)
        for plane, samples in (await self._metrics()).items():
            self._add_general(
                f"{plane}: {c}" for c in violations.of_metrics(before[plane], samples)
            )
        await self._read_pages(since.isoformat())
        for call in self.calls:
            self.provider.scripts.pop(call.trace_id)
            self.provider.requests.pop(call.trace_id, None)

    def report(self) -> str:
        """Formats the violations by kind, each with its shortest script."""
        kinds: dict[str, list[tuple[Sample | None, str]]] = {}
        for call, what in self.violations:
            kinds.setdefault(_DIGITS.sub("0", what)[:40], []).append((call, what))
        lines = [f"{len(self.violations)} violations in {len(self.calls)} calls"]
        for found in kinds.values():
            call, what = min(found, key=lambda one: len(repr(one[0])))
            lines.append(f"* {len(found)} times: {what}")
            if call is not None:
                lines += [
                    f"    caller   {_short(call.caller)}",
                    f"    provider {_short(call.provider)}",
                ]
                lines += [f"    answer   {_short(self.answers.get(call.trace_id))}"]
        return "\n".join(lines)

    # ---- calling

    async def _call_all(self) -> None:
        waiting = list(enumerate(self.calls))[::-1]

        async def caller() -> None:
            while waiting:
                number, call = waiting.pop()
                if number % HONEST_EVERY == 0:
                    await self._call_honestly(number)
                await self._call(call)

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(caller())

    async def _call(self, call: Sample) -> None:
        world = self.world
        port = world.installation.gateway_port
        try:
            answer = await follow(call.caller, port, world.hostile.key, call.trace_id)
        except OSError as error:
            answer = Answer()
            self.violations.append((call, f"the gateway does not accept connections: {error}"))
        self.answers[call.trace_id] = answer
        self.violations += [(call, c) for c in violations.of_answer(call, answer)]

    async def _call_honestly(self, number: int) -> None:
        world = self.world
        trace = f"{random.getrandbits(128):032x}"
        script = honest_call(stream=number % 20 == 0)
        answer = await follow(script, world.installation.gateway_port, world.honest.key, trace)
        if answer.status != 200 or not answer.whole:
            self._add_general([f"an honest call got {answer.status} {answer.body[:300]!r}"])
        elif answer.seconds > HONEST_WITHIN_S:
            self._add_general([f"an honest call took {answer.seconds:.1f} s"])
        self.honest.append(trace)

    # ---- what is stored

    async def _stored(self, since: str) -> Counter[str]:
        """Counts the records of each hostile call, once all exist or the time is over."""
        deadline = asyncio.get_running_loop().time() + STORED_WITHIN_S
        while True:
            hostile = await self._traces(self.world.hostile.project_id, since)
            honest = await self._traces(self.world.honest.project_id, since)
            missing = [trace for trace in self.honest if honest[trace] != 1]
            lacking = any(violations.of_records(self.calls, hostile, self.answers))
            late = asyncio.get_running_loop().time() > deadline
            if late or not (missing or lacking):
                break
            await asyncio.sleep(0.25)
        if missing:
            self._add_general(
                [f"{len(missing)} of {len(self.honest)} honest calls are not stored once"]
            )
        return hostile

    async def _traces(self, project: str, since: str) -> Counter[str]:
        return Counter(row["trace_id"] for row in await self.world.listed(project, since))

    async def _read_details(self, listed: Counter[str]) -> None:
        waiting = [call for call in self.calls if listed[call.trace_id]]

        async def reader() -> None:
            while waiting:
                await self._read_detail(waiting.pop())

        async with asyncio.TaskGroup() as group:
            for _ in range(READERS):
                group.create_task(reader())

    async def _read_detail(self, call: Sample) -> None:
        path, project = f"/traces/{call.trace_id}", self.world.hostile.project_id
        try:
            trace = await self.world.rest(path, project_id=project)
        except (AssertionError, ValueError, TimeoutError) as error:
            self.violations.append((call, f"the detail cannot be read: {error!r}"))
            return
        request_count = self.provider.requests[call.trace_id]
        self.violations += [(call, c) for c in violations.of_detail(call, trace, request_count)]

    async def _read_pages(self, since: str) -> None:
        """Reads the pages of the attacked project."""
        project, world = self.world.hostile.project_id, self.world
        for path in ("/overview", "/traces/facets", "/traces/tail", "/traces"):
            query = {"project_id": project}
            if path != "/traces/tail":
                query["from"] = since
            if path == "/traces":
                query["q"] = "Hi"
            try:
                await world.rest(path, **query)
            except (AssertionError, ValueError, TimeoutError) as error:
                self._add_general([f"{path} cannot be read: {error!r}"])

    # ---- violations

    async def _metrics(self) -> dict[str, dict[str, float]]:
        found: dict[str, dict[str, float]] = {}
        installation = self.world.installation
        for plane, port in (
            ("gateway", installation.gateway_port),
            ("server", installation.server_port),
        ):
            try:
                found[plane] = await self.world.metrics(port)
            except (AssertionError, ValueError, TimeoutError) as error:
                self._add_general([f"/metrics of the {plane}: {error}"])
                found[plane] = {}
        return found

    def _add(self, found: Iterable[tuple[Sample, str]]) -> None:
        self.violations += list(found)

    def _add_general(self, found: Iterable[str]) -> None:
        self.violations += [(None, what) for what in found]


def honest_call(*, stream: bool) -> CallerScript:
    """A typical call of an application."""
    body = json.dumps(
        {"model": "fine", "messages": [{"role": "user", "content": "Hi"}], "stream": stream}
    )
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer %KEY%\r\n"
        "traceparent: 00-%TRACE%-00f067aa0ba902b7-01\r\nconnection: close\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return CallerScript(
        (head + body).encode(), (), 0.0, "read", certain=True, complete=True, anonymous=False
    )


def _short(value: object) -> str:
    """Shortens a value: repetitions are replaced by a count."""
    text = _REPEATED.sub(lambda m: f"{m[1]}⟨×{len(m[0]) // len(m[1])}⟩", repr(value))
    return text if len(text) < 1_200 else f"{text[:800]} … {text[-300:]}"
