"""Events of a stream that differ in one text only: they are read without reading JSON.

Most deltas of a stream have the same bytes around their text. If an event has the same bytes, and a
JSON string without escapes between them, then it is the same document with another text.
"""

import json
import re
from collections.abc import Callable
from typing import Final, NamedTuple

from penstock.rules.guards.places import Channel, DocumentTexts, TextSlot
from penstock.rules.guards.policies import Place

MAX_SHAPES: Final = 8  # of one stream, such as one for each choice
_PLAIN: Final = re.compile(rb'[^"\\\x00-\x1f\x7f]*+')
_OTHER: Final = "\ufdd0 another text"  # with a character that no text has


class EventShape(NamedTuple):
    """The bytes around the text of an event."""

    before: bytes
    after: bytes
    place: Place
    channel: Channel | None
    indexes: tuple[int, ...]

    def read(self, event: bytes) -> TextSlot | None:
        """Returns the text of an event of this shape; `None` for another one."""
        end = len(event) - len(self.after)
        if end <= len(self.before) or not event.startswith(self.before):
            return None
        if not event.endswith(self.after) or not _PLAIN.fullmatch(event, len(self.before), end):
            return None
        try:
            text = event[len(self.before) : end].decode()
        except UnicodeDecodeError:
            return None
        return TextSlot([text], 0, text, self.place, channel=self.channel, indexes=self.indexes)

    def write(self, text: str) -> bytes:
        """Returns an event of this shape."""
        written = json.dumps(text, ensure_ascii=False)[1:-1].encode("utf-8", "replace")
        return self.before + written + self.after


def shape_of(
    event: bytes, texts: DocumentTexts, read: Callable[[bytes], DocumentTexts | None]
) -> EventShape | None:
    """Returns the shape of an event; `None` if it has no text, several, or one with escapes.

    `read` reads the texts of an event: with another text in its place, all else must be the same.
    """
    going_on = [slot for slot in texts.slots if slot.channel is not None]
    if len(going_on) != 1 or texts.finished:
        return None
    slot = going_on[0]
    literal = b'"%b"' % slot.text.encode("utf-8", "replace")
    if event.count(literal) != 1 or not _PLAIN.fullmatch(literal[1:-1]):
        return None
    start = event.index(literal) + 1
    shape = EventShape(
        event[:start],
        event[start + len(literal) - 2 :],
        slot.place,
        slot.channel,
        slot.indexes,
    )
    other = read(shape.write(_OTHER))
    wanted = [(_OTHER if each is slot else each.text, *_identity(each)) for each in texts.slots]
    if other is None or [(each.text, *_identity(each)) for each in other.slots] != wanted:
        return None
    return shape


def _identity(slot: TextSlot) -> tuple[object, ...]:
    return slot.key, slot.place, slot.channel, slot.indexes, slot.name
