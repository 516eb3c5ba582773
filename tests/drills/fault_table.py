"""The table of docs/drill.md: what is right for each fault of a provider."""

import re
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "drill.md"
ROW = re.compile(
    r"^\| `(?P<fault>[a-z-]+)` \| [^|]+ \| (?P<status>\d+)(?:, then (?P<code>\w+))? "
    r"\| (?P<within>\d+) s \| (?P<attempts>[^|]+) \|$",
    re.MULTILINE,
)
ALONE = frozenset(("rate-limited-once", "error-once"))
BY_NAME = frozenset(("cut", "stall", "malformed", "no-terminator", "slow-stream"))
AFTER = {"context-length": ("context_length",), "content-filter": ("content_filter",)}
LIMITS = {"first_byte_timeout_ms": 1000, "silence_timeout_ms": 1000, "connect_timeout_ms": 2000}


@dataclass(frozen=True)
class Expected:
    """A row of the page."""

    fault: str
    status: int
    code: str
    within_s: float
    attempts: tuple[tuple[str, str], ...]


def _read(found: re.Match[str]) -> Expected:
    attempts = re.findall(r"`([ab])` (\w+)", found["attempts"])
    steps = tuple((name, "" if outcome == "ok" else outcome) for name, outcome in attempts)
    return Expected(
        found["fault"], int(found["status"]), found["code"] or "", float(found["within"]), steps
    )


EXPECTED = {row.fault: row for row in map(_read, ROW.finditer(PAGE.read_text("utf-8")))}


def right_attempts(expected: Expected) -> set[tuple[tuple[str, str], ...]]:
    """The attempts of the page, and those of a call that did not meet the fault."""
    right = {expected.attempts}
    if expected.fault == "name-gone":
        right.add((("a", "upstream_connect_timeout"), ("b", "")))
    if len(expected.attempts) > 1 and expected.fault not in ALONE:
        right.add(expected.attempts[1:])  # `a` has failed before
    if expected.fault in ALONE or expected.fault == "flapping":
        right.add((("a", ""),))
    if expected.fault == "all-down":
        right |= {(), expected.attempts[:1]}  # so has `b`
    return right
