"""Near-duplicates: texts whose sets of word shingles have a large Jaccard similarity.

Of a large set only the `SKETCH` smallest hashes are kept, which estimate its similarity (A. Broder,
"On the resemblance and containment of documents", 1997); sets that are not larger are compared
exactly. MinHash with bands (J. Leskovec, A. Rajaraman, J. Ullman, "Mining of Massive Datasets",
section 3.4) finds what is worth a comparison: two texts of similarity s with the probability
1 - (1 - s^ROWS)^BANDS, which is 0.9998 at 0.8 and 0.12 at 0.3.
"""

import hashlib
import heapq
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

BANDS: Final = 16  # of a signature
ROWS: Final = 4  # of a band
SKETCH: Final = 128  # hashes that are kept of a text
WORDS: Final = 3  # of a shingle
MAX_WORDS: Final = 4000  # of a text that are compared; those after them are not
MAX_COMPARED: Final = 8  # texts of a band that are compared with a new one; the first ones stay
LEAST_SIMILARITY: Final = 0.8  # of near-duplicates, if nothing else is said

_PRIME: Final = (1 << 61) - 1
_WORD: Final = re.compile(r"\w+")

Sketch = Sequence[int]  # sorted


def shingles(text: str) -> frozenset[int]:
    """Returns the hashes of all runs of `WORDS` words, without case and punctuation. A shorter text
    is one shingle."""
    words = [each[0].casefold() for each in islice(_WORD.finditer(text), MAX_WORDS)]
    runs = (words[at : at + WORDS] for at in range(max(1, len(words) - WORDS + 1)))
    return frozenset(_hash(" ".join(run)) for run in runs)


def sketch(members: Iterable[int]) -> Sketch:
    """Returns the smallest hashes of a set."""
    return array("Q", heapq.nsmallest(SKETCH, members))


def similarity(one: Sketch, other: Sketch) -> float:
    """Returns the Jaccard similarity of two sets by their sketches: exact for sets of fewer than
    `SKETCH` members, else with a standard error of at most 0.05."""
    known, others = set(one), set(other)
    size = SKETCH if SKETCH in (len(known), len(others)) else len(known) + len(others)
    union = heapq.nsmallest(size, known | others)
    return sum(each in known and each in others for each in union) / len(union)


class NearDuplicates:
    """Groups texts by similarity. Texts that are connected by a chain of similar ones are in one
    group. Memory: about 1 KB for each text."""

    def __init__(self, least: float = LEAST_SIMILARITY) -> None:
        self._least = least
        self._groups: list[int] = []
        self._sketches: list[Sketch] = []
        self._bands: dict[tuple[int, ...], list[int]] = {}
        self._permutations = [
            (_hash(f"factor {number}") | 1, _hash(f"offset {number}"))
            for number in range(BANDS * ROWS)
        ]

    def add(self, text: str) -> int:
        """Adds a text. Returns its number: 0, 1, 2, …"""
        number, own = len(self._groups), sketch(shingles(text))
        self._groups.append(number)
        self._sketches.append(own)
        for band in self._bands_of(own):
            near = self._bands.setdefault(band, [])
            if not self._join(number, near) and len(near) < MAX_COMPARED:
                near.append(number)
        return number

    def join(self, number: int, other: int) -> None:
        """Puts two texts into one group."""
        first, second = sorted((self.group(number), self.group(other)))
        self._groups[second] = first

    def group(self, number: int) -> int:
        """Returns the number of the first text in the group of a text."""
        while self._groups[number] != number:
            self._groups[number] = self._groups[self._groups[number]]
            number = self._groups[number]
        return number

    def _join(self, number: int, near: Sequence[int]) -> bool:
        """Joins the groups of a text and of those that are similar; returns whether one is."""
        found = False
        for other in near:
            joined = self.group(other) == self.group(number)
            if not joined and self._similar(number, other):
                self.join(number, other)
                joined = True
            found = found or joined
        return found

    def _similar(self, number: int, other: int) -> bool:
        return similarity(self._sketches[number], self._sketches[other]) >= self._least

    def _bands_of(self, own: Sketch) -> Iterator[tuple[int, ...]]:
        minima = [
            min((factor * member + offset) % _PRIME for member in own)
            for factor, offset in self._permutations
        ]
        for place in range(BANDS):
            yield (place, *minima[place * ROWS : (place + 1) * ROWS])


def group_texts(texts: Iterable[str], least: float = LEAST_SIMILARITY) -> list[int]:
    """Returns for each text the number of the first one of its group."""
    found = NearDuplicates(least)
    numbers = [found.add(text) for text in texts]
    return [found.group(number) for number in numbers]


def _hash(text: str) -> int:
    digest = hashlib.blake2b(text.encode(errors="replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % _PRIME
