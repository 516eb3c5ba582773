"""Section kinds: names, decoding, and the value that is built from each."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.kernel.digests import canonical_json
from penstock.rules.prices.price import VendorPrices
from penstock.rules.prices.price_book import PriceList
from penstock.rules.snapshot.access import (
    ACCESS,
    AccessIndex,
    KeyEntry,
    ProjectSection,
)
from penstock.rules.snapshot.kinds import KINDS, find_kind, read_section
from penstock.rules.snapshot.prices import OWN_PRICES, VENDOR_PRICE_LISTS
from penstock.rules.snapshot.providers import PROVIDERS, ProviderEntry, ProvidersSection
from penstock.rules.snapshot.section import SecretUse

OWNERS = st.from_regex(r"\A[a-z0-9_-]{1,20}\Z").map(lambda text: f"prj_{text}")


@given(OWNERS, st.sampled_from(KINDS))
def test_a_name_gives_its_kind_and_owner(owner: str, kind: object) -> None:
    for each in KINDS:
        name = each.name(owner)
        assert find_kind(name) is each
        assert each.owner(name) == owner
        assert [other for other in KINDS if other.owner(name) is not None] == [each]
    assert kind in KINDS


def test_names_are_stable() -> None:
    assert ACCESS.name("prj_1") == "prj_1/access"
    assert ACCESS.name("prj_1", "a3") == "prj_1/access/a3"
    assert PROVIDERS.name("prj_1") == "prj_1/providers"
    assert OWN_PRICES.name("prj_1") == "prj_1/prices"
    assert VENDOR_PRICE_LISTS.name("openai") == "prices/openai"


@pytest.mark.parametrize("label", ["access", "providers", "prices"])
def test_a_vendor_may_have_the_name_of_a_label(label: str) -> None:
    assert find_kind(f"prices/{label}") is VENDOR_PRICE_LISTS


@pytest.mark.parametrize("name", ["", "flags", "prj_1", "prj_1/indexes", "prj_1/indexes/access"])
def test_an_unknown_kind_is_not_read(name: str) -> None:
    assert read_section(name, b"not read") is None


def test_a_section_is_decoded_and_built() -> None:
    key = KeyEntry("key_1", "ab" * 32)
    raw = canonical_json(ProjectSection("prj_1", (key,)))
    index = read_section("prj_1/access/a", raw)
    assert isinstance(index, AccessIndex)
    assert index.keys[key.digest].key == key
    prices = read_section("prices/acme", canonical_json(VendorPrices("acme", ())))
    assert isinstance(prices, PriceList)
    with pytest.raises(msgspec.DecodeError):
        read_section("prj_1/providers", b"[]")


def test_sections_are_found_by_owner_and_listed_by_kind() -> None:
    section = ProvidersSection("prj_1")
    sections: dict[str, object] = {
        PROVIDERS.name("prj_1"): section,
        ACCESS.name("prj_1", "0"): AccessIndex("prj_1", {}),
        ACCESS.name("prj_1", "1"): AccessIndex("prj_1", {}),
    }
    assert PROVIDERS.find(sections, "prj_1") is section
    assert PROVIDERS.find(sections, "prj_2") is None
    assert OWN_PRICES.find(sections, "prj_1") is None
    assert [owner for owner, _ in ACCESS.all(sections)] == ["prj_1", "prj_1"]


def test_a_kind_names_the_secrets_that_a_section_needs() -> None:
    entries = (
        ProviderEntry("a", "k", "https://a", secret_id="sec_1"),
        ProviderEntry("b", "k", "https://b"),
    )
    section = ProvidersSection("prj_1", entries)
    assert list(PROVIDERS.secrets(section)) == [SecretUse("sec_1", "provider a")]
    assert list(ACCESS.secrets(AccessIndex("prj_1", {}))) == []
