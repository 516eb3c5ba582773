"""Judges the texts of a whole JSON document, and writes it again if a check redacts one of them."""

import json
from collections.abc import Sequence
from math import isfinite
from typing import Any, Final, NamedTuple

from penstock.rules.guards.places import DocumentTexts, TextPlaces, TextSlot, TooManyTexts
from penstock.rules.guards.plan import ActiveCheck, GuardPlan
from penstock.rules.guards.policies import Action, Place
from penstock.rules.guards.results import CheckResults
from penstock.rules.guards.scanning import Finding
from penstock.rules.guards.text import GuardedText, are_valid, placeholder

MAX_VALUES: Final = 1_000_000  # of one document: each takes up to fifty times its text
VALUE_BYTES: Final = 400  # of memory for a value of a document that is read, with what judges it
_JSON_PLACES: Final = (Place.TOOL_ARGUMENTS, Place.TOOL_RESULTS)  # their texts may be JSON
_SHORT: Final = 256  # characters
_JSON_BEGINS: Final = ("{", "[")


class NotJson(Exception):
    """The document cannot be read as JSON, or not in one way only."""


class _Reader:
    """Reads JSON strictly: what two readers could understand differently is written again, or is
    no JSON."""

    def __init__(self) -> None:
        self.repeated = False  # a name stands twice in an object

    def read(self, text: str | bytes) -> object:
        written = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
        if _count_values(written) > MAX_VALUES:
            raise NotJson
        try:
            return json.loads(
                text if isinstance(text, str) else text.decode(),
                object_pairs_hook=self._object,
                parse_float=_finite,
                parse_constant=_finite,
            )
        except (ValueError, RecursionError):
            raise NotJson from None

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        self.repeated |= len(found) < len(pairs)
        return found


class TextGroup:
    """One text, of one slot or of several that continue each other."""

    def __init__(self, slots: list[TextSlot]) -> None:
        self.slots = slots
        self.place = slots[0].place

    def judge(self, checks: Sequence[ActiveCheck], results: CheckResults) -> None:
        """Runs checks without I/O. Raises `GuardrailBlocked`, `GuardrailFailed`."""
        if len(self.slots) == 1 and _is_clean(self.slots[0].text, checks):
            return
        guarded = GuardedText(checks, self.place, results)
        ends = [guarded.add(slot.text) for slot in self.slots]
        guarded.end()
        for slot, end in zip(self.slots, ends, strict=True):
            if (new := guarded.render(end - len(slot.text), end)) is not None:
                slot.text = new

    def whole(self) -> str:
        """Returns the text."""
        return "".join([slot.text for slot in self.slots])

    def rewrite(self, text: str) -> None:
        """Replaces the text; all of it is in the first slot then."""
        self.slots[0].text = text
        for slot in self.slots[1:]:
            slot.text = ""


class _Nested(NamedTuple):
    """A text that is JSON itself, such as the arguments of a tool call."""

    group: TextGroup
    document: "GuardedDocument"


class JudgedTexts:
    """Texts that are judged when they are whole."""

    def __init__(self, places: TextPlaces) -> None:
        self._places = places
        self._groups: list[TextGroup] = []
        self._nested: list[_Nested] = []

    def add(self, group: TextGroup) -> None:
        """Adds a text. Of one that is JSON, the texts in it are judged."""
        document = self._inside(group) if group.place in _JSON_PLACES else None
        if document is None:
            self._groups.append(group)
        else:
            self._nested.append(_Nested(group, document))

    def judge(self, plan: GuardPlan, results: CheckResults) -> None:
        """Runs the checks without I/O. Raises `GuardrailBlocked`, `GuardrailFailed`."""
        for group in self._groups:
            if checks := plan.local(group.place):
                group.judge(checks, results)
        for each in self._nested:
            each.document.judge(plan, results)

    def of(self, place: Place) -> list[TextGroup]:
        """Returns the texts of a place, as they are after `judge`."""
        found = [group for group in self._groups if group.place is place]
        for each in self._nested:
            found += each.document.texts.of(place)
        return found

    def settle(self) -> None:
        """Writes JSON that has changed into its text."""
        for group, document in self._nested:
            if document.changed:
                group.rewrite(document.written())

    def _inside(self, group: TextGroup) -> "GuardedDocument | None":
        if group.slots[0].name or not (text := group.whole()).lstrip().startswith(_JSON_BEGINS):
            return None
        try:
            return GuardedDocument(text, self._places, group.place)
        except NotJson:
            return None


