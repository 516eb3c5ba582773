"""The word diff: its pieces are both texts, and hostile texts take bounded time."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from penstock.rules.word_diff import Piece, diff_words

TEXTS = st.lists(
    st.sampled_from(["one", "two", " ", "\n", "x.", "{{ a }}", "\n\n", "é", "\u2028", "line\n"]),
    max_size=30,
).map("".join)


@given(TEXTS, TEXTS)
def test_the_pieces_are_both_texts(old: str, new: str) -> None:
    pieces = diff_words(old, new)
    assert "".join(each.text for each in pieces if each.operation != "insert") == old
    assert "".join(each.text for each in pieces if each.operation != "delete") == new
    kinds = [each.operation for each in pieces]
    assert all(one != other for one, other in pairwise(kinds))
    assert (kinds == ["equal"] * len(kinds)) == (old == new)


def test_one_changed_word_is_one_pair_of_pieces() -> None:
    old, new = "You are a kind agent.\nBe short.\n", "You are a strict agent.\nBe short.\n"
    assert diff_words(old, new) == [
        Piece("equal", "You are a "),
        Piece("delete", "kind"),
        Piece("insert", "strict"),
        Piece("equal", " agent.\nBe short.\n"),
    ]


def test_a_number_is_one_word() -> None:
    assert diff_words("t: 0.8\n", "t: 1.3\n")[1:3] == [
        Piece("delete", "0.8"),
        Piece("insert", "1.3"),
    ]


def test_a_moved_line_is_found() -> None:
    old = "".join(f"line {at}\n" for at in range(50))
    new = old.replace("line 7\n", "") + "line 7\n"
    assert [each.operation for each in diff_words(old, new)] == [
        "equal",
        "delete",
        "equal",
        "insert",
    ]


def test_hostile_texts_are_compared_in_bounded_time() -> None:
    many = "a b " * 60_000
    other = "b a c " * 40_000
    alternating = "".join(f"{at % 7} {at * 31 % 11}\n" for at in range(60_000))
    for old, new in (
        (many, other),
        (alternating, alternating[::-1]),
        ("a\n" * 99_999, "b\n" * 99_999),
    ):
        pieces = diff_words(old, new)
        assert "".join(each.text for each in pieces if each.operation != "insert") == old
