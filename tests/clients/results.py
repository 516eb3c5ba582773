"""What the suites found, and the known limits: `limits.toml`."""

import json
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import msgspec

_LIMITS = Path(__file__).with_name("limits.toml")


class Result(msgspec.Struct, frozen=True):
    """One test of a suite: `row` is the client, `provider` what is behind the gateway."""

    row: str
    provider: str
    test: str
    outcome: Literal["passed", "failed", "skipped"]
    reason: str


class Limit(msgspec.Struct, frozen=True):
    """Tests that cannot pass, whose limit it is, and why."""

    rows: list[str]
    providers: list[str]
    tests: list[str]
    whose: Literal["client", "simulator", "provider's format"]
    reason: str

    def names(self) -> set[tuple[str, str, str]]:
        return {(r, p, t) for r in self.rows for p in self.providers for t in self.tests}


class Limits(msgspec.Struct):
    limit: list[Limit] = []


def read_limits() -> list[Limit]:
    return msgspec.convert(tomllib.loads(_LIMITS.read_text("utf-8")), Limits).limit


def read_results(text: str) -> list[Result]:
    return msgspec.convert(json.loads(text), list[Result])


def key(result: Result) -> tuple[str, str, str]:
    return result.row, result.provider, result.test


def surprises(results: Sequence[Result], limits: Iterable[Limit]) -> list[str]:
    """What failed and is not listed, and what is listed and did not fail."""
    known = {name for limit in limits for name in limit.names()}
    rows = {result.row for result in results}
    failed = {key(r): r.reason for r in results if r.outcome == "failed"}
    new = [f"{' / '.join(name)}: {failed[name]}" for name in sorted(failed.keys() - known)]
    gone = sorted(name for name in known - failed.keys() if name[0] in rows)
    return new + [f"{' / '.join(name)}: is listed in limits.toml and passes" for name in gone]


def skipped(results: Iterable[Result]) -> dict[tuple[str, str], set[str]]:
    """The tests that did not run, by client and reason."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for each in results:
        if each.outcome == "skipped":
            found[each.row, each.reason.removeprefix("Skipped: ")].add(each.test)
    return found
