"""Multipart forms, mostly valid: unusual names, values, headers and boundaries."""

from functools import cache
from typing import Final

from hypothesis import strategies as st

from tests.laws.documents import Bytes, weighted

TYPE: Final = b"content-type: multipart/form-data; boundary=b0\r\n"
_OTHER_TYPES: Final = (
    b"content-type: multipart/form-data\r\n",
    b'content-type: multipart/form-data; boundary="b0"\r\n',
    b"content-type: multipart/form-data; boundary=b1\r\n",
    b"content-type: multipart/form-data; boundary=b0; boundary=b1\r\n",
    b"content-type: application/json\r\n",
)
_NAMES: Final = (b"model", b"Model", b"stream", b"file", b"prompt", b"image[]", b"_charset_", b"")
_DELIMITERS: Final = (b"--b0\r\n",) * 12 + (b"--b0\n", b"--b0--\r\n", b"--b1\r\n", b"--b0x\r\n")


@st.composite
def _parts(draw: st.DrawFn) -> bytes:
    head = b'Content-Disposition: form-data; name="%b"' % draw(st.sampled_from(_NAMES))
    head += draw(st.sampled_from((b"",) * 4 + (b'; filename="a.wav"', b"; filename=x; name=y")))
    head += draw(
        st.sampled_from(
            (b"",) * 5
            + (b"\r\nContent-Type: text/plain", b"\r\n folded", b"\r\nContent-Disposition: x")
        )
    )
    content = draw(
        st.one_of(st.sampled_from((b"m", b"true", b"\r\n--b0\r\n", b"")), st.binary(max_size=40))
    )
    end = draw(st.sampled_from((b"\r\n",) * 12 + (b"\n", b"")))
    return draw(st.sampled_from(_DELIMITERS)) + head + b"\r\n\r\n" + content + end


@cache
def forms() -> Bytes:
    """The bodies of forms."""
    model = st.just(b'--b0\r\nContent-Disposition: form-data; name="model"\r\n\r\nm\r\n')
    file = st.integers(0, 300_000).map(
        lambda size: (
            b'--b0\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n%b\r\n'
            % bytes(size)
        )
    )
    valid = st.permutations((model, file)).flatmap(lambda two: st.tuples(*two)).map(b"".join)
    odd = st.lists(_parts(), max_size=5).map(b"".join)
    end = st.sampled_from((b"--b0--\r\n",) * 8 + (b"--b0--", b"", b"--b0--\r\nmore"))
    return st.tuples(
        weighted((2, valid), (2, odd), (1, st.tuples(model, odd).map(b"".join))), end
    ).map(b"".join)


def types() -> Bytes:
    """The header line of a form."""
    return weighted((6, st.just(TYPE)), (1, st.sampled_from(_OTHER_TYPES)))
