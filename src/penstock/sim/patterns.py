"""Makes strings that match a regular expression, for the syntax that schemas use.

Supports literals, classes, `\\d \\w \\s .`, groups, alternatives and repetition. Rejects
look-around, back-references and inner anchors. The caller checks the result with `re`.
"""

import string
from collections.abc import Callable
from typing import TypeAlias

from penstock.kernel.errors import InvalidRequest
from penstock.sim.seeded_random import SeededRandom

_CLASSES = {
    "d": string.digits,
    "w": string.ascii_lowercase + string.digits + "_",
    "s": " ",
    "D": string.ascii_lowercase,
    "W": "-",
    "S": string.ascii_lowercase,
}
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}
_PRINTABLE = string.ascii_letters + string.digits + " -_.,:;!?/@#"
_MOST = 1000  # repetitions that a pattern may require
_MORE = 4  # repetitions beyond the minimum of an open range

_Maker: TypeAlias = Callable[[], str]


def sample(pattern: str, rng: SeededRandom) -> str:
    """Returns a string that the pattern should match. Raises `InvalidRequest` for unsupported
    syntax."""
    parser = _Parser(pattern, rng)
    text = parser.alternatives()()
    if parser.rest:
        raise parser.unsupported()
    return text


class _Parser:
    """A recursive descent parser. Turns each construct into a function that makes a string."""

    def __init__(self, pattern: str, rng: SeededRandom) -> None:
        self.rest = pattern
        self._pattern = pattern
        self._rng = rng

    def unsupported(self) -> InvalidRequest:
        return InvalidRequest(
            f"The simulator cannot make a string for the pattern {self._pattern!r}.",
            code="unsupported_schema",
        )

    def alternatives(self) -> _Maker:
        branches = [self._sequence()]
        while self._take("|"):
            branches.append(self._sequence())
        if len(branches) == 1:
            return branches[0]
        return lambda: self._rng.pick(branches)()  # noqa: PLW0108 - drawn anew for each string

    def _sequence(self) -> _Maker:
        parts: list[_Maker] = []
        while self.rest and self.rest[0] not in "|)":
            if self._take("^") or self._take("$"):
                continue
            parts.append(self._counted(self._atom()))
        return lambda: "".join(part() for part in parts)

    def _atom(self) -> _Maker:
        match char := self._next():
            case "(":
                return self._group()
            case "[":
                return self._one_of(self._class())
            case ".":
                return self._one_of(_PRINTABLE)
            case "\\":
                return self._one_of(self._escape())
            case _ if char in "*+?":
                raise self.unsupported()
            case _:
                return lambda: char

    def _group(self) -> _Maker:
        if self._take("?") and not self._take(":"):
            if not (self._take("P<") or self._take("<")) or self.rest[:1] in "=!":
                raise self.unsupported()
            self.rest = self.rest.partition(">")[2]
        inside = self.alternatives()
        if not self._take(")"):
            raise self.unsupported()
        return inside

    def _escape(self) -> str:
        char = self._next()
        if char in _CLASSES:
            return _CLASSES[char]
        if char.isalnum() and char not in _CONTROLS:
            raise self.unsupported()
        return _CONTROLS.get(char, char)

    def _class(self) -> str:
        negated = self._take("^")
        members = ""
        while not self._take("]") or not members:
            first = self._member()
            if len(first) == 1 and self.rest[:1] == "-" and self.rest[1:2] not in ("]", ""):
                self._take("-")
                members += "".join(map(chr, range(ord(first), ord(self._member()) + 1)))
            else:
                members += first
        if not negated:
            return members
        return "".join(char for char in _PRINTABLE if char not in members)

    def _member(self) -> str:
        return self._escape() if self._take("\\") else self._next()

    def _counted(self, part: _Maker) -> _Maker:
        low, high = self._count()
        self._take("?")  # lazy repetition makes the same strings
        if (low, high) == (1, 1):
            return part
        if high > _MOST:
            raise self.unsupported()
        return lambda: "".join(part() for _ in range(self._rng.between(low, high)))

    def _count(self) -> tuple[int, int]:
        if self._take("*"):
            return 0, _MORE
        if self._take("+"):
            return 1, 1 + _MORE
        if self._take("?"):
            return 0, 1
        if not self._take("{"):
            return 1, 1
        inside, closed, self.rest = self.rest.partition("}")
        low, comma, high = inside.partition(",")
        if not closed or not low.isdecimal() or not (high or "0").isdecimal():
            raise self.unsupported()
        if not comma:
            return int(low), int(low)
        return int(low), int(high) if high else int(low) + _MORE

    def _one_of(self, chars: str) -> _Maker:
        if not chars:
            raise self.unsupported()
        return lambda: self._rng.pick(chars)

    def _next(self) -> str:
        if not self.rest:
            raise self.unsupported()
        char, self.rest = self.rest[0], self.rest[1:]
        return char

    def _take(self, text: str) -> bool:
        if not self.rest.startswith(text):
            return False
        self.rest = self.rest[len(text) :]
        return True
