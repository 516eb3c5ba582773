"""The classification of addresses."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.infra.egress.addresses import AddressClass, classify, resolve
from penstock.infra.egress.lookup import NameLookup
from penstock.kernel.errors import UpstreamFailed


@pytest.mark.parametrize(
    "text",
    ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"],
)
def test_public_addresses_are_allowed(text: str) -> None:
    assert classify(ip_address(text)) is AddressClass.PUBLIC


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1",
        "127.8.9.1",
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "100.64.0.1",
        "::1",
        "fd12::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
    ],
)
def test_private_addresses_need_the_permission_of_an_admin(text: str) -> None:
    assert classify(ip_address(text)) is AddressClass.PRIVATE


@pytest.mark.parametrize(
    "text",
    [
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "100.100.100.200",
        "168.63.129.16",
        "fd00:ec2::254",
        "169.254.1.1",
        "fe80::1",
        "0.0.0.0",
        "::",
        "255.255.255.255",
        "224.0.0.1",
        "ff02::1",
        "240.0.0.1",
        "192.0.2.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::7f00:1",
        "2002:7f00:1::",
        "::10.0.0.1",
        "2001:0:4136:e378:8000:63bf:f5ff:fffe",
    ],
)
def test_these_are_never_called(text: str) -> None:
    assert classify(ip_address(text)) is AddressClass.NEVER


@given(st.ip_addresses(v=4))
def test_a_mapped_address_has_the_class_of_the_plain_one(address: IPv4Address) -> None:
    assert classify(IPv6Address(f"::ffff:{address}")) is classify(address)


@given(st.ip_addresses(v=4))
def test_a_translated_address_never_has_a_better_class_than_the_plain_one(
    address: IPv4Address,
) -> None:
    translated = classify(IPv6Address(int(IPv6Address("64:ff9b::")) | int(address)))
    assert (translated is AddressClass.PUBLIC) == (classify(address) is AddressClass.PUBLIC)


@given(st.ip_addresses())
def test_public_is_only_what_the_registry_calls_global(
    address: IPv4Address | IPv6Address,
) -> None:
    if classify(address) is AddressClass.PUBLIC and address.version == 4:
        assert address.is_global


@pytest.mark.parametrize("host", ["localhost", "127.1", "0x7f.1", "2130706433", "::1"])
async def test_other_spellings_of_this_machine_are_private_too(host: str) -> None:
    with pytest.raises(UpstreamFailed, match="that is not allowed"):
        await resolve(NameLookup(), host, 80, private_allowed=False)


async def test_a_private_address_is_returned_where_an_admin_allowed_it() -> None:
    assert await resolve(NameLookup(), "127.0.0.1", 80, private_allowed=True) == ["127.0.0.1"]


@pytest.mark.parametrize("host", ["169.254.169.254", "0.0.0.0", "::ffff:169.254.169.254"])
async def test_metadata_is_refused_even_where_private_addresses_are_allowed(host: str) -> None:
    with pytest.raises(UpstreamFailed) as caught:
        await resolve(NameLookup(), host, 80, private_allowed=True)
    assert caught.value.code == "upstream_address_forbidden"


async def test_the_error_of_an_unknown_name_contains_it() -> None:
    with pytest.raises(UpstreamFailed, match=r"no-such-host\.invalid"):
        await resolve(NameLookup(), "no-such-host.invalid", 80, private_allowed=True)
