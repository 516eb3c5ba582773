"""Tags: parsed from a header in the form of W3C baggage, within limits."""

from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from penstock.rules.tags import (
    KEY_PATTERN,
    MAX_TAGS,
    MAX_VALUE_CHARS,
    is_key,
    merged_tags,
    parse_tags,
)

KEYS = st.from_regex(KEY_PATTERN, fullmatch=True).filter(is_key)
VALUES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40).filter(str.strip)


@given(st.dictionaries(KEYS, VALUES, max_size=MAX_TAGS))
def test_encoded_tags_are_read_again(tags: dict[str, str]) -> None:
    header = ",".join(f"{key}={quote(value, safe='')}" for key, value in tags.items())
    assert parse_tags(header.encode()) == tags


@given(st.binary(max_size=300))
def test_any_header_gives_valid_tags(header: bytes) -> None:
    tags = parse_tags(header)
    assert len(tags) <= MAX_TAGS
    assert all(is_key(key) and 0 < len(value) <= MAX_VALUE_CHARS for key, value in tags.items())


def test_white_space_and_properties_are_ignored() -> None:
    assert parse_tags(b" env = prod ;ttl=1 , region=eu%2Dwest") == {
        "env": "prod",
        "region": "eu-west",
    }


def test_invalid_members_are_left_out() -> None:
    assert parse_tags(b"a b=1,=2,c,d=,e=5") == {"e": "5"}


def test_further_tags_are_left_out_and_long_values_are_cut() -> None:
    header = ",".join(f"k{number}={'x' * 300}" for number in range(20))
    tags = parse_tags(header.encode())
    assert list(tags) == [f"k{number}" for number in range(MAX_TAGS)]
    assert {len(value) for value in tags.values()} == {MAX_VALUE_CHARS}


def test_tags_of_the_key_override_the_header() -> None:
    call = {"env": "dev", **{f"k{number}": "v" for number in range(MAX_TAGS)}}
    tags = merged_tags({"env": "prod"}, call)
    assert tags["env"] == "prod"
    assert len(tags) == MAX_TAGS
