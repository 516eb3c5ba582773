"""Finds the texts of a JSON document, and to which place of a call each belongs.

Every string is a text, also the names of members, and so is every long number: a caller can hide
nothing in a field that we do not know. Not searched is data in base64, such as an image, that is
not in a field for texts.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple, cast

from penstock.rules.guards.policies import Place

MIN_DATA_CHARS: Final = 1024  # of base64 that is not searched
MIN_NAME_CHARS: Final = 8  # of a member's name that is searched
MIN_NUMBER: Final = 10**12  # of a number that is searched
MAX_TEXTS: Final = 100_000  # of one document
MAX_PATH: Final = 16  # names of a path that tell texts apart
_DATA: Final = re.compile(r"(?:data:[\w./+-]{1,80}(?:;[\w=.-]{1,40})*;base64,)?[A-Za-z0-9+/=]*+\Z")
_INDEXES: Final = (
    *("index", "output_index", "content_index", "summary_index"),  # OpenAI, Anthropic, Cohere
    *("contentBlockIndex",),  # Bedrock
)


class TooManyTexts(ValueError):
    """A document has more texts than are judged."""


class TextPlaces(NamedTuple):
    """The places of the texts of a wire format.

    `members`, `types`, `roles`: the place of all that is below a member of this name, and of all in
    an object with this `type` or `role`. `in_types`: the same for a member of such an object.
    `parts`: lists whose elements are parts of one text. `deltas`: members whose text goes on in the
    next part, or in the next event of a stream. `finished`: members that end the texts of their
    object in a stream. `ends`: the ends of the types of events that end the texts of their index.
    """

    members: Mapping[str, Place] = {}
    types: Mapping[str, Place] = {}
    roles: Mapping[str, Place] = {}
    in_types: Mapping[str, Mapping[str, Place]] = {}
    parts: frozenset[str] = frozenset()
    deltas: frozenset[str] = frozenset()
    finished: frozenset[str] = frozenset()
    ends: tuple[str, ...] = ()
    terminal: frozenset[str] = frozenset()  # types of the last event of a stream

    def joined(self, other: "TextPlaces") -> "TextPlaces":
        """Returns the places of both formats: the names do not contradict each other."""
        return TextPlaces(
            {**self.members, **other.members},
            {**self.types, **other.types},
            {**self.roles, **other.roles},
            {**self.in_types, **other.in_types},
            self.parts | other.parts,
            self.deltas | other.deltas,
            self.finished | other.finished,
            (*self.ends, *other.ends),
            self.terminal | other.terminal,
        )


Channel = tuple[str | int, ...]


class TextSlot:
    """One text of a document. `channel`: texts of the same channel are one text; `None`: it stands
    alone. `indexes`: those of the objects around it. `name`: it is the name of a member."""

    __slots__ = ("_original", "channel", "container", "indexes", "key", "name", "place", "text")

    def __init__(
        self,
        container: Any,
        key: Any,
        text: str,
        place: Place,
        *,
        channel: Channel | None = None,
        indexes: tuple[int, ...] = (),
        name: bool = False,
    ) -> None:
        self.container = container
        self.key = key
        self.text = self._original = text
        self.place = place
        self.channel = channel
        self.indexes = indexes
        self.name = name

    @property
    def changed(self) -> bool:
        """Returns whether the text is another one than at first."""
        return self.text != self._original

    def write(self) -> None:
        """Writes the text into the document if it has changed. Names are written last."""
        if not self.changed:
            return
        if self.name:
            self.container[self.text] = self.container.pop(self.key)
        else:
            self.container[self.key] = self.text


class _Node(NamedTuple):
    value: Any
    place: Place
    known: bool  # whether an object or member around it has decided the place
    path: Channel
    indexes: tuple[int, ...]


class DocumentTexts:
    """The texts of one document, in their order. `finished`: the indexes of objects whose texts
    end here."""

    def __init__(self, places: TextPlaces, default: Place, root: object, kind: str = "") -> None:
        self._places = places
        self.root = [root]
        self.slots: list[TextSlot] = []
        self.finished: list[tuple[int, ...]] = []
        self.kind = kind or _kind(root)
        place = places.types.get(self.kind)
        path = (self.kind,) if self.kind else ()
        self._read(_Node(self.root, place or default, place is not None, path, ()))
        if places.ends and self.kind.endswith(places.ends):
            self.finished.append(_indexes(root))

    def _read(self, first: _Node) -> None:
        """Walks without recursion: callers choose the depth."""
        waiting: list[Iterator[_Node]] = [iter((first,))]
        while waiting:
            if len(self.slots) > MAX_TEXTS:
                raise TooManyTexts
            node = next(waiting[-1], None)
            if node is None:
                waiting.pop()
            elif isinstance(node.value, dict):
                waiting.append(iter(self._members(node)))
            else:
                waiting.append(iter(self._elements(node)))

    def _members(self, node: _Node) -> list[_Node]:
        value = cast("dict[str, Any]", node.value)
        places = self._places
        kind = value.get("type")
        kind = kind if isinstance(kind, str) else ""
        place, known = node.place, node.known
        if not known:
            found = places.types.get(kind) or places.roles.get(_text(value.get("role")))
            place, known = found or place, found is not None
        inside = places.in_types.get(kind, {})
        indexes = node.indexes + _indexes(value)
        path = (*node.path, "thought") if value.get("thought") is True else node.path
        below: list[_Node] = []
        for name, member in value.items():
            at, fixed = place, known
            if not known and (found := inside.get(name) or places.members.get(name)) is not None:
                at, fixed = found, True
            if len(name) >= MIN_NAME_CHARS:
                self.slots.append(TextSlot(value, name, name, at, name=True))
            inner = _Node(member, at, fixed, (*path, name)[:MAX_PATH], indexes)
            if isinstance(member, (dict, list)):
                below.append(inner)
            else:
                self._leaf(inner, value, name)
                if member and name in places.finished:
                    self.finished.append(indexes)
        return below

    def _elements(self, node: _Node) -> list[_Node]:
        value = cast("list[Any]", node.value)
        is_text = bool(node.path) and node.path[-1] in self._places.parts
        below: list[_Node] = []
        for position, element in enumerate(value):
            path = node.path
            if not (is_text or _indexes(element)):
                path = (*path, position)[:MAX_PATH]
            inner = node._replace(value=element, path=path)
            if isinstance(element, (dict, list)):
                below.append(inner)
            else:
                self._leaf(inner, value, position)
        return below

    def _leaf(self, node: _Node, container: Any, key: str | int) -> None:
        text = node.value
        if isinstance(text, int) and not isinstance(text, bool) and abs(text) >= MIN_NUMBER:
            text = str(text)
        if not isinstance(text, str) or not text:
            return
        continues = key in self._places.deltas
        if not continues and is_data(text):
            return
        channel = (*node.path, *node.indexes) if continues else None
        self.slots.append(
            TextSlot(container, key, text, node.place, channel=channel, indexes=node.indexes)
        )


def is_data(text: str) -> bool:
    """Returns whether a text is data in base64, as it is or as a data URL."""
    return len(text) >= MIN_DATA_CHARS and _DATA.match(text) is not None


def _kind(root: object) -> str:
    return _text(cast("dict[str, Any]", root).get("type")) if isinstance(root, dict) else ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _indexes(value: object) -> tuple[int, ...]:
    if not isinstance(value, dict):
        return ()
    members = cast("dict[str, Any]", value)
    found = [members.get(name) for name in _INDEXES]
    return tuple([each for each in found if isinstance(each, int)])
