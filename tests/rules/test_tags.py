"""Tags: parsed from a header in the form of W3C baggage, within limits."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from penstock.features.identity.http.keys import Tags
from penstock.gateway.caller import read_caller
from penstock.rules.snapshot.access import KeyContext, KeyEntry, ProjectPolicy
from penstock.rules.tags import (
    KEY_PATTERN,
    MAX_TAGS,
    MAX_VALUE_CHARS,
    is_key,
    is_reserved,
    merged_tags,
    parse_tags,
)

KEYS = st.from_regex(KEY_PATTERN, fullmatch=True).filter(lambda k: is_key(k) and not is_reserved(k))
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


_PARTS = st.one_of(KEYS, st.sampled_from(("penstock.shadow", "penstock.", "penstock.x")))


@given(st.lists(st.tuples(_PARTS, KEYS), max_size=8), st.dictionaries(_PARTS, VALUES, max_size=4))
def test_no_caller_sets_a_tag_of_the_gateway(
    header: list[tuple[str, str]], of_key: dict[str, str]
) -> None:
    sent = ", ".join(f"{quote(key)}={value};x=1" for key, value in header).encode()
    entry = KeyEntry(id="key_1", digest="0" * 64, tags=of_key)
    context = KeyContext.of("prj", entry, ProjectPolicy())
    for caller in (
        read_caller({b"x-penstock-tags": sent}, context),
        read_caller({}, context),
        read_caller({b"x-penstock-tags": sent}, None),
    ):
        assert not any(map(is_reserved, caller.tags))
    kept = read_caller({}, context).tags
    assert kept == {key: value for key, value in of_key.items() if not key.startswith("penstock.")}


def test_no_key_has_a_tag_of_the_gateway() -> None:
    tags = TypeAdapter(Tags)
    assert tags.validate_python({"penstock": "x"}) == {"penstock": "x"}
    with pytest.raises(ValidationError, match="no key that begins with penstock"):
        tags.validate_python({"penstock.shadow": "letters/live"})
