"""Judges a streamed answer: holds its events back until their texts are decided.

An event in which no check finds anything passes byte for byte. Tool arguments are judged when they
are whole. An answer with checks that need it whole is held to its end.
"""

import json
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from penstock.kernel.errors import UpstreamFailed
from penstock.rules.formats.sse_framing import EventFraming, FramedEvent
from penstock.rules.guards.documents import JudgedTexts, TextGroup, read_memory, write_json
from penstock.rules.guards.event_shape import MAX_SHAPES, EventShape, shape_of
from penstock.rules.guards.places import DocumentTexts, TextPlaces, TextSlot
from penstock.rules.guards.plan import GuardPlan
from penstock.rules.guards.policies import Place
from penstock.rules.guards.results import CheckResults
from penstock.rules.guards.text import GuardedText

MAX_HELD_BYTES: Final = 36 * 1024 * 1024  # of events that wait for a decision
EVENT_BYTES: Final = 1024  # of memory for an event that waits, beside its text
MAX_CHANNELS: Final = 4096  # texts of one answer that go on over several events
MAX_CLEAN_TEXTS: Final = 256  # repeated short texts, such as ids, that are known to be clean
_MAX_CLEAN_CHARS: Final = 256
_DONE: Final = b"[DONE]"
_TOO_LONG: Final = "the answer is too long to be held"


class _Channel:
    """A text that goes on over several events. `guarded` is `None` if it is judged when whole."""

    def __init__(self, guarded: GuardedText | None, indexes: tuple[int, ...]) -> None:
        self.guarded = guarded
        self.indexes = indexes
        self.slots: list[TextSlot] = []
        self.ended = False


class _Part(NamedTuple):
    """A part of a channel's text in one event."""

    slot: TextSlot
    channel: _Channel
    start: int
    end: int

    @property
    def is_decided(self) -> bool:
        guarded = self.channel.guarded
        return self.channel.ended if guarded is None else guarded.decided >= self.end

    def render(self) -> None:
        guarded = self.channel.guarded
        if guarded is not None:
            if (new := guarded.render(self.start, self.end)) is not None:
                self.slot.text = new
            guarded.forget(self.end)


class _Held(NamedTuple):
    """An event that waits. `root` is empty if it was not read as JSON: all of its data, or the only
    text of its `shape`, is its slot."""

    event: FramedEvent
    root: list[object]
    slots: list[TextSlot]
    parts: list[_Part]
    shape: EventShape | None = None

    @property
    def memory(self) -> int:
        raw = self.event.raw
        return EVENT_BYTES + (2 * len(raw) if self.shape is not None else read_memory(raw))


