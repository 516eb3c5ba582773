"""The guardrail checks of one call: what its policies say about its texts."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple

from penstock.gateway.offload import offload
from penstock.kernel.errors import PenstockError
from penstock.rules.formats.sse_framing import EventFraming
from penstock.rules.guards.documents import (
    GuardedDocument,
    JudgedTexts,
    NotJson,
    TextGroup,
    apply_findings,
    read_memory,
)
from penstock.rules.guards.places import TextPlaces, TextSlot
from penstock.rules.guards.plan import ANSWERED, REQUESTED, ActiveCheck, GuardPlan
from penstock.rules.guards.policies import Action, Place
from penstock.rules.guards.results import CheckResults, GuardrailBlocked
from penstock.rules.guards.scanning import Finding
from penstock.rules.guards.streams import GuardedStream

NO_JSON: Final = "it is no JSON, or too large"
_ENCODING: Final = ("utf-8", "surrogateescape")  # bytes that are no UTF-8 stay as they are

Findings = Sequence[Sequence[Finding]]
Hold = Callable[[int], int]  # `InFlight.hold_memory` of the call


class TextFormats(NamedTuple):
    """The places of texts in all wire formats, and how their streams are split, by content type."""

    places: TextPlaces
    framings: Mapping[bytes, Callable[[], EventFraming]]

    def framing(self, content_type: bytes) -> EventFraming | None:
        """Returns what splits a stream of a content type; `None` for one that is no stream."""
        if content_type == b"application/json":
            return None
        open_framing = self.framings.get(content_type.partition(b";")[0].strip().lower())
        return open_framing() if open_framing is not None else None


class _Job(NamedTuple):
    """The texts of one place for one check with I/O."""

    active: ActiveCheck
    place: Place
    texts: Sequence[str]


class CallGuard:
    """The checks of one call with their results so far. `hold` counts the memory that they take.
    A JSON document is read if the checks may find something in it (`GuardPlan.may_concern`)."""

    def __init__(
        self, plan: GuardPlan, results: CheckResults, formats: TextFormats, hold: Hold
    ) -> None:
        self.plan = plan
        self.results = results
        self.formats = formats
        self.hold = hold
        self.asked_again = 0
        self.note_usage: Callable[[], None] | None = None  # of an answer that is not sent

    async def request(self, body: bytes) -> bytes:
        """Judges a JSON request. Returns what is sent of it. Raises `GuardrailBlocked`,
        `GuardrailFailed`."""
        return await self._document(body, Place.INPUT, REQUESTED)

    async def answer(self, body: bytes) -> bytes:
        """Judges a whole JSON answer. Returns and raises like `request`."""
        return await self._document(body, Place.OUTPUT, ANSWERED)

    async def texts(self, texts: Sequence[str], place: Place) -> list[str]:
        """Judges single texts. Returns and raises like `request`."""
        values = list(texts)
        slots = [
            TextSlot(values, position, text, place) for position, text in enumerate(values) if text
        ]
        judged = JudgedTexts(self.formats.places)
        for slot in slots:
            judged.add(TextGroup([slot]))
        await offload(sum(map(len, values)), partial(judged.judge, self.plan, self.results))
        await self._ask_remote(judged)
        judged.settle()
        for slot in slots:
            slot.write()
        return values

    def name(self, text: str, place: Place) -> str:
        """Judges a name by the checks without I/O. Returns and raises like `request`."""
        slot = TextSlot([text], 0, text, place)
        TextGroup([slot]).judge(self.plan.local(place), self.results)
        return slot.text

    async def text(self, text: bytes, place: Place) -> bytes:
        """Judges one text. Returns and raises like `request`."""
        (judged,) = await self.texts([text.decode(*_ENCODING)], place)
        return judged.encode(*_ENCODING)

    def unreadable(self, places: frozenset[Place], reason: str) -> None:
        """Notes that a body has no texts that can be judged. Raises `GuardrailFailed` if a policy
        is closed."""
        for place in sorted(places):
            for active in (*self.plan.local(place), *self.plan.remote(place)):
                self.results.failed(active, place, reason)

    def block(self, place: Place) -> None:
        """Ends the call because of a finding that cannot be replaced. Raises `GuardrailBlocked`."""
        for active in self.plan.local(place):
            if active.check.action is not Action.FLAG and self.results.has_found(active, place):
                raise GuardrailBlocked(active, place)

    def open_stream(self, framing: EventFraming) -> GuardedStream:
        """Starts to judge a streamed answer."""
        return GuardedStream(self.plan, self.results, self.formats.places, framing)

    async def finish(self, stream: GuardedStream) -> bytes:
        """Judges an answer that was held. Returns its events. Raises like `request`."""
        judge = partial(stream.texts.judge, self.plan, self.results)
        await offload(stream.held_bytes, judge)
        await self._ask_remote(stream.texts)
        return stream.release_all()

    def masked(self, body: bytes, default: Place) -> bytes:
        """Returns a body with placeholders for what was found, for the record or an error; empty
        if that is not certain."""
        mask = self.plan.masking()
        places = REQUESTED if default is Place.INPUT else ANSWERED
        if any(self.plan.remote(place) for place in places):
            return b""
        results = CheckResults(self.results.now_ns)
        try:
            document = GuardedDocument(body, self.formats.places, default)
            document.judge(mask, results)
            return document.encoded() if document.changed else body
        except (NotJson, PenstockError):
            return b""

    async def _document(self, body: bytes, default: Place, places: frozenset[Place]) -> bytes:
        self.hold(read_memory(body))
        try:
            document = await offload(len(body), partial(self._judged, body, default))
        except NotJson:
            self.unreadable(places, NO_JSON)
            return body
        await self._ask_remote(document.texts)
        return document.encoded() if document.changed else body

    def _judged(self, body: bytes, default: Place) -> GuardedDocument:
        document = GuardedDocument(body, self.formats.places, default)
        document.judge(self.plan, self.results)
        return document

    async def _ask_remote(self, texts: JudgedTexts) -> None:
        """Runs all checks with I/O at once, each on all texts of its places."""
        groups = {place: texts.of(place) for place in Place if self.plan.remote(place)}
        jobs = [
            _Job(active, place, list(dict.fromkeys(group.whole() for group in found)))
            for place, found in groups.items()
            if found
            for active in self.plan.remote(place)
        ]
        if not jobs:
            return
        async with asyncio.TaskGroup() as running:
            tasks = [running.create_task(self._find(job)) for job in jobs]
        found: dict[Place, list[tuple[ActiveCheck, Mapping[str, Sequence[Finding]]]]] = {}
        for job, task in zip(jobs, tasks, strict=True):
            findings = task.result()
            if isinstance(findings, str):
                self.results.failed(job.active, job.place, findings)
            else:
                by_text = dict(zip(job.texts, findings, strict=True))
                found.setdefault(job.place, []).append((job.active, by_text))
        for place, judged in found.items():
            for group in groups[place]:
                text = group.whole()
                apply_findings(group, [(active, of[text]) for active, of in judged], self.results)

    async def _find(self, job: _Job) -> Findings | str:
        """Returns the findings of a check, or why it failed."""
        remote = job.active.remote
        if remote is None:
            return [()] * len(job.texts)
        begun = self.results.now_ns()
        try:
            async with asyncio.timeout(job.active.check.timeout_ms / 1000):
                found = await remote.find(job.texts)
        except TimeoutError:
            return "it took too long"
        except Exception as error:  # noqa: BLE001 - a plugin: its policy decides
            return f"it failed with {type(error).__name__}"
        finally:
            self.results.note_time(job.active, job.place, self.results.now_ns() - begun)
        return found if len(found) == len(job.texts) else "its findings are not valid"
