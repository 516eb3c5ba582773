"""Makes strings and numbers that are valid for a schema."""

import math
import re
from typing import Final

from penstock.sim.patterns import sample
from penstock.sim.prose import phrase
from penstock.sim.schemas import Schema, unsupported
from penstock.sim.seeded_random import SeededRandom

_TRIES: Final = 50
_LONGEST: Final = 100_000  # characters of a string that a schema may require
_WIDTH: Final = 100  # of a range without a bound on one side
_FORMATS: Final = {
    "date": "20{0}-0{1}-1{2}",
    "time": "1{2}:0{1}:00Z",
    "date-time": "20{0}-0{1}-1{2}T08:30:00Z",
    "duration": "PT{0}M",
    "email": "operator{0}@example.com",
    "hostname": "gate-{0}.example.com",
    "ipv4": "192.0.2.{0}",
    "ipv6": "2001:db8::{0}",
    "uri": "https://example.com/{0}",
    "uuid": "00000000-0000-4000-8000-0000000000{0}",
}


def make_string(schema: Schema, rng: SeededRandom) -> str:
    """Returns a few words, or a string for `pattern` or `format`, within the allowed length."""
    low = schema.get("minLength", 0)
    high = schema.get("maxLength", max(low, 200))
    if low > _LONGEST:
        raise unsupported(f"`minLength` is above {_LONGEST}")
    if pattern := schema.get("pattern"):
        return _matching(pattern, low, high, rng)
    if (form := _FORMATS.get(schema.get("format", ""))) is not None:
        return form.format(rng.between(10, 49), rng.between(1, 9), rng.between(0, 9))
    text = phrase(rng)
    while len(text) < low:
        text += " " + phrase(rng)
    return text[:high]


def make_integer(schema: Schema, rng: SeededRandom) -> int:
    """Returns an integer in the range that is a multiple of `multipleOf`."""
    low, high = _range(schema, 1)
    step = schema.get("multipleOf", 1)
    if step != int(step):
        raise unsupported("`multipleOf` of an integer must be an integer")
    return _multiple(low, high, int(step), rng) * int(step)


def make_number(schema: Schema, rng: SeededRandom) -> float:
    """Returns a number in the range with at most two decimals, or a multiple of `multipleOf`."""
    low, high = _range(schema, 0.01)
    if step := schema.get("multipleOf"):
        return _multiple(low, high, step, rng) * step
    value = round(low + (high - low) * rng.fraction(), 2)
    return min(max(value, low), high)


def _matching(pattern: str, low: int, high: int, rng: SeededRandom) -> str:
    try:
        wanted = re.compile(pattern)
    except re.error as error:
        raise unsupported(f"the pattern {pattern!r} is invalid ({error})") from None
    for _ in range(_TRIES):
        text = sample(pattern, rng)
        if low <= len(text) <= high and wanted.search(text):
            return text
    raise unsupported(f"no string found for the pattern {pattern!r}")


def _multiple(low: float, high: float, step: float, rng: SeededRandom) -> int:
    least, most = math.ceil(low / step), math.floor(high / step)
    if least > most:
        raise unsupported("no multiple of `multipleOf` is in its range")
    return rng.between(least, most)


def _range(schema: Schema, nudge: float) -> tuple[float, float]:
    """Returns the closed range; replaces missing bounds by defaults."""
    low: float | None = schema.get("minimum")
    high: float | None = schema.get("maximum")
    if (above := schema.get("exclusiveMinimum")) is not None:
        low = max(above + nudge, above if low is None else low)
    if (below := schema.get("exclusiveMaximum")) is not None:
        high = min(below - nudge, below if high is None else high)
    if low is None:
        low = 0 if high is None or high >= 0 else high - _WIDTH
    if high is None:
        high = low + _WIDTH
    if low > high:
        raise unsupported("no number is in its range")
    return low, high
