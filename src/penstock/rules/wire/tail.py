"""Finds an object near the end of a JSON document whose beginning was not kept."""

import re


def last_object(tail: bytes, name: bytes) -> bytes:
    """Returns the last object that is a member `name` and complete; empty if there is none."""
    for match in reversed(list(re.finditer(rb'"%b"\s*:\s*(?=\{)' % re.escape(name), tail))):
        depth = 0
        for at in range(match.end(), len(tail)):
            depth += (tail[at] == 0x7B) - (tail[at] == 0x7D)
            if depth == 0:
                return tail[match.end() : at + 1]
    return b""