class GuardedStream:
    """One stream. Feed it the provider's bytes and pass on what it returns. `complete`: the last
    event has come. `texts` has the texts that are judged whole, once it is complete, if the plan
    holds answers; then nothing is returned before `release_all`."""

    def __init__(
        self, plan: GuardPlan, results: CheckResults, places: TextPlaces, framing: EventFraming
    ) -> None:
        self._plan = plan
        self._results = results
        self._places = places
        self._framing = framing
        self._queue: deque[_Held] = deque()
        self.held_bytes = 0
        self._memory = 0
        self._channels: dict[object, _Channel] = {}
        self._ended: set[object] = set()
        self._clean: set[tuple[Place, str]] = set()
        self._shapes: list[EventShape] = []
        self.holds = plan.holds_answers
        self.texts = JudgedTexts(places)
        self.complete = False

    @property
    def is_waiting(self) -> bool:
        """Returns whether there are events that have not gone out."""
        return bool(self._queue)

    @property
    def memory(self) -> int:
        """Estimates the bytes of memory that waiting events take."""
        return self._memory + self._framing.waiting_size

    def feed(self, piece: bytes) -> bytes:
        """Returns the events that may go out. Raises `GuardrailBlocked`, `GuardrailFailed`."""
        for event in self._framing.split(piece):
            self._take(event)
        if self.held_bytes + self._framing.waiting_size > MAX_HELD_BYTES:
            self._give_up()
        return b"" if self.holds else self._release()

    def close(self) -> bytes:
        """Notes the end of the provider's body. Returns and raises like `feed`."""
        rest = self._framing.rest()
        if rest is not None:
            self._take(rest)
        self._end(())
        self.complete = True
        return b"" if self.holds else self._release()

    def release_all(self) -> bytes:
        """Returns the events of an answer that was held."""
        self.texts.settle()
        self.holds = False
        return self._release()

    def _take(self, event: FramedEvent) -> None:
        self.held_bytes += len(event.raw)
        for shape in self._shapes:
            if (slot := shape.read(event.raw)) is not None:
                held = _Held(event, [], [slot], [], shape)
                self._hold(held)
                self._judge(held, slot)
                return
        self._take_unknown(event)

    def _take_unknown(self, event: FramedEvent) -> None:
        texts = _read(event, self._places)
        if texts is None:
            held = _Held(event, [], _data_slots(event), [])
        else:
            held = _Held(event, texts.root, texts.slots, [])
        self._hold(held)
        for slot in held.slots:
            self._judge(held, slot)
        if event.data is not None and event.data.strip() == _DONE:
            self._end(())
            self.complete = True
        if texts is None:
            return
        self._learn(event, texts)
        for indexes in texts.finished:
            self._end(indexes)
        if texts.kind in self._places.terminal:
            self._end(())
            self.complete = True

    def _hold(self, held: _Held) -> None:
        self._queue.append(held)
        self._memory += held.memory

    def _learn(self, event: FramedEvent, texts: DocumentTexts) -> None:
        """Remembers the shape of an event whose other texts are clean."""
        if self.holds or texts.kind in self._places.terminal:
            return
        if any(slot.channel is None and not self._is_clean(slot) for slot in texts.slots):
            return
        shape = shape_of(event.raw, texts, self._read_raw)
        if shape is not None:
            self._shapes = [shape, *self._shapes[: MAX_SHAPES - 1]]

    def _read_raw(self, raw: bytes) -> DocumentTexts | None:
        event = self._framing.read(raw)
        return None if event is None else _read(event, self._places)

    def _is_clean(self, slot: TextSlot) -> bool:
        """Returns whether a text needs no further search."""
        return not self._plan.local(slot.place) or (slot.place, slot.text) in self._clean

    def _judge(self, held: _Held, slot: TextSlot) -> None:
        checks = self._plan.local(slot.place)
        if not checks and not (self.holds and self._plan.remote(slot.place)):
            return
        if slot.channel is None:
            self._judge_alone(slot)
            return
        channel = self._channel(slot)
        end = 0
        if channel.guarded is None:
            channel.slots.append(slot)
        else:
            end = channel.guarded.add(slot.text)
        held.parts.append(_Part(slot, channel, end - len(slot.text), end))

    def _judge_alone(self, slot: TextSlot) -> None:
        seen = (slot.place, slot.text)
        if self.holds:
            self.texts.add(TextGroup([slot]))
        elif seen not in self._clean:
            texts = JudgedTexts(self._places)
            texts.add(TextGroup([slot]))
            texts.judge(self._plan, self._results)
            texts.settle()
            if not slot.changed and len(slot.text) <= _MAX_CLEAN_CHARS:
                if len(self._clean) >= MAX_CLEAN_TEXTS:
                    self._clean.clear()
                self._clean.add(seen)

    def _channel(self, slot: TextSlot) -> _Channel:
        key = (slot.channel, slot.place)
        channel = self._channels.get(key)
        if channel is None:
            if key in self._ended or len(self._channels) + len(self._ended) >= MAX_CHANNELS:
                raise _malformed()
            whole = self.holds or slot.place is Place.TOOL_ARGUMENTS
            checks = self._plan.local(slot.place)
            guarded = None if whole else GuardedText(checks, slot.place, self._results)
            channel = self._channels[key] = _Channel(guarded, slot.indexes)
        return channel

    def _end(self, indexes: tuple[int, ...]) -> None:
        """Ends the texts of an index; of all without one."""
        ended = [
            key
            for key, channel in self._channels.items()
            if channel.indexes[: len(indexes)] == indexes
        ]
        for key in ended:
            self._end_channel(self._channels.pop(key))
        self._ended.update(ended)

    def _end_channel(self, channel: _Channel) -> None:
        channel.ended = True
        if channel.guarded is not None:
            channel.guarded.end()
        elif self.holds:
            self.texts.add(TextGroup(channel.slots))
        else:
            texts = JudgedTexts(self._places)
            texts.add(TextGroup(channel.slots))
            texts.judge(self._plan, self._results)
            texts.settle()

    def _give_up(self) -> None:
        """Fails the checks of an answer of which too much waits."""
        for place in {slot.place for held in self._queue for slot in held.slots}:
            for active in (*self._plan.local(place), *self._plan.remote(place)):
                self._results.failed(active, place, _TOO_LONG)
        self.holds = False
        for channel in self._channels.values():
            channel.ended = True
            if channel.guarded is not None:
                channel.guarded.give_up()
        self._channels.clear()

    def _release(self) -> bytes:
        out: list[bytes] = []
        while self._queue and all(part.is_decided for part in self._queue[0].parts):
            held = self._queue.popleft()
            self.held_bytes -= len(held.event.raw)
            self._memory -= held.memory
            for part in held.parts:
                part.render()
            changed = any(slot.changed for slot in held.slots)
            out.append(self._written(held) if changed else held.event.raw)
        return out[0] if len(out) == 1 else b"".join(out)

    def _written(self, held: _Held) -> bytes:
        if held.event.data is None:  # a comment
            return b""
        if held.shape is not None:
            return held.shape.write(held.slots[0].text)
        if not held.root:
            return self._framing.write(held.event, held.slots[0].text.encode("utf-8", "replace"))
        data = write_json(held.root, held.slots)
        return self._framing.write(held.event, data.encode("utf-8", "replace"))


def _read(event: FramedEvent, places: TextPlaces) -> DocumentTexts | None:
    """Reads the texts of an event; `None` for one that is no JSON."""
    if event.data is None:
        return None
    try:
        root: object = json.loads(event.data)
        return DocumentTexts(places, Place.OUTPUT, root, event.kind)
    except (ValueError, RecursionError):
        return None


def _data_slots(event: FramedEvent) -> list[TextSlot]:
    """The text of an event without JSON: such as a comment, or the end of a stream."""
    raw = event.raw if event.data is None else event.data
    text = raw.decode("utf-8", "replace")
    return [TextSlot([text], 0, text, Place.OUTPUT)] if text.strip() else []


def _malformed() -> UpstreamFailed:
    return UpstreamFailed(
        "The provider's stream goes on with a text that had ended, or has too many.",
        code="upstream_malformed",
    )


OpenFraming = Callable[[], EventFraming]
