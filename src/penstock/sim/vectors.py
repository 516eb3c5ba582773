"""Vectors of texts without a model: hashed words and trigrams, so that similar texts are close.

Feature hashing (Weinberger et al. 2009): each feature adds ±1 at an index given by its hash.
"""

import hashlib
import math
import re
from array import array
from typing import Final

_WORD: Final = re.compile(r"\w+")


def embed(text: str | list[int], size: int, seed: int) -> "array[float]":
    """Returns a unit vector of `size` 32-bit floats."""
    sums = [0.0] * size
    for feature, weight in _features(text):
        value = int.from_bytes(hashlib.blake2b(feature, digest_size=8, salt=_salt(seed)).digest())
        sums[(value >> 1) % size] += weight if value & 1 else -weight
    if not any(sums):
        sums[0] = 1.0
    length = math.sqrt(math.fsum(value * value for value in sums))
    return array("f", [value / length for value in sums])


def _salt(seed: int) -> bytes:
    return (seed & (1 << 64) - 1).to_bytes(8, "little")


def _features(text: str | list[int]) -> list[tuple[bytes, float]]:
    if isinstance(text, list):
        return [(str(token).encode(), 1.0) for token in text]
    features: list[tuple[bytes, float]] = []
    for word in _WORD.findall(text.lower()):
        features.append((word.encode(), 1.0))
        triples = (f"<{word}>"[i : i + 3] for i in range(len(word)))
        features.extend((triple.encode(), 0.5) for triple in triples)
    return features
