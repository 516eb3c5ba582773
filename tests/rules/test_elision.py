"""Base64 is left out of what is recorded, wherever the pieces of an answer begin and end."""

import base64

from hypothesis import given
from hypothesis import strategies as st

from penstock.rules.elision import MIN_RUN_BYTES, Elision, without_files

RUNS = st.sampled_from([1, MIN_RUN_BYTES - 1, MIN_RUN_BYTES, MIN_RUN_BYTES + 1, 5000]).map(
    lambda size: b"A" * size
)
TEXTS = st.lists(RUNS | st.sampled_from([b'"', b" ", b'{"b64_json":"', b"\xff", b"a=", b"/-_"]))


@given(TEXTS, st.lists(st.integers(1, 3000)))
def test_every_split_gives_the_same(parts: list[bytes], sizes: list[int]) -> None:
    text = b"".join(parts)
    elision, at, out = Elision(), 0, b""
    for size in [*sizes, len(text) + 1]:
        out += elision.add(text[at : at + size])
        at += size
    assert out + elision.end() == without_files(text)


def test_a_file_is_replaced_by_its_length_and_other_text_stays() -> None:
    data = base64.b64encode(bytes(3000))
    document = b'{"b64_json":"%b","text":"%b"}' % (data, b"a river " * 500)
    assert without_files(document) == document.replace(data, b"(4000 bytes of base64)")
