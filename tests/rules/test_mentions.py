"""Mentions: what stands behind an `@`, and who is meant."""

import pytest

from penstock.rules.mentions import MAX_MENTIONS, find_mentioned, mentioned_names

MEMBERS = {
    "ann@example.org": "usr_1",
    "Bob.Lee@example.org": "usr_2",
    "bob.lee@other.org": "usr_3",
}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@ann, please look.", ("ann",)),
        ("Ask @Ann@Example.org.", ("ann@example.org",)),
        ("(@ann) and @ann again, @bob.lee!", ("ann", "bob.lee")),
        ("mail ann@example.org", ()),
        ("@@ann a@b @ -@ann /@ann", ()),
        ("@<script>alert(1)</script> @'; --", ()),
        ("@ånn @аnn", ()),  # letters that only look like it
        ("", ()),
    ],
)
def test_a_mention_is_a_name_behind_an_at_sign(text: str, names: tuple[str, ...]) -> None:
    assert mentioned_names(text) == names


def test_a_text_mentions_a_bounded_number_of_users() -> None:
    text = " ".join(f"@p{number}" for number in range(10_000))
    assert mentioned_names(text) == tuple(f"p{number}" for number in range(MAX_MENTIONS))
    assert mentioned_names("@" * 100_000 + "a") == ()
    assert len(mentioned_names("@" + "a" * 100_000)[0]) == 64


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["ann"], ["usr_1"]),
        (["ann@example.org", "ann"], ["usr_1"]),
        (["bob.lee@example.org"], ["usr_2"]),
        (["bob.lee"], []),  # two users begin so
        (["nobody", "ann@other.org"], []),
    ],
)
def test_a_name_means_one_person_or_nobody(names: list[str], found: list[str]) -> None:
    assert find_mentioned(names, MEMBERS) == found
