"""What scanners find in texts. Scanners are made by detectors (`spi.guard`)."""

from collections.abc import Awaitable, Sequence
from typing import NamedTuple, Protocol, runtime_checkable


class Finding(NamedTuple):
    """A part of a text, in characters. `kind` names what it is, as the detector calls it, and never
    quotes the text: `[kind]` replaces a redacted part. `replacement` is used in place of that."""

    start: int
    end: int
    kind: str
    replacement: str | None = None


@runtime_checkable
class Scanner(Protocol):
    """Finds parts of texts without I/O, in time linear in the text. It has no state.

    `max_chars`: the longest part that it finds, together with the characters after it that decide
    about it. `look_behind`: the characters before a part that decide about it.
    """

    @property
    def max_chars(self) -> int: ...
    @property
    def look_behind(self) -> int: ...

    def may_be_in(self, document: bytes) -> bool:
        """Returns false if no string of a JSON document without `\\u` escapes can have a finding.
        It is called for every call: microseconds."""
        ...

    def scan(self, text: str, start: int, *, whole: bool) -> tuple[Sequence[Finding], int]:
        """Returns the findings from `start` on, in their order and without overlaps, and the
        position before which no other finding can begin, however the text goes on. Nothing follows
        if the text is `whole`: then this is its length.

        The findings before that position are the same for every longer text. It is at most
        `max_chars` before the end of the text.
        """
        ...


class RemoteScanner(Protocol):
    """Finds parts of whole texts with I/O, or slowly."""

    def find(self, texts: Sequence[str]) -> Awaitable[Sequence[Sequence[Finding]]]:
        """Returns the findings of each text, in their order and without overlaps. May be cancelled
        at any time. May raise anything: the policy decides about texts that cannot be judged."""
        ...
