"""Divides items over splits by their shares: the same seed gives the same division, also when other
items come. What belongs together stays together."""

import hashlib
import math
import re
from collections.abc import Mapping
from typing import Final

from penstock.kernel.errors import InvalidRequest

MAX_SPLITS: Final = 10  # of a dataset
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_ALL: Final = 1 << 64


def check_shares(shares: Mapping[str, float]) -> None:
    """Raises `InvalidRequest` unless the shares of all splits are 1 together."""
    if not 1 <= len(shares) <= MAX_SPLITS or not all(map(_NAME.fullmatch, shares)):
        raise InvalidRequest(
            f"Name 1 to {MAX_SPLITS} splits.",
            hint="Use lower-case letters, digits, and . _ -, such as test=0.2",
            param="shares",
        )
    if not all(share > 0 for share in shares.values()) or not math.isclose(
        sum(shares.values()), 1, abs_tol=1e-6
    ):
        raise InvalidRequest(
            "The shares of splits are above 0, and 1 together.",
            hint="For example train=0.8 test=0.2",
            param="shares",
        )


def split_of(key: str, shares: Mapping[str, float], seed: int) -> str:
    """Returns the split of what has this key: a group, or an id. The shares are valid. `shares` in
    another order give the same split only if the order of names is the same."""
    digest = hashlib.sha256(f"{seed}\0{key}".encode()).digest()
    place = int.from_bytes(digest[:8], "big") / _ALL
    names = list(shares)
    for name in names:
        place -= shares[name]
        if place < 0:
            return name
    return names[-1]
