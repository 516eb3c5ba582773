"""Answer tokens: only what was signed is read."""

from hypothesis import given
from hypothesis import strategies as st

from penstock.rules.scores.answer_token import (
    LONGEST_S,
    MAX_TOKEN_BYTES,
    SHORTEST_S,
    AnswerToken,
    life_s,
    sign_answer,
    verified_answer,
)

SECRET = bytes(range(32))
TOKENS = st.builds(
    AnswerToken,
    project_id=st.from_regex(r"\Aprj_[0-9a-f]{32}\Z"),
    trace_id=st.from_regex(r"\A[0-9a-f]{32}\Z"),
    span_id=st.from_regex(r"\A[0-9a-f]{16}\Z"),
    expires_s=st.integers(0, 2**40),
)


@given(TOKENS)
def test_what_was_signed_is_read(token: AnswerToken) -> None:
    text = sign_answer(token, SECRET).decode()
    assert verified_answer(text, SECRET) == token
    assert verified_answer(text, SECRET[::-1]) is None
    assert len(text) < MAX_TOKEN_BYTES


@given(TOKENS, st.data())
def test_a_changed_token_is_none(token: AnswerToken, data: st.DataObject) -> None:
    text = sign_answer(token, SECRET).decode()
    at = data.draw(st.integers(4, len(text) - 1))
    other = data.draw(st.characters(codec="ascii").filter(lambda each: each != text[at]))
    assert verified_answer(text[:at] + other + text[at + 1 :], SECRET) is None


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_other_text_is_none(text: str) -> None:
    assert verified_answer(text, SECRET) is None
    assert verified_answer("pat_" + text, SECRET) is None


@given(st.binary())
def test_a_token_lives_within_limits(header: bytes) -> None:
    assert SHORTEST_S <= life_s(header) <= LONGEST_S
