"""The search of the drill finds what it claims to find."""

import base64
import gzip
import io
import zipfile
import zlib
from collections.abc import Callable
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from drills.secret_search import SecretSearch

SECRETS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=12, max_size=60)


def zipped(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner", data)
    return file.getvalue()


ENCODINGS: tuple[Callable[[bytes], bytes], ...] = (
    bytes,
    lambda data: data.hex().encode(),
    lambda data: data.hex().upper().encode(),
    base64.b64encode,
    base64.urlsafe_b64encode,
    lambda data: quote(data, safe="").encode(),
    lambda data: "".join(f"\\u{byte:04x}" for byte in data).encode(),
    lambda data: "".join(f"&#{byte};" for byte in data).encode(),
    lambda data: data.decode("latin-1").encode("utf-16-le"),
)
PACKINGS: tuple[Callable[[bytes], bytes], ...] = (
    bytes,
    gzip.compress,
    zlib.compress,
    zipped,
    lambda data: gzip.compress(zipped(data)),
)


@given(
    SECRETS,
    st.binary(max_size=20),
    st.binary(max_size=20),
    st.sampled_from(ENCODINGS),
    st.sampled_from(PACKINGS),
)
def test_a_secret_is_found_in_each_encoding_at_each_place(
    secret: str,
    before: bytes,
    after: bytes,
    encode: Callable[[bytes], bytes],
    pack: Callable[[bytes], bytes],
) -> None:
    search = SecretSearch({"it": secret.encode(), "another": b"0123456789-not-there"})
    assert search.found_in(pack(encode(before + secret.encode() + after))) == {"it"}


@given(SECRETS, st.binary(max_size=2000))
def test_nothing_is_found_where_nothing_is(secret: str, data: bytes) -> None:
    assert SecretSearch({"it": f"{secret}-not-in-random-bytes".encode()}).found_in(data) == set()
