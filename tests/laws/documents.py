"""Strategies for unusual JSON documents, as bytes: valid, borderline and invalid ones."""

import json
from functools import cache
from typing import Final, TypeVar

from hypothesis import strategies as st

Bytes = st.SearchStrategy[bytes]

T = TypeVar("T")

DEEPEST: Final = 2_000
_ODD_TEXTS: Final = (
    b"",
    b"plain",
    b"\\u2028\\u2029",
    "\u2028\u2029\u0085".encode(),
    b"\\ud800",  # a lone surrogate, escaped
    b"\\udfff\\ud800",
    b"\\u0000",
    b"\\r\\n\\t",
    b'\\"}]',
    b"\xff\xfe",  # invalid UTF-8
    b"\xed\xa0\x80",  # an encoded surrogate
    b"\xf4\x90\x80\x80",  # beyond Unicode
    b"\x01\x7f",  # raw control characters: invalid JSON
    b"\\x",  # no JSON escape
    "é漢字🙂\u202e".encode(),
    b"data: [DONE]\\n\\n",
    b"../../etc/passwd",
    b"{{7*7}}",
    b"' OR 1=1 --",
    b"PNST\\u0001\\u0002",
)
_ODD_NUMBERS: Final = (
    *(
        "0",
        "-0",
        "1",
        "-1",
        "1.5",
        "-1e-7",
        "1e308",
        "1e309",
        "-1e999",
        "1e-400",
        "01",
        "+1",
        "1.",
        ".5",
    ),
    *("9007199254740993", "2147483648", "9223372036854775807", "9223372036854775808"),
    *("18446744073709551615", "18446744073709551616", "-9223372036854775809", "9" * 40),
    *("9" * 400, "1" + "0" * 4400, "NaN", "Infinity", "0x10"),
)
_WORDS: Final = (b"null", b"true", b"false", b"nul", b"True", b"")
SPACES: Final = st.sampled_from((b"", b"", b"", b" ", b"\n\t ", b"\xef\xbb\xbf", b"\x00", b"\x0c"))


def weighted(*choices: tuple[int, st.SearchStrategy[T]]) -> st.SearchStrategy[T]:
    """Selects a strategy by weight (`one_of` has no weights and merges equal strategies)."""
    table = [strategy for weight, strategy in choices for _ in range(weight)]
    return st.integers(0, len(table) - 1).flatmap(table.__getitem__)


def _quoted(text: bytes) -> bytes:
    return b'"' + text + b'"'


@cache
def texts(longest: int = 20_000) -> Bytes:
    """Quoted strings: short unusual ones, sometimes a long one."""
    odd = st.lists(st.sampled_from(_ODD_TEXTS), min_size=1, max_size=3).map(b"".join)
    any_ = st.text(max_size=20).map(lambda text: json.dumps(text).encode()[1:-1])
    long = st.tuples(st.sampled_from((b"a", b"\\u0001", "漢".encode())), st.integers(1, longest))
    repeated = long.map(lambda pair: pair[0] * pair[1])
    return weighted((4, odd), (4, any_), (1, repeated)).map(_quoted)


@cache
def numbers() -> Bytes:
    """Numbers, and texts that look like numbers."""
    known = st.sampled_from(_ODD_NUMBERS).map(str.encode)
    return st.one_of(known, st.integers(-(2**70), 2**70).map(lambda n: str(n).encode()))


@cache
def leaves() -> Bytes:
    return st.one_of(texts(200), numbers(), st.sampled_from(_WORDS))


def arrays(items: Bytes, max_size: int = 4) -> Bytes:
    return st.lists(items, max_size=max_size).map(lambda found: b"[" + b",".join(found) + b"]")


def objects(values: Bytes, names: Bytes | None = None, max_size: int = 4) -> Bytes:
    """Objects, possibly with duplicate members."""
    pairs = st.tuples(texts(50) if names is None else names, values).map(b":".join)
    return st.lists(pairs, max_size=max_size).map(lambda found: b"{" + b",".join(found) + b"}")


@cache
def nested(deepest: int = DEEPEST) -> Bytes:
    """Nested arrays or objects, often with a depth near the limit of a parser."""
    depths = st.one_of(
        st.integers(1, deepest),
        st.sampled_from([d for d in (64, 127, 128, 254, 256, 300, 512) if d <= deepest]),
        st.integers(min(900, deepest), min(1_030, deepest)),
    )
    brackets = st.sampled_from(((b"[", b"]"), (b'{"a":', b"}"), (b'[{"content":', b"}]")))
    return st.tuples(depths, brackets, leaves()).map(
        lambda drawn: drawn[1][0] * drawn[0] + drawn[2] + drawn[1][1] * drawn[0]
    )


@cache
def documents() -> Bytes:
    """Any unusual JSON value, sometimes invalid JSON."""
    small = st.recursive(leaves(), lambda inner: arrays(inner) | objects(inner), max_leaves=8)
    return weighted((4, small), (2, nested()), (1, st.binary(max_size=40)))


def members(known: dict[str, Bytes]) -> st.SearchStrategy[list[bytes]]:
    """Members of an object: each of `known` valid, unusual, duplicated, in another case, or
    missing."""

    def written(name: str, good: Bytes) -> st.SearchStrategy[list[bytes]]:
        plain = json.dumps(name).encode()
        names = st.sampled_from(
            (plain,) * 12
            + (
                json.dumps(name.upper()).encode(),
                json.dumps(name.title()).encode(),
                _quoted(b"\\u%04x" % ord(name[0]) + name[1:].encode()),
                _quoted(name.encode() + b"\\u0000"),
            )
        )
        values = weighted((5, good), (1, documents()))
        one = st.tuples(names, values).map(b":".join)
        single = one.map(lambda member: [member])
        twice = st.lists(one, min_size=1, max_size=2)
        return weighted((18, single), (1, twice), (1, st.just(list[bytes]())))

    return st.tuples(*(written(name, good) for name, good in known.items())).map(
        lambda parts: [member for part in parts for member in part]
    )


def object_of(found: list[bytes]) -> bytes:
    return b"{" + b",".join(found) + b"}"