class GuardedDocument:
    """One JSON document. Raises `NotJson` for one that cannot be read."""

    def __init__(self, raw: str | bytes, places: TextPlaces, default: Place) -> None:
        reader = _Reader()
        try:
            found = DocumentTexts(places, default, reader.read(raw))
        except TooManyTexts:
            raise NotJson from None
        self._root = found.root
        self._slots = found.slots
        self._repeated = reader.repeated
        self.texts = JudgedTexts(places)
        for group in _groups(found.slots):
            self.texts.add(group)

    def judge(self, plan: GuardPlan, results: CheckResults) -> None:
        """Runs the checks without I/O. Raises `GuardrailBlocked`, `GuardrailFailed`."""
        self.texts.judge(plan, results)

    @property
    def changed(self) -> bool:
        """Returns whether the document must be written again."""
        self.texts.settle()
        return self._repeated or any(slot.changed for slot in self._slots)

    def encoded(self) -> bytes:
        """Writes the document."""
        try:
            return self.written().encode()
        except UnicodeEncodeError:  # half a surrogate pair, which JSON can hold as an escape
            return json.dumps(self._root[0]).encode()

    def written(self) -> str:
        """Writes the document as text."""
        self.texts.settle()
        return write_json(self._root, self._slots)


def read_memory(document: bytes) -> int:
    """Estimates the bytes of memory that a document takes while it is read and judged."""
    return 2 * len(document) + VALUE_BYTES * _count_values(document)


def write_json(root: Sequence[object], slots: Sequence[TextSlot]) -> str:
    """Writes a document, the only element of `root`, with the texts of its slots. Names are written
    last."""
    for slot in sorted(slots, key=_is_name):
        slot.write()
    return json.dumps(root[0], ensure_ascii=False, separators=(",", ":"))


def apply_findings(
    group: TextGroup,
    judged: Sequence[tuple[ActiveCheck, Sequence[Finding]]],
    results: CheckResults,
) -> None:
    """Takes what checks with I/O have found in a text. Raises `GuardrailBlocked`,
    `GuardrailFailed`."""
    text = group.whole()
    pieces: list[str] = []
    at = 0
    for each in _redactions(judged, text, group.place, results):
        pieces += (text[at : each.start], placeholder(each))
        at = each.end
    if at:
        group.rewrite("".join((*pieces, text[at:])))


def _count_values(document: bytes) -> int:
    """Returns at least the number of values."""
    return 1 + sum(map(document.count, (b",", b"[", b"{")))


def _groups(slots: Sequence[TextSlot]) -> list[TextGroup]:
    groups: list[TextGroup] = []
    by_channel: dict[object, TextGroup] = {}
    for slot in slots:
        group = by_channel.get((slot.channel, slot.place)) if slot.channel is not None else None
        if group is not None:
            group.slots.append(slot)
            continue
        groups.append(TextGroup([slot]))
        if slot.channel is not None:
            by_channel[slot.channel, slot.place] = groups[-1]
    return groups


def _is_clean(text: str, checks: Sequence[ActiveCheck]) -> bool:
    """Returns whether no check finds anything in a short text: most texts are so, and this is
    quick."""
    if len(text) > _SHORT:
        return False
    try:
        return not any(each.local and each.local.scan(text, 0, whole=True)[0] for each in checks)
    except Exception:  # noqa: BLE001 - a plugin: it fails again where its policy decides
        return False


def _redactions(
    judged: Sequence[tuple[ActiveCheck, Sequence[Finding]]],
    text: str,
    place: Place,
    results: CheckResults,
) -> list[Finding]:
    """Returns what to replace, in order: where parts overlap, the one that begins first."""
    found: list[Finding] = []
    for active, findings in judged:
        if not are_valid(findings, 0, text):
            results.failed(active, place, "its findings are not valid")
            continue
        if findings:
            results.found(active, place, len(findings))
        if active.check.action is Action.REDACT:
            found += findings
    kept: list[Finding] = []
    at = 0
    for each in sorted(found, key=lambda one: (one.start, -one.end)):
        if each.end > at:
            kept.append(each._replace(start=max(each.start, at)))
            at = each.end
    return kept


def _is_name(slot: TextSlot) -> bool:
    return slot.name


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError("a number is out of range")
    return number
