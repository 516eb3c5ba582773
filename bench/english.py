"""English text for payloads: word pairs as frequent as in the manual that comes with Python.

It compresses like prose, unlike a repeated sentence or random letters. The same seed gives the same
text with the same Python version.
"""

import itertools
import random
import re
from collections import defaultdict
from functools import cache
from pydoc_data.topics import topics


@cache
def _followers() -> dict[str, list[str]]:
    words = re.findall(r"\b(?:[A-Z]?[a-z']{2,}|a|I)\b[.,;:?]?", " ".join(topics.values()))
    found: defaultdict[str, list[str]] = defaultdict(list)
    for word, follower in itertools.pairwise(words):
        found[word].append(follower)
    return dict(found)


class English:
    """Draws texts: each word is one that follows the word before it in the manual."""

    def __init__(self, source: random.Random) -> None:
        self._source, self._followers = source, _followers()
        self._word = "The"

    def text(self, size: int) -> str:
        """Returns a text of exactly `size` characters."""
        words: list[str] = []
        length = 0
        while length <= size:
            followers = self._followers.get(self._word)
            self._word = self._source.choice(followers) if followers else "The"
            words.append(self._word)
            length += len(self._word) + 1
        return " ".join(words)[:size]
