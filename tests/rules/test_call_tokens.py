"""Call tokens: only what was signed is verified."""

from hypothesis import given
from hypothesis import strategies as st

from penstock.rules.call_tokens import MAX_TOKEN_BYTES, CallToken, sign, verified

SECRET = b"s" * 32
TOKEN = CallToken("prj_1", "key_1", 1_800_000_000.5)


@given(st.text(max_size=40), st.text(max_size=40), st.floats(0, 1e11))
def test_a_token_that_was_signed_is_verified(project: str, key: str, expires_s: float) -> None:
    token = CallToken(project, key, expires_s)
    assert verified(sign(token, SECRET).encode(), SECRET) == token


@given(st.binary(max_size=200))
def test_no_other_text_is(text: bytes) -> None:
    assert verified(text, SECRET) is None
    assert verified(sign(TOKEN, SECRET).encode() + text[:1] + b"x", SECRET) is None


def test_a_changed_claim_another_secret_and_a_long_text_are_refused() -> None:
    signed, other = (sign(each, SECRET) for each in (TOKEN, CallToken("prj_2", "key_1", 9e9)))
    mixed = other.rpartition(".")[0] + "." + signed.rpartition(".")[2]
    assert verified(mixed.encode(), SECRET) is None
    assert verified(signed.encode(), b"t" * 32) is None
    assert verified(b"x" * (MAX_TOKEN_BYTES + 1), SECRET) is None
