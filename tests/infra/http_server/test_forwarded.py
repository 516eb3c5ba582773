"""The client's address behind proxies: only trusted ones name it, and nobody else can."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.infra.http_server.forwarded import MAX_HOPS, ForwardedHeader, parse_address
from tests.infra.http_server.wire import HOST, serving

PROXIES = ("10.0.0.0/8", "2001:db8:1::/48")
PEER = ("10.0.0.1", 4711)
LIST = ForwardedHeader("X-Forwarded-For", PROXIES)
STANDARD = ForwardedHeader("Forwarded", PROXIES)


def of(*values: str, header: ForwardedHeader = LIST, name: str = "x-forwarded-for") -> str:
    lines = [(name.encode(), value.encode("latin-1")) for value in values]
    return header.client_of([(b"host", b"h"), *lines, (b"accept", b"*/*")], PEER)[0]


@pytest.mark.parametrize(
    ("values", "client"),
    [
        ([], "10.0.0.1"),
        (["192.0.2.7"], "192.0.2.7"),
        (["198.51.100.1, 192.0.2.7"], "192.0.2.7"),  # the first was invented by the client
        (["192.0.2.7, 10.0.0.9"], "192.0.2.7"),  # a second proxy
        (["192.0.2.7", "10.0.0.9"], "192.0.2.7"),  # two lines are one list
        (["127.0.0.1, 10.9.9.9, 192.0.2.7, 10.0.0.9"], "192.0.2.7"),
        (["10.0.0.5, 10.0.0.9"], "10.0.0.5"),  # a client in the proxies' network
        (["192.0.2.7:8443"], "192.0.2.7"),
        (["[2001:db8:2::7]:8443"], "2001:db8:2::7"),
        (["2001:DB8:2:0::7, 2001:db8:1::1"], "2001:db8:2::7"),
        (["::ffff:192.0.2.7"], "192.0.2.7"),
        (["192.0.2.7, unknown"], "10.0.0.1"),
        (["192.0.2.7, unknown, 10.0.0.9"], "10.0.0.9"),
        (["192.0.2.7,"], "10.0.0.1"),
        ([""], "10.0.0.1"),
        (["fe80::1%eth0"], "10.0.0.1"),
        (["192.0.2.7:8443:1"], "10.0.0.1"),
        (["0192.0.2.7"], "10.0.0.1"),
        (["192.0.2.7:\u00b2"], "10.0.0.1"),
        (["[2001:db8:2::7"], "10.0.0.1"),
        (["1" * 30_000], "10.0.0.1"),
    ],
)
def test_the_list_is_read_backwards_until_the_first_address_of_nobody_trusted(
    values: list[str], client: str
) -> None:
    assert of(*values) == client


@pytest.mark.parametrize(
    ("value", "client"),
    [
        ("for=192.0.2.7;proto=https;by=10.0.0.1", "192.0.2.7"),
        ('For="[2001:db8:2::7]:4711"', "2001:db8:2::7"),
        ("for=198.51.100.1, for=192.0.2.7, for=10.0.0.9", "192.0.2.7"),
        ('for="198.51.100.1, for=192.0.2.7', "192.0.2.7"),  # a quote that the client left open
        ("for=192.0.2.7, for=_hidden", "10.0.0.1"),
        ("proto=https", "10.0.0.1"),
    ],
)
def test_the_standard_header_is_read_too(value: str, client: str) -> None:
    assert of(value, header=STANDARD, name="forwarded") == client


def test_another_header_is_not_read() -> None:
    assert of("192.0.2.7", name="x-real-ip") == "10.0.0.1"
    assert of("192.0.2.7", header=ForwardedHeader("x-real-ip", PROXIES)) == "10.0.0.1"


def test_the_number_of_hops_is_bounded() -> None:
    assert of(", ".join(["192.0.2.7"] + ["10.0.0.9"] * (MAX_HOPS - 1))) == "192.0.2.7"
    assert of(", ".join(["192.0.2.7"] + ["10.0.0.9"] * 1000)) == "10.0.0.9"
    assert of("192.0.2.7", *["10.0.0.9"] * 1000) == "10.0.0.9"


@given(st.text(st.characters(max_codepoint=255), max_size=80) | st.text("0123456789.:[], %a"))
def test_whatever_a_client_sends_the_entry_of_the_proxy_decides(spoofed: str) -> None:
    assert of(spoofed, "192.0.2.7") == "192.0.2.7"
    assert of(f"{spoofed}, 192.0.2.7, 10.0.0.9") == "192.0.2.7"
    standard = f"{spoofed}, for=192.0.2.7"
    assert of(standard, header=STANDARD, name="forwarded") == "192.0.2.7"
    client = of(spoofed)
    assert client == "10.0.0.1" or str(parse_address(client)) == client


@pytest.mark.parametrize(
    ("networks", "client"), [(("127.0.0.0/8",), "192.0.2.7"), (("10.0.0.0/8",), "127.0.0.1")]
)
async def test_only_a_trusted_peer_names_the_client(networks: tuple[str, ...], client: str) -> None:
    options = {"forwarded_header": "x-forwarded-for", "forwarding_peers": networks}
    async with serving(**options) as running:
        connection = await running.connect()
        lines = (b"GET / HTTP/1.1", HOST.strip(), b"X-Forwarded-For: 198.51.100.1, 192.0.2.7")
        await connection.ask(b"\r\n".join([*lines, b"", b""]))
        connection.close()
        assert running.seen.scopes[0]["client"][0] == client
