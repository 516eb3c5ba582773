"""The words that differ between two texts.

Words that are unique on both sides are anchors (patience diff): first of lines, then of words. The
rest between anchors is compared pairwise only while that is cheap, so the time is bounded by
n log n with a limit on top, whatever the texts are.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Final, Literal, NamedTuple

MAX_PAIRS: Final = 400_000  # of words compared pairwise in one diff; then whole parts differ
MAX_ANCHOR_DEPTH: Final = 8  # of anchors between anchors; then whole parts differ
_LINE: Final = re.compile(r"[^\n]*\n|[^\n]+")
_WORD: Final = re.compile(r"\n|[^\S\n]+|\d+(?:\.\d+)+|\w+|[^\w\s]")

Operation = Literal["equal", "insert", "delete"]


class Piece(NamedTuple):
    """A part of both texts (`equal`), of the new one (`insert`), or of the old one (`delete`)."""

    operation: Operation
    text: str


def diff_words(old: str, new: str) -> list[Piece]:
    """Returns the pieces in order: without inserts they are the old text, without deletes the new
    one."""
    budget = _PairBudget()
    pieces: list[Piece] = []
    for removed, added in _paired(budget.compare(_LINE.findall(old), _LINE.findall(new), 0)):
        if removed is None or added is None or removed == added:
            pieces += _simple(removed, added)
        else:
            blocks = budget.compare(_WORD.findall(removed), _WORD.findall(added), 0)
            pieces += (Piece(operation, "".join(part)) for operation, part in blocks)
    return list(_merged(pieces))


_Block = tuple[Operation, Sequence[str]]


class _PairBudget:
    """Compares sequences, and counts the pairs that it compares."""

    def __init__(self) -> None:
        self._pairs = MAX_PAIRS

    def compare(self, old: Sequence[str], new: Sequence[str], depth: int) -> Iterator[_Block]:
        """Yields blocks in order."""
        start = _common(old, new)
        end = _common(old[start:][::-1], new[start:][::-1])
        yield from _block("equal", old[:start])
        middle, other = old[start : len(old) - end], new[start : len(new) - end]
        yield from self._middle(middle, other, depth)
        yield from _block("equal", old[len(old) - end :])

    def _middle(self, old: Sequence[str], new: Sequence[str], depth: int) -> Iterator[_Block]:
        anchors = _anchors(old, new) if old and new and depth < MAX_ANCHOR_DEPTH else []
        if not anchors:
            yield from self._pairwise(old, new)
            return
        at, other = 0, 0
        for left, right in anchors:
            yield from self.compare(old[at:left], new[other:right], depth + 1)
            yield "equal", old[left : left + 1]
            at, other = left + 1, right + 1
        yield from self.compare(old[at:], new[other:], depth + 1)

    def _pairwise(self, old: Sequence[str], new: Sequence[str]) -> Iterator[_Block]:
        self._pairs -= len(old) * len(new)
        if not old or not new or self._pairs < 0:
            yield from _block("delete", old)
            yield from _block("insert", new)
            return
        for operation, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if operation == "equal":
                yield "equal", old[a:b]
            else:
                yield from _block("delete", old[a:b])
                yield from _block("insert", new[c:d])


def _common(old: Sequence[str], new: Sequence[str]) -> int:
    """The length of the common beginning."""
    at = 0
    for one, other in zip(old, new, strict=False):
        if one != other:
            break
        at += 1
    return at


def _anchors(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """The positions of items that are unique on both sides, in the longest common order."""
    counts, others = Counter(old), Counter(new)
    place = {item: at for at, item in enumerate(new) if others[item] == 1}
    pairs = [
        (at, place[item]) for at, item in enumerate(old) if counts[item] == 1 and item in place
    ]
    ends: list[int] = []  # the last position of the best order of each length
    links: list[int] = []
    best: list[int] = []
    for index, (_, position) in enumerate(pairs):
        length = bisect_left(ends, position)
        links.append(best[length - 1] if length else -1)
        ends[length : length + 1] = [position]
        best[length : length + 1] = [index]
    found: list[tuple[int, int]] = []
    index = best[-1] if best else -1
    while index >= 0:
        found.append(pairs[index])
        index = links[index]
    return found[::-1]


def _block(operation: Operation, items: Sequence[str]) -> Iterator[_Block]:
    if items:
        yield operation, items


def _paired(blocks: Iterator[_Block]) -> Iterator[tuple[str | None, str | None]]:
    """Joins each deleted block with the inserted one after it; an equal block is both."""
    removed: str | None = None
    for operation, items in blocks:
        text = "".join(items)
        if operation == "delete":
            if removed is not None:
                yield removed, None
            removed = text
        elif operation == "insert":
            yield removed, text
            removed = None
        else:
            if removed is not None:
                yield removed, None
            removed = None
            yield text, text
    if removed is not None:
        yield removed, None


def _simple(removed: str | None, added: str | None) -> list[Piece]:
    if removed == added and removed is not None:
        return [Piece("equal", removed)]
    if removed is not None:
        return [Piece("delete", removed)]
    return [Piece("insert", added or "")]


def _merged(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Joins neighbours of one operation."""
    present: Piece | None = None
    for piece in pieces:
        if not piece.text:
            continue
        if present is not None and present.operation == piece.operation:
            present = Piece(piece.operation, present.text + piece.text)
        else:
            if present is not None:
                yield present
            present = piece
    if present is not None:
        yield present
