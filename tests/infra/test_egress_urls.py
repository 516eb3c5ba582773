"""URLs of providers: parsed fully, or rejected."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from penstock.infra.egress.urls import parse_url
from penstock.kernel.errors import InvalidRequest

TEXTS = st.text(max_size=60) | st.text("htps:/[]@?#.%-_019ax\t\n", max_size=40)


@given(st.sampled_from(["", "http://", "https://", "http://a"]), TEXTS)
@example("https://", "[::1/v1")
@example("https://", "a:99999")
@example("https://", "x" * 300)
@example("http://", "[::1]x/")
@example("http://", "a\n.example")
def test_a_url_is_parsed_fully_or_rejected(start: str, rest: str) -> None:
    try:
        url = parse_url(start + rest)
    except InvalidRequest:
        return
    assert 0 < url.port < 65536
    assert url.host.encode("idna")  # as name resolution encodes it
    assert url.authority.isascii()
    assert url.target.isascii()


@pytest.mark.parametrize(
    "text",
    [
        "http://1.2.3/",
        "http://0x7f.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://a..b/",
        "http://-a/",
        "http://a:0/",
        "http://a:/",
        "http://u@a/",
        "http://[fe80::1%25eth0]/",
        "http://[1.2.3.4]/",
        "http://exämple/",
        "ftp://a/",
        f"http://{'a' * 64}/",
        f"http://{'a.' * 127}a/",
    ],
)
def test_an_impossible_url_is_rejected(text: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_url(text)


def test_the_parts_of_a_url() -> None:
    url = parse_url("HTTPS://API.example.com.:8443/v1?a=b")
    assert (url.scheme, url.host, url.port) == ("https", "api.example.com.", 8443)
    assert (url.authority, url.target) == ("API.example.com.:8443", "/v1?a=b")
    assert parse_url("http://[::1]").port == 80
