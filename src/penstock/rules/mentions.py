"""Mentions of users in texts: `@ann` or `@ann@example.org`. Who is meant, only the members of the
project decide: see `find_mentioned`."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

MAX_MENTIONS: Final = 20  # of different users in one text; the first ones count
MAX_NAME_CHARS: Final = 254  # of a mention, as of an e-mail address

_MENTION: Final = re.compile(
    r"(?<![\w.@/+-])@([A-Za-z0-9][\w.+-]{0,63}(?:@[A-Za-z0-9][A-Za-z0-9.-]{0,189})?)", re.ASCII
)


def mentioned_names(text: str) -> tuple[str, ...]:
    """Returns what stands behind the `@` of each mention, in lower case, each once, in order."""
    names = (found[1].rstrip(".-").lower() for found in _MENTION.finditer(text))
    return tuple(dict.fromkeys(names))[:MAX_MENTIONS]


def find_mentioned(names: Iterable[str], addresses: Mapping[str, str]) -> list[str]:
    """Returns the ids of those whom names mean, in order. `addresses`: ids by e-mail address. A
    name without a domain means the one whose address begins with it; if several do, nobody."""
    ids = {address.lower(): found for address, found in addresses.items()}
    short = Counter(address.partition("@")[0] for address in ids)
    ids |= {
        address.partition("@")[0]: found
        for address, found in ids.items()
        if short[address.partition("@")[0]] == 1
    }
    return list(dict.fromkeys(ids[name] for name in names if name in ids))
