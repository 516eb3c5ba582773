"""A credential is found in every common encoding, anywhere in a text, and nothing else is."""

import base64
import html
import json
import random
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.rules.redaction import MIN_SECRET_CHARS, Redaction

SECRETS = st.text("abcXYZ0123456789-_+/=.:~", min_size=20, max_size=80).filter(
    lambda secret: sum(map(str.isalnum, secret)) >= 12
)
ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "other case": str.swapcase,
    "json escapes": lambda s: "".join(f"\\u{ord(c):04x}" for c in s),
    "escapes in upper case": lambda s: "".join(f"\\u{ord(c):04X}" for c in s),
    "escaped slashes": lambda s: s.replace("/", "\\/"),
    "escapes of escapes": lambda s: "".join(f"\\\\u{ord(c):04x}" for c in s),
    "percent": lambda s: "".join(f"%{ord(c):02x}" for c in s),
    "percent where needed": lambda s: quote(s, safe=""),
    "percent twice": lambda s: "".join(f"%25{ord(c):02X}" for c in s),
    "html decimal": lambda s: "".join(f"&#{ord(c)};" for c in s),
    "html hexadecimal": lambda s: "".join(f"&#x{ord(c):x};" for c in s),
    "html where needed": html.escape,
    "hexadecimal": lambda s: s.encode().hex(),
    "hexadecimal in pairs": lambda s: s.encode().hex(" ").upper(),
    "string escapes": lambda s: "".join(f"\\x{ord(c):02x}" for c in s),
    "over lines": "\n".join,
    "over escaped lines": "\\n".join,
    "over events": "\n: ".join,
    "quoted": lambda s: '", "'.join((s[:7], s[7:])),
}


@given(SECRETS, st.text(max_size=20), st.text(max_size=20))
@pytest.mark.parametrize("name", ENCODINGS)
def test_every_encoding_is_found_and_removed(
    name: str, secret: str, before: str, after: str
) -> None:
    redaction = Redaction(secret)
    text = f"{before} {ENCODINGS[name](secret)} {after}"
    assert redaction.found_in(text.encode())
    assert not redaction.found_in(redaction.clean(text).encode())
    assert secret not in redaction.clean(text)


@given(SECRETS, st.binary(max_size=9), st.binary(max_size=9))
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_base64_is_found_at_every_alignment(
    encode: Callable[[bytes], bytes], secret: str, before: bytes, after: bytes
) -> None:
    assert Redaction(secret).found_in(encode(before + secret.encode() + after))


@given(SECRETS, st.randoms(use_true_random=False))
def test_encodings_mixed_character_by_character_are_found(
    secret: str, random: random.Random
) -> None:
    one = [str, *(ENCODINGS[name] for name in ("json escapes", "percent", "html decimal"))]
    text = "".join(random.choice(one)(character) for character in secret)
    assert Redaction(secret).found_in(text.encode())
    assert Redaction(secret).found_in(json.dumps({"message": text}).encode())


@given(st.text(max_size=300), SECRETS)
def test_a_text_without_the_secret_is_unchanged(text: str, secret: str) -> None:
    redaction = Redaction(secret)
    if not redaction.found_in(text.encode("utf-8", "replace")):
        assert redaction.clean(text) == text
    assert Redaction("").clean(text) == text
    assert Redaction("x" * (MIN_SECRET_CHARS - 1)).clean(text) == text


def test_the_text_around_a_plain_secret_is_kept() -> None:
    redaction = Redaction("sk-provider-secret")
    assert redaction.clean("no, sk-provider-secret is bad") == "no, [redacted] is bad"
    assert redaction.clean("no, sk-provider%2dsecret is bad") == "[redacted]"


@given(st.lists(SECRETS, min_size=2, max_size=4, unique=True), st.sampled_from(sorted(ENCODINGS)))
def test_several_secrets_are_each_found_until_others_are_hidden(
    secrets: list[str], name: str
) -> None:
    redaction = Redaction(*secrets)
    for secret in secrets:
        assert redaction.found_in(ENCODINGS[name](secret).encode())
        assert redaction.found_plain_in(b"\x00" + secret.encode() + b"\xff")
        assert len(ENCODINGS["json escapes"](secret)) <= redaction.overlap
    clean = redaction.clean(" and ".join(secrets))
    assert not any(secret in clean for secret in secrets)
    redaction.hide("x" * 20)
    assert redaction.found_in(b"x" * 20)
    assert not redaction.found_in(secrets[0].encode())
