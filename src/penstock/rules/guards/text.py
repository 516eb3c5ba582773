"""Judges one text that arrives in pieces, and replaces what checks redact.

A piece is decided once no finding can begin in it any more. What is rendered then is the same
however the text was split, and equals the redaction of the whole text. At most `max_chars` of each
scanner, and one piece, wait.
"""

from collections.abc import Sequence
from heapq import heappop, heappush
from typing import Final

from penstock.rules.guards.plan import ActiveCheck
from penstock.rules.guards.policies import Action, Place
from penstock.rules.guards.results import CheckResults
from penstock.rules.guards.scanning import Finding

MAX_KIND_CHARS: Final = 40  # of a placeholder
_RESCAN: Final = 8  # a part that waits is read again when it has grown by an eighth


class _Edits:
    """Replacements of one text. They overlap if several checks found them: the one that begins
    first is applied whole, the rest of another one after it."""

    __slots__ = ("_removed", "_waiting")

    def __init__(self) -> None:
        self._waiting: list[tuple[int, int, int, str]] = []  # start, order of the check, end
        self._removed = 0  # all before is rendered or removed

    def add(self, start: int, order: int, end: int, text: str) -> None:
        heappush(self._waiting, (start, order, end, text))

    def render(self, text: str, base: int, start: int, end: int) -> str:
        """Returns the part of the text from `start` to `end`, with replacements. The text begins at
        `base`. Parts are rendered in their order."""
        pieces: list[str] = []
        at = max(start, self._removed)
        while self._waiting and max(self._waiting[0][0], self._removed) < end:
            first, _, last, replacement = heappop(self._waiting)
            if last <= self._removed:
                continue
            first = max(first, self._removed)
            pieces += (text[at - base : first - base], replacement)
            self._removed = last
            at = min(last, end)
        if at < end:
            pieces.append(text[at - base : end - base])
        return "".join(pieces)


class _Reading:
    """The progress of one check in the text."""

    __slots__ = ("active", "failed", "next", "order")

    def __init__(self, active: ActiveCheck, order: int) -> None:
        self.active = active
        self.order = order
        self.next = 0
        self.failed = False


class GuardedText:
    """One text. Positions count characters from its begin. `decided`: no finding can begin before
    this position that is not known."""

    def __init__(self, checks: Sequence[ActiveCheck], place: Place, results: CheckResults) -> None:
        self._readings = [_Reading(active, order) for order, active in enumerate(checks)]
        self._place = place
        self._results = results
        self._edits = _Edits()
        self._text = ""
        self._base = 0  # position of the first character that is kept
        self._new: list[str] = []
        self._new_size = 0
        self._look_behind = max((_look_behind(active) for active in checks), default=0)
        self._edited = False
        self.size = 0
        self.decided = 0

    def add(self, piece: str) -> int:
        """Adds a piece of the text. Returns its end. Raises `GuardrailBlocked` if a check finds
        what it blocks, and `GuardrailFailed`."""
        self.size += len(piece)
        self._new.append(piece)
        self._new_size += len(piece)
        waiting = self.size - self._new_size - self.decided
        if self._new_size * _RESCAN >= waiting:
            self._scan(whole=False)
        return self.size

    def end(self) -> None:
        """Notes that the text is whole. Raises like `add`."""
        self._scan(whole=True)

    def render(self, start: int, end: int) -> str | None:
        """Returns a decided part of the text with replacements; `None` if nothing has changed. The
        parts are rendered in their order."""
        if not self._edited:
            return None
        rendered = self._edits.render(self._text, self._base, start, end)
        return None if rendered == self._text[start - self._base : end - self._base] else rendered

    def forget(self, end: int) -> None:
        """Drops what is not needed once all before `end` has been rendered."""
        needed = [each.next for each in self._readings if not each.failed]
        kept = min([end, *needed]) - self._look_behind
        if kept - self._base > self._look_behind:
            self._text = self._text[kept - self._base :]
            self._base = kept

    def give_up(self) -> None:
        """Leaves out all checks: what has come so far is decided."""
        for reading in self._readings:
            reading.failed = True
        self.end()

    def _scan(self, *, whole: bool) -> None:
        if self._new:
            self._text = "".join((self._text, *self._new))
            self._new.clear()
            self._new_size = 0
        decided = self.size
        for reading in self._readings:
            if not reading.failed:
                decided = min(decided, self._read(reading, whole=whole))
        self.decided = decided

    def _read(self, reading: _Reading, *, whole: bool) -> int:
        """Returns the position before which the check has found everything."""
        active, scanner = reading.active, reading.active.local
        if scanner is None:
            return self._fail(reading)
        begun, start = self._results.now_ns(), reading.next - self._base
        try:
            findings, position = scanner.scan(self._text, start, whole=whole)
        except Exception as error:  # noqa: BLE001 - a plugin: its policy decides
            return self._fail(reading, f"it failed with {type(error).__name__}")
        if not self._results.took(active, self._place, self._results.now_ns() - begun):
            reading.failed = True  # what it has found still counts
        first = len(self._text) - (0 if whole else scanner.max_chars)
        in_range = max(first, start) <= position <= len(self._text)
        if not in_range or not are_valid(findings, start, self._text):
            return self._fail(reading, "its findings are not valid")
        last = start
        for each in findings:
            if each.start < position:
                self._note(reading, each)
                last = each.end
        reading.next = self._base + max(position, last)
        return self._base + position

    def _fail(self, reading: _Reading, reason: str = "") -> int:
        """Leaves a check out from here on."""
        reading.failed = True
        if reason:
            self._results.failed(reading.active, self._place, reason)
        return self.size

    def _note(self, reading: _Reading, found: Finding) -> None:
        self._results.found(reading.active, self._place)
        if reading.active.check.action is Action.REDACT:
            self._edited = True
            base = self._base
            self._edits.add(found.start + base, reading.order, found.end + base, placeholder(found))


def placeholder(found: Finding) -> str:
    """Returns what replaces a redacted part."""
    if found.replacement is not None:
        return found.replacement
    return f"[{found.kind[:MAX_KIND_CHARS]}]"


def are_valid(findings: Sequence[Finding], start: int, text: str) -> bool:
    """Returns whether findings are in order, do not overlap, and are parts of the text."""
    for each in findings:
        if not start <= each.start < each.end <= len(text):
            return False
        start = each.end
    return True


def _look_behind(active: ActiveCheck) -> int:
    return active.local.look_behind if active.local is not None else 0
